// A table: one tab stop in the grid, completion in the expression, a menu for each column.
// Every act is also a link or a form of the page.
const words = {
  left: { key: "ArrowLeft", row: 0, column: -1 },
  right: { key: "ArrowRight", row: 0, column: 1 },
  up: { key: "ArrowUp", row: -1, column: 0 },
  down: { key: "ArrowDown", row: 1, column: 0 },
};
const PAGE = 10;

// -- the grid

function prepare(grid) {
  if (grid.dataset.ready) return;
  grid.dataset.ready = "1";
  grid.querySelectorAll("th, td").forEach((cell) => { cell.tabIndex = -1; });
  grid.querySelectorAll("a, button").forEach((el) => { el.tabIndex = -1; });
  const first = grid.tBodies[0]?.rows[0]?.cells[1] ?? grid.rows[0]?.cells[0];
  if (first) first.tabIndex = 0;
  grid.closest("[role='region']")?.removeAttribute("tabindex");
  const number = grid.querySelector("thead .rownum");
  if (number) grid.style.setProperty("--pinned-left", `${number.offsetWidth}px`);
}

function go(grid, cell) {
  if (!cell) return;
  const before = grid.querySelector("[tabindex='0']");
  if (before) before.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus({ preventScroll: true });
  show(grid, cell);
}

// Sticky heads and the first column cover what is under them.
function show(grid, cell) {
  const scroll = grid.closest(".data-scroll");
  const head = grid.tHead.offsetHeight;
  const side = grid.querySelector("thead .rownum").offsetWidth + (grid.querySelector("thead .pinned")?.offsetWidth ?? 0);
  const box = cell.getBoundingClientRect();
  const view = scroll.getBoundingClientRect();
  if (!cell.matches(".rownum, .pinned")) {
    if (box.left < view.left + side) scroll.scrollLeft -= view.left + side - box.left;
    else if (box.right > view.right) scroll.scrollLeft += box.right - view.right + 2;
  }
  if (cell.closest("tbody")) {
    if (box.top < view.top + head) scroll.scrollTop -= view.top + head - box.top;
    else if (box.bottom > view.bottom) scroll.scrollTop += box.bottom - view.bottom + 18;
  }
}

function target(grid, cell, event) {
  const rows = [...grid.rows];
  const row = rows.indexOf(cell.parentElement);
  const column = cell.cellIndex;
  const at = (r, c) => {
    const cells = rows[Math.min(Math.max(r, 0), rows.length - 1)].cells;
    return cells[Math.min(Math.max(c, 0), cells.length - 1)];
  };
  const step = Object.values(words).find((each) => each.key === event.key);
  if (step) return at(row + step.row, column + step.column);
  if (event.key === "Home") return at(event.ctrlKey ? 0 : row, 0);
  if (event.key === "End") return at(event.ctrlKey ? rows.length - 1 : row, Infinity);
  if (event.key === "PageDown") return at(row + PAGE, column);
  if (event.key === "PageUp") return at(Math.max(row - PAGE, 0), column);
  return null;
}

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("[data-grid] :is(td, th)");
  if (!cell || event.altKey || event.metaKey || event.target !== cell) return;
  const grid = cell.closest("[data-grid]");
  const next = target(grid, cell, event);
  if (next) {
    event.preventDefault();
    go(grid, next);
  } else if (event.key === "Enter") {
    cell.querySelector("a")?.click();
  } else if ((event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey) || event.key === " ") && cell.dataset.column) {
    event.preventDefault();
    openMenu(cell);
  }
});
document.addEventListener("focusin", (event) => {
  const cell = event.target.closest?.("[data-grid] :is(td, th)");
  if (!cell || cell.tabIndex === 0) return;
  const before = cell.closest("[data-grid]").querySelector("[tabindex='0']");
  if (before) before.tabIndex = -1;
  cell.tabIndex = 0;
});

// What is copied has all its digits: of the cell, or of the cells that are marked.
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  const cell = document.activeElement?.closest?.("[data-grid] td");
  const full = (td) => td.getAttribute("title") ?? td.textContent;
  if (selection.isCollapsed) {
    if (!cell) return;
    event.clipboardData.setData("text/plain", full(cell));
    return event.preventDefault();
  }
  const grid = selection.anchorNode?.parentElement?.closest("[data-grid]");
  if (!grid) return;
  const lines = [...grid.rows]
    .map((row) => [...row.cells].filter((td) => selection.containsNode(td, true)).map(full))
    .filter((cells) => cells.length);
  if (!lines.length) return;
  event.clipboardData.setData("text/plain", lines.map((cells) => cells.join("\t")).join("\n"));
  event.preventDefault();
});

