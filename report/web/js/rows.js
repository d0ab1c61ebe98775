// The rows, virtual: they stand in blocks, and only the blocks near the window hold elements. Rows may wrap, so a
// block keeps the height it had, or an estimate, while it is empty.

var BLOCK = 50;
var table = byID("inv");
var shown = []; // indexes into ROWS, in the order shown
var rowHeight = 28;
var WHOLE = 600; // as many rows are simply shown
var watcher = null;

function cell(tr, label, text, className) {
  var td = make("td", className);
  td.dataset.l = label;
  if (text !== undefined) value(td, text);
  tr.appendChild(td);
  return td;
}

function dateCell(tr, label, day) {
  var td = cell(tr, label, day === null ? "unknown" : day === NEVER ? "never" : dateOf(day), "nw");
  var d = label === "Created" ? "" : distance(day);
  if (d) td.append(" ", make("span", "rel", d));
}

function rowElement(r, at) {
  var tr = make("tr");
  tr.setAttribute("aria-rowindex", at + 2);
  var name = make("th", "nm");
  name.scope = "row";
  name.appendChild(pageLink(r[PAGE], r[NAME]));
  tr.appendChild(name);
  cell(tr, "Kind", TEXT[r[KIND]], "kd");
  cell(tr, "Home", TEXT[r[HOME]], "home");
  cell(tr, "Owner", ownerText(r), "ow");
  cell(tr, "May", TEXT[r[MAY]], "scope");
  dateCell(tr, "Created", r[CREATED]);
  dateCell(tr, "Expires", r[EXPIRES]);
  dateCell(tr, "Last used", r[USED]);
  var state = TEXT[r[STATE]];
  cell(tr, "State", state, state === "active" || state === "unknown" ? "nw" : "nw dead");
  cell(tr, "Places", number(r[PLACES]), "num");
  var gaps = cell(tr, "Gaps", undefined, "gp");
  if (r[WORST]) {
    value(gaps, SEVERITY[r[WORST]]);
    gaps.append(" ");
  }
  gaps.append(number(r[GAPS]));
  return tr;
}

function fill(body) {
  if (body.full) return;
  body.full = true;
  var rows = shown.slice(body.from, body.from + BLOCK).map(function (i, k) { return rowElement(ROWS[i], body.from + k); });
  body.replaceChildren.apply(body, rows);
}

function empty(body) {
  if (body.full === false || body.contains(document.activeElement)) return;
  if (body.full) {
    body.tall = body.offsetHeight;
    rowHeight = body.tall / body.rows.length;
  }
  body.full = false;
  var tr = make("tr", "away"), td = make("td");
  tr.setAttribute("aria-hidden", "true");
  td.colSpan = 11;
  td.style.height = (body.tall || rowHeight * Math.min(BLOCK, shown.length - body.from)) + "px";
  tr.appendChild(td);
  body.replaceChildren(tr);
}

function layOut() {
  if (watcher) watcher.disconnect();
  watcher = shown.length <= WHOLE ? null : new IntersectionObserver(function (entries) {
    entries.forEach(function (e) { if (e.isIntersecting) fill(e.target); else empty(e.target); });
  }, { rootMargin: "1200px 0px" });
  while (table.tBodies.length) table.tBodies[0].remove();
  table.setAttribute("aria-rowcount", shown.length + 1);
  for (var from = 0; from < shown.length; from += BLOCK) {
    var body = make("tbody");
    body.from = from;
    table.appendChild(body);
    if (from === 0 || !watcher) {
      fill(body);
    } else {
      if (from === BLOCK) rowHeight = table.tBodies[0].offsetHeight / BLOCK || rowHeight;
      empty(body);
    }
    if (watcher) watcher.observe(body);
  }
  byID("none").hidden = shown.length > 0;
  byID("shown").textContent = number(shown.length) + " of " + number(ROWS.length) + " rows shown";
}

// Paper cannot scroll: the first rows are printed, and a line says how many were left out.
var PRINTED = 1000;
function beforePrint() {
  if (watcher) watcher.disconnect();
  Array.from(table.tBodies).forEach(function (body) { if (body.from < PRINTED) fill(body); else body.hidden = true; });
  var rest = shown.length - PRINTED;
  byID("printed").hidden = rest <= 0;
  byID("printed").textContent = "and " + number(rest) + " more rows, in the CSV and JSON reports";
}
function afterPrint() {
  byID("printed").hidden = true;
  layOut();
}
