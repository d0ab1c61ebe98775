// Sorting. Unknown stands last in both directions; the order of the island, worst first, decides between equals.

var COLUMNS = ["name", "kind", "home", "owner", "may", "created", "expires", "used", "state", "places", "gaps"];
var sortBy = "", sortDown = false;

// ranks turns texts into their places in sorted order, so that rows compare as numbers.
function ranks() {
  var order = TEXT.map(function (s, i) { return [s.toLowerCase(), i]; }).sort(function (a, b) { return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]; });
  var out = new Uint32Array(TEXT.length);
  order.forEach(function (o, rank) { out[o[1]] = rank; });
  return out;
}

// keys returns what each row is sorted by: a number or text, null for unknown.
function keys(column) {
  var rank = ranks();
  function text(c) { return function (r) { return TEXT[r[c]] === "" || TEXT[r[c]] === "unknown" ? null : rank[r[c]]; }; }
  // Never expiring is the latest expiry; never used the earliest use.
  function day(c, never) { return function (r) { return r[c] === NEVER ? never : r[c]; }; }
  var of = {
    name: function (r) { return r[NAME].toLowerCase(); }, kind: text(KIND), home: text(HOME), may: text(MAY), state: text(STATE),
    owner: function (r) { return TEXT[r[BAND]] === "unknown" ? null : TEXT[r[OWNER]] === "" || TEXT[r[BAND]] === "none" ? -1 : rank[r[OWNER]]; },
    created: day(CREATED, 0), expires: day(EXPIRES, 1e9), used: day(USED, -1e9),
    places: function (r) { return r[PLACES]; }, gaps: function (r) { return r[WORST] * 1e6 + r[GAPS]; }
  }[column];
  return ROWS.map(of);
}

function sorted(list) {
  if (COLUMNS.indexOf(sortBy) < 0) return list;
  var k = keys(sortBy), way = sortDown ? -1 : 1;
  return list.sort(function (a, b) {
    var x = k[a], y = k[b];
    if (x === y) return a - b;
    if (x === null || y === null) return x === null ? 1 : -1;
    return (x < y ? -1 : 1) * way;
  });
}

// headers makes a button of every header cell.
function headers() {
  Array.from(table.tHead.rows[0].cells).forEach(function (th, i) {
    var button = make("button", "", th.textContent);
    button.type = "button";
    button.addEventListener("click", function () {
      // Numbers and gaps are asked for from the top.
      var down = COLUMNS[i] === "places" || COLUMNS[i] === "gaps";
      sortDown = sortBy === COLUMNS[i] ? !sortDown : down;
      sortBy = COLUMNS[i];
      apply();
    });
    th.replaceChildren(button);
  });
}

function markSorted() {
  Array.from(table.tHead.rows[0].cells).forEach(function (th, i) {
    if (COLUMNS[i] === sortBy) th.setAttribute("aria-sort", sortDown ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  });
}