// -- the menu of a column

function addressWith(changes) {
  const url = new URL(location.href);
  url.searchParams.delete("page");
  url.searchParams.delete("row");
  for (const [name, values] of Object.entries(changes)) {
    url.searchParams.delete(name);
    values.forEach((value) => url.searchParams.append(name, value));
  }
  return url.href;
}

function openMenu(head) {
  closeMenu();
  const view = document.querySelector("[data-view]");
  const box = document.getElementById("column-menu-words");
  if (!view || !box) return;
  const names = [...head.parentElement.cells].map((th) => th.dataset.column).filter(Boolean);
  const name = head.dataset.column;
  const at = names.indexOf(name);
  const moved = (other) => {
    const order = [...names];
    [order[at], order[other]] = [order[other], order[at]];
    return order;
  };
  const acts = {
    rising: () => visit({ sort: [name] }),
    falling: () => visit({ sort: [`-${name}`] }),
    filter: () => openPart(`${box.dataset.condition}${location.search}${location.search ? "&" : "?"}column=${encodeURIComponent(name)}`),
    hide: names.length > 1 && (() => visit({ cols: names.filter((each) => each !== name), pin: [] })),
    pin: () => visit({ pin: head.classList.contains("pinned") ? [] : [name] }),
    left: at > 0 && (() => visit({ cols: moved(at - 1) })),
    right: at < names.length - 1 && (() => visit({ cols: moved(at + 1) })),
    copy: () => navigator.clipboard?.writeText(name),
  };
  const menu = document.createElement("div");
  menu.className = "column-menu";
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", name);
  for (const item of box.content.querySelectorAll("button")) {
    if (!acts[item.value]) continue;
    const button = item.cloneNode(true);
    button.setAttribute("role", "menuitem");
    button.tabIndex = -1;
    button.addEventListener("click", () => { closeMenu(); acts[item.value](); });
    menu.append(button);
  }
  document.body.append(menu);
  const place = head.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(place.left, innerWidth - menu.offsetWidth - 4))}px`;
  menu.style.top = `${Math.min(place.bottom, innerHeight - menu.offsetHeight - 4)}px`;
  menu.back = head;
  menu.querySelector("button").focus();
}

function closeMenu(focus = false) {
  const menu = document.querySelector(".column-menu");
  if (!menu) return;
  menu.remove();
  if (focus) menu.back.focus();
}

function visit(changes) { location.assign(addressWith(changes)); }

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".column-menu");
  if (!menu) return;
  const items = [...menu.children];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items[(to + items.length) % items.length].focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu(true);
  }
});
document.addEventListener("contextmenu", (event) => {
  const head = event.target.closest("[data-grid] th[data-column]");
  if (head && document.getElementById("column-menu-words")) { event.preventDefault(); openMenu(head); }
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-column-menu]");
  if (button) return openMenu(button.closest("th"));
  if (!event.target.closest(".column-menu")) closeMenu();
});

// -- dialogs: pages that also exist by themselves

function openPart(address) {
  const dialog = document.getElementById("table-dialog");
  if (!dialog?.showModal) return location.assign(address);
  htmx.ajax("GET", address, { target: "#table-dialog-part", swap: "innerHTML" }).then(() => {
    if (!dialog.open) dialog.showModal();
    operators(dialog);
    dialog.querySelector("input[type='search'], select")?.focus();
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-part]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!document.getElementById("table-dialog")) return;
  event.preventDefault();
  openPart(link.href);
});
document.addEventListener("change", (event) => {
  const select = event.target.closest("[data-part-change]");
  if (select?.closest("dialog")) {
    const sent = new FormData(select.form);
    ["op", "value", "value2"].forEach((name) => sent.delete(name));
    openPart(`${select.form.action}?${new URLSearchParams(sent)}`);
  }
  if (event.target.name === "op") operators(event.target.form);
});

// Only the fields that the condition takes are shown.
function operators(scope) {
  const op = scope.querySelector("select[name='op']");
  if (!op) return;
  scope.querySelectorAll("[data-op]").forEach((el) => { el.hidden = el.dataset.op !== op.value; });
  const value = scope.querySelector("#condition-value")?.parentElement;
  if (value) value.hidden = op.value === "null" || op.value === "some";
}

// -- completion

const OPERATORS = ["==", "!=", "<", "<=", ">", ">=", "in", "not in", "is None", "is not None", "and", "or", "not"];
let known = null;

async function vocabulary(field) {
  if (!known) {
    const answer = await fetch(field.dataset.names, { headers: { Accept: "application/json" } });
    known = answer.ok ? await answer.json() : { columns: [], functions: [], regions: [] };
  }
  return known;
}

const isPlain = (name) => /^[A-Za-z_]\w*$/.test(name);
const written = (name) => (isPlain(name) ? name : `col(${JSON.stringify(name)})`);

function wordBefore(field) {
  const text = field.value.slice(0, field.selectionStart);
  // Inside a text nothing is completed.
  if ((text.replace(/\\./g, "").match(/"/g) ?? []).length % 2) return null;
  return /[\w.]*$/.exec(text)[0];
}

function choices(found, word) {
  const low = word.toLowerCase();
  const fits = (text) => text.toLowerCase().includes(low);
  const begins = (text) => !text.toLowerCase().startsWith(low);
  const all = [
    ...found.columns.filter((c) => fits(c.name) || (low && c.role.toLowerCase() === low)).map((c) => ({ text: written(c.name), shown: c.name, meta: [c.role, c.type].filter(Boolean).join(" · ") })),
    ...found.functions.filter((f) => low && fits(f.name)).map((f) => ({ text: `${f.name}(`, shown: `${f.name}()`, meta: f.help })),
    ...found.regions.filter((r) => low && fits(r.name)).map((r) => ({ text: `${r.name}(`, shown: `${r.name}()`, meta: r.help })),
    ...OPERATORS.filter((o) => low && isPlain(o[0]) && o.startsWith(low)).map((o) => ({ text: o, shown: o, meta: "" })),
  ];
  return all.sort((a, b) => begins(a.shown) - begins(b.shown)).slice(0, 12);
}

function closeList(field) {
  const list = document.getElementById("where-list");
  list.hidden = true;
  list.replaceChildren();
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

async function complete(field, always = false) {
  const word = wordBefore(field);
  if (word === null || (word === "" && !always)) return closeList(field);
  const options = choices(await vocabulary(field), word);
  const list = document.getElementById("where-list");
  if (!options.length || (options.length === 1 && options[0].text === word)) return closeList(field);
  list.replaceChildren(...options.map((option, at) => {
    const item = document.createElement("li");
    item.id = `where-option-${at}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.dataset.text = option.text;
    const name = document.createElement("span");
    name.className = "mono";
    name.textContent = option.shown;
    const meta = document.createElement("span");
    meta.className = "meta";
    meta.textContent = option.meta;
    item.append(name, meta);
    item.addEventListener("mousedown", (event) => { event.preventDefault(); take(field, item); });
    return item;
  }));
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
  field.removeAttribute("aria-activedescendant");
}

