// The page of one identity, made when its address #id=… is opened. Its island is parsed then, not before.

var pageIndex = null;
var islands = {};

function findPage(id) {
  if (!pageIndex) {
    pageIndex = new Map();
    DATA.pages.forEach(function (p, i) { pageIndex.set(p, i); });
  }
  return pageIndex.get(id);
}

function detailOf(page) {
  var n = Math.floor(page / DATA.perIsland);
  if (!islands[n]) islands[n] = load("d" + n);
  return islands[n].then(function (all) { return all[page % DATA.perIsland]; });
}

function factList(facts) {
  var dl = make("dl", "kv");
  facts.forEach(function (f) {
    var dd = make("dd");
    value(dd, f[1]);
    dl.append(make("dt", "", f[0]), dd);
  });
  return dl;
}

function blockTable(kind, rows) {
  var t = make("table"), head = make("tr"), body = make("tbody"), thead = make("thead");
  t.appendChild(make("caption", "vh", kind.title));
  kind.head.forEach(function (h) {
    var th = make("th", "", h);
    th.scope = "col";
    head.appendChild(th);
  });
  rows.forEach(function (cells) {
    var tr = make("tr");
    cells.forEach(function (text) {
      var td = make("td");
      value(td, text);
      tr.appendChild(td);
    });
    body.appendChild(tr);
  });
  thead.appendChild(head);
  t.append(thead, body);
  var scroll = make("div", "scroll");
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", kind.title + ", scrolls sideways");
  scroll.appendChild(t);
  return scroll;
}

function showDetail(title, parts) {
  byID("h-identity").textContent = title;
  byID("detail").replaceChildren.apply(byID("detail"), parts);
  byID("identity").hidden = false;
  byID("identity").scrollIntoView();
  byID("h-identity").focus({ preventScroll: true });
}

function openIdentity(id) {
  var page = findPage(id);
  if (page === undefined) {
    showDetail("Not in this page", [make("p", "", "This page carries no identity with the ID " + id + ".")]);
    return;
  }
  detailOf(page).then(function (d) {
    var parts = [factList(d[1])];
    d[2].forEach(function (b) {
      var kind = DATA.blocks[b[0]], note = b[1] ? [make("p", "sm", b[1])] : [], rows = b[2].length ? [blockTable(kind, b[2])] : [];
      parts = parts.concat(make("h3", "", kind.title), kind.noteFirst ? note.concat(rows) : rows.concat(note));
    });
    showDetail(d[0], parts);
  });
}
