// The address keeps the state: #q=…&kind=…&sort=-expires for the table, #id=… for an identity.

function apply() {
  shown = sorted(matching());
  markSorted();
  layOut();
  saveState();
}

function saveState() {
  var parts = [];
  var q = byID("search").value.trim();
  if (q) parts.push("q=" + encodeURIComponent(q));
  FACETS.forEach(function (f) {
    var ticked = f.answers.filter(function (a, i) { return f.ticked.has(i); });
    if (ticked.length) parts.push(f.key + "=" + ticked.map(encodeURIComponent).join(","));
  });
  if (sortBy) parts.push("sort=" + (sortDown ? "-" : "") + sortBy);
  if (parts.length) history.replaceState(null, "", "#" + parts.join("&"));
  else if (location.hash.indexOf("=") > 0) history.replaceState(null, "", "#inventory");
}

function decoded(text) {
  try { return decodeURIComponent(text); } catch (e) { return text; }
}

function loadState(hash) {
  var by = {};
  hash.split("&").forEach(function (p) {
    var i = p.indexOf("=");
    by[p.slice(0, i)] = p.slice(i + 1);
  });
  byID("search").value = decoded(by.q || "");
  FACETS.forEach(function (f) {
    f.ticked.clear();
    (by[f.key] || "").split(",").forEach(function (a) {
      var i = f.answers.indexOf(decoded(a));
      if (i >= 0) f.ticked.add(i);
    });
  });
  sortDown = (by.sort || "").charAt(0) === "-";
  sortBy = (by.sort || "").replace(/^-/, "");
}

function route() {
  var hash = location.hash.slice(1);
  if (hash.indexOf("id=") === 0) {
    openIdentity(decoded(hash.slice(3)));
    return;
  }
  if (hash.indexOf("=") > 0) {
    loadState(hash);
    apply();
    byID("inventory").scrollIntoView();
  }
  if (hash === "inventory") byID("identity").hidden = true;
}

function start(data) {
  DATA = data;
  ROWS = data.rows;
  TEXT = data.strings;
  prepareFacets();
  headers();
  byID("filter").hidden = false;
  showFacets();
  var asked = 0;
  byID("search").addEventListener("input", function () {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(apply);
  });
  byID("filter").addEventListener("submit", function (e) { e.preventDefault(); });
  byID("filter").addEventListener("reset", function (e) {
    e.preventDefault();
    loadState("");
    apply();
    byID("search").focus();
  });
  shown = matching();
  layOut();
  window.addEventListener("hashchange", route);
  window.addEventListener("beforeprint", beforePrint);
  window.addEventListener("afterprint", afterPrint);
  route();
}

// A browser too old to unpack the data keeps the page as it reads without script.
if (table && window.DecompressionStream) load("rows").then(start);
