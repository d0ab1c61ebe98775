// Reading needs no script. This adds search, filters, sorting and the page of every identity; it sends nothing.

function byID(id) { return document.getElementById(id); }

// load reads an island of data; a large one is packed.
function load(id) {
  var e = byID(id);
  if (!e) return Promise.resolve(null);
  if (!e.dataset.packed) return Promise.resolve(JSON.parse(e.textContent));
  var text = atob(e.textContent), bytes = new Uint8Array(text.length);
  for (var i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

var DATA, ROWS, TEXT; // set by main.js when the island of rows is read
// The order of a row's cells, as island.go writes them. Kind to state are indexes into TEXT; days count from 1970.
var NAME = 0, KIND = 1, HOME = 2, OWNER = 3, SURE = 4, BAND = 5, MAY = 6, CREATED = 7, EXPIRES = 8, USED = 9, STATE = 10, PLACES = 11, GAPS = 12, WORST = 13, PAGE = 14;
var SEVERITY = ["", "info", "low", "medium", "high", "critical"];
var NEVER = -1;

function number(n) { return String(n).replace(/\B(?=(\d{3})+$)/g, ","); }
function dateOf(day) { return new Date(day * 86400000).toISOString().slice(0, 10); }
function distance(day) {
  if (day === null || day === NEVER || DATA.today === null) return "";
  var d = day - DATA.today;
  return d > 0 ? "in " + number(d) + " d" : d < 0 ? number(-d) + " d ago" : "today";
}
function ownerText(r) {
  var sure = r[SURE] > 0 ? " " + (r[SURE] / 100).toFixed(2) : "";
  if (TEXT[r[BAND]] === "unknown") return "unknown";
  return TEXT[r[OWNER]] === "" || TEXT[r[BAND]] === "none" ? "none" + sure : TEXT[r[OWNER]] + sure + " " + TEXT[r[BAND]];
}

// make builds an element from text only: nothing from the data is ever parsed as markup.
function make(tag, className, text) {
  var e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

// value marks the words that must not be overlooked.
function value(parent, text) {
  if (text === "unknown") parent.appendChild(make("span", "unk", text));
  else if (text === "never") parent.appendChild(make("b", "", text));
  else if (text === "none" || text.indexOf("none 0.") === 0) parent.appendChild(make("b", "acc", text));
  else if (SEVERITY.indexOf(text) > 0) parent.appendChild(make("span", "sev " + text, text));
  else parent.appendChild(document.createTextNode(text));
}

function pageLink(page, text) {
  var a = make("a", "", text);
  a.href = "#id=" + encodeURIComponent(DATA.pages[page]);
  return a;
}