function take(field, item) {
  const start = field.selectionStart - wordBefore(field).length;
  field.setRangeText(item.dataset.text, start, field.selectionStart, "end");
  closeList(field);
}

function choose(field, step) {
  const items = [...document.getElementById("where-list").children];
  const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  const next = at < 0 && step < 0 ? items.length - 1 : (at + step + items.length) % items.length;
  items.forEach((item, place) => item.setAttribute("aria-selected", String(place === next)));
  field.setAttribute("aria-activedescendant", items[next].id);
  items[next].scrollIntoView({ block: "nearest" });
}

function combobox(field) {
  if (field.dataset.ready) return;
  field.dataset.ready = "1";
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", "where-list");
  field.setAttribute("aria-expanded", "false");
  field.addEventListener("input", () => complete(field));
  field.addEventListener("blur", () => closeList(field));
  field.addEventListener("keydown", (event) => {
    const open = !document.getElementById("where-list").hidden;
    const chosen = document.querySelector("#where-list [aria-selected='true']");
    if (event.key === " " && event.ctrlKey) { event.preventDefault(); complete(field, true); }
    else if (event.key === "ArrowDown") { event.preventDefault(); if (open) choose(field, 1); else complete(field, true); }
    else if (event.key === "ArrowUp" && open) { event.preventDefault(); choose(field, -1); }
    else if (event.key === "Escape" && open) { event.preventDefault(); event.stopPropagation(); closeList(field); }
    else if ((event.key === "Enter" || event.key === "Tab") && open && chosen) { event.preventDefault(); take(field, chosen); }
  });
}

function start(scope) {
  scope.querySelectorAll("[data-grid]").forEach(prepare);
  scope.querySelectorAll("#where").forEach(combobox);
  scope.querySelectorAll("[data-column-menu]").forEach((el) => { el.hidden = false; });
}
document.addEventListener("htmx:load", (event) => start(event.target.parentElement ?? document));
start(document);
