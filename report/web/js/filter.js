// Search and facets. A facet is a question with few answers; no ticked answer lets every row through.

function expiryBucket(r) {
  var day = r[EXPIRES];
  if (day === null) return "unknown";
  if (day === NEVER) return "never";
  var left = day - DATA.today;
  return left < 0 ? "past" : left <= 7 ? "7 d" : left <= 30 ? "30 d" : left <= 90 ? "90 d" : "later";
}

var FACETS = [
  { key: "kind", title: "Kind", of: function (r) { return TEXT[r[KIND]]; } },
  { key: "owner", title: "Owner", of: function (r) { return TEXT[r[BAND]]; }, order: ["confirmed", "declared", "inferred", "weak", "none", "orphaned", "unknown"] },
  { key: "expires", title: "Expires", of: expiryBucket, order: ["past", "7 d", "30 d", "90 d", "later", "never", "unknown"] },
  { key: "state", title: "State", of: function (r) { return TEXT[r[STATE]]; }, order: ["active", "inactive", "expired", "revoked", "gone", "unknown"] },
  { key: "gap", title: "Worst gap", of: function (r) { return SEVERITY[r[WORST]] || "no gap"; }, order: ["critical", "high", "medium", "low", "info", "no gap"] }
];

// Every row's answer is kept as a small number, so that filtering and counting 50,000 rows stays within a frame.
function prepareFacets() {
  FACETS.forEach(function (f) {
    var index = Object.create(null);
    f.answers = [];
    f.rows = new Uint16Array(ROWS.length);
    ROWS.forEach(function (r, i) {
      var a = f.of(r);
      if (!(a in index)) {
        index[a] = f.answers.length;
        f.answers.push(a);
      }
      f.rows[i] = index[a];
    });
    f.ticked = new Set();
  });
}

function place(f, a) {
  var i = f.order ? f.order.indexOf(a) : -1;
  return i < 0 ? 99 : i;
}

function showFacets() {
  FACETS.forEach(function (f) {
    if (f.answers.length < 2) return;
    var set = make("fieldset");
    set.appendChild(make("legend", "", f.title));
    var opts = make("div", "opts");
    var counts = countAll(f);
    f.boxes = [];
    f.answers.map(function (a, i) { return i; }).sort(function (a, b) {
      return place(f, f.answers[a]) - place(f, f.answers[b]) || counts[b] - counts[a] || (f.answers[a] < f.answers[b] ? -1 : 1);
    }).forEach(function (i) {
      var label = make("label"), box = make("input");
      box.type = "checkbox";
      box.addEventListener("change", function () {
        if (box.checked) f.ticked.add(i); else f.ticked.delete(i);
        apply();
      });
      label.append(box, make("em", "", f.answers[i]), make("span"));
      opts.appendChild(label);
      f.boxes[i] = label;
    });
    set.appendChild(opts);
    byID("facets").appendChild(set);
  });
}

function countAll(f) {
  var counts = new Uint32Array(f.answers.length);
  f.rows.forEach(function (a) { counts[a]++; });
  return counts;
}

// The text that a search looks through is made once, at the first search.
var hay = null;
function haystack() {
  if (hay) return hay;
  var low = TEXT.map(function (s) { return s.toLowerCase(); });
  hay = ROWS.map(function (r) {
    return r[NAME].toLowerCase() + "\n" + low[r[KIND]] + "\n" + low[r[HOME]] + "\n" + low[r[OWNER]] + "\n" + low[r[MAY]] + "\n" + DATA.pages[r[PAGE]].toLowerCase();
  });
  return hay;
}

// matching returns the indexes of the rows that pass, in the order of the island, and counts for every facet
// what its answers would show beside the other facets.
function matching() {
  var words = byID("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  var texts = words.length ? haystack() : null;
  var out = [];
  var counts = FACETS.map(function (f) { return new Uint32Array(f.answers.length); });
  for (var i = 0; i < ROWS.length; i++) {
    if (texts && !words.every(function (w) { return texts[i].indexOf(w) >= 0; })) continue;
    var missed = -1, misses = 0;
    for (var k = 0; k < FACETS.length; k++) {
      var f = FACETS[k];
      if (f.ticked.size && !f.ticked.has(f.rows[i])) { missed = k; misses++; }
    }
    if (misses === 0) out.push(i);
    for (k = 0; k < FACETS.length; k++) {
      if (misses === 0 || misses === 1 && missed === k) counts[k][FACETS[k].rows[i]]++;
    }
  }
  showCounts(counts);
  return out;
}

function showCounts(counts) {
  FACETS.forEach(function (f, k) {
    (f.boxes || []).forEach(function (label, i) {
      label.lastChild.textContent = number(counts[k][i]);
      label.className = counts[k][i] ? "" : "zero";
      label.firstChild.checked = f.ticked.has(i);
    });
  });
}
