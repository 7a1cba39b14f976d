// The product list: marking rows, and moving over them with the arrows. Everything here also
// works by checkboxes, buttons and Tab; single letters obey <html data-shortcuts="off">.
const form = () => document.getElementById("selection");
const marks = () => [...document.querySelectorAll('#selection input[name="product"]')];
const rows = () => [...document.querySelectorAll("#selection [data-row]")];
const say = (text) => {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = text;
  setTimeout(() => { live.textContent = ""; }, 4000);
};
const UNITS = ["B", "kB", "MB", "GB", "TB"];
const PAGE = 10; // rows of PgUp and PgDn
let anchor = null; // the last mark that was set by hand: Shift marks from there

function bytes(size) {
  let step = 0;
  for (; size >= 1000 && step < UNITS.length - 1; step += 1) size /= 1000;
  const digits = step && size < 100 ? 1 : 0;
  const language = document.documentElement.lang;
  return `${size.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${UNITS[step]}`;
}

// ── what is marked ──────────────────────────────────────────────────────────
function show() {
  const bar = form()?.querySelector("[data-bulk]");
  if (!bar) return;
  const all = marks();
  const marked = all.filter((mark) => mark.checked);
  const every = bar.querySelector('input[name="all"]');
  const whole = bar.querySelector("[data-select-page]");
  if (every && marked.length < all.length) every.checked = false;
  whole.checked = marked.length === all.length;
  whole.indeterminate = marked.length > 0 && !whole.checked;
  bar.classList.toggle("has-marks", marked.length > 0);
  const allResults = bar.querySelector("[data-bulk-all]");
  if (allResults) allResults.hidden = !whole.checked;
  const n = marked.length;
  const words = every?.checked ? bar.dataset.all : n === 1 ? bar.dataset.one : bar.dataset.many.replace("{n}", n);
  const count = bar.querySelector("[data-bulk-count]");
  const text = n ? words : bar.dataset.none;
  if (count.textContent !== text) count.textContent = text; // screen readers say what changes
  const size = marked.reduce((sum, mark) => sum + Number(mark.dataset.size), 0);
  bar.querySelector("[data-bulk-size]").textContent = n && size && !every?.checked ? bytes(size) : "";
  bar.querySelectorAll("[data-fewest]").forEach((button) => {
    button.hidden = Boolean(every?.checked) || n < Number(button.dataset.fewest) || n > Number(button.dataset.most);
  });
}

function markTo(target) {
  const all = marks();
  const [from, to] = [all.indexOf(anchor), all.indexOf(target)].sort((a, b) => a - b);
  if (from < 0) return;
  all.slice(from, to + 1).forEach((mark) => { mark.checked = target.checked; });
}

function setAll(checked) {
  marks().forEach((mark) => { mark.checked = checked; });
  const every = form()?.querySelector('input[name="all"]');
  if (every && !checked) every.checked = false;
}

document.addEventListener("change", (event) => {
  if (!event.target.closest("#selection")) return;
  if (event.target.matches("[data-select-page]")) setAll(event.target.checked);
  if (event.target.name === "product") anchor = event.target;
  if (event.target.matches("input[type=checkbox]")) show();
});

document.addEventListener("click", (event) => {
  const mark = event.target.closest('#selection input[name="product"]');
  if (mark && event.shiftKey && anchor && anchor !== mark) markTo(mark);
  if (event.target.closest("[data-bulk-clear]")) {
    setAll(false);
    show();
    form().querySelector("[data-select-page]").focus();
  }
});

// Names are copied at once where the browser lets a page do it; all results ask the server.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-names]");
  if (!button || form().querySelector('input[name="all"]')?.checked || !navigator.clipboard) return;
  event.preventDefault();
  const names = marks().filter((mark) => mark.checked).map((mark) => mark.value);
  try {
    await navigator.clipboard.writeText(names.join("\n"));
    say(document.body.dataset.copied);
  } catch {
    button.removeAttribute("data-copy-names"); // the page of names does it then
    form().requestSubmit(button);
  }
});

// ── moving with the arrows: the table is one stop of Tab ────────────────────
const stops = (row) => [...row.querySelectorAll("a, input, summary, button")].filter(
  (el) => !el.closest(".dropdown-menu") && el.offsetParent,
);

function makeGrid() {
  const table = document.querySelector("#selection table.products");
  if (!table) return;
  table.setAttribute("role", "grid");
  table.classList.add("is-grid");
  table.querySelectorAll("tbody td").forEach((cell) => cell.setAttribute("role", "gridcell"));
  if (!table.querySelector('tbody [tabindex="0"]')) {
    table.querySelectorAll("[data-row]").forEach((row, at) => {
      stops(row).forEach((el) => { el.tabIndex = at === 0 && el.matches("a.name") ? 0 : -1; });
    });
  } else {
    // A row that came anew while the reader stands in another one.
    table.querySelectorAll("[data-row] :is(a, input, summary, button):not([tabindex]):not(.dropdown-menu *)").forEach((el) => { el.tabIndex = -1; });
  }
}

function goTo(el) {
  const table = el.closest("table");
  table?.querySelectorAll('tbody [tabindex="0"]').forEach((other) => { other.tabIndex = -1; });
  if (table) el.tabIndex = 0;
  el.focus();
}

function sameKind(row, el) {
  const kinds = ["a.name", "input", "summary"];
  const kind = kinds.find((selector) => el.matches(selector)) ?? "a.name";
  return row.querySelector(kind) ?? stops(row)[0];
}

function sideways(row, el, step) {
  const all = stops(row);
  return all[all.indexOf(el) + step];
}

function target(event, row, el) {
  const all = rows();
  const at = all.indexOf(row);
  const last = all.length - 1;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last, PageDown: Math.min(at + PAGE, last), PageUp: Math.max(at - PAGE, 0) }[event.key];
  if (to !== undefined) return all[to] && sameKind(all[to], el);
  if (event.key === "ArrowRight") return sideways(row, el, 1);
  if (event.key === "ArrowLeft") return sideways(row, el, -1);
  return undefined;
}

function letter(event, row) {
  if (event.key !== "x" || document.documentElement.dataset.shortcuts === "off") return false;
  const mark = row.querySelector('input[name="product"]');
  mark.checked = !mark.checked;
  anchor = mark;
  show();
  return true;
}

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("#selection [data-row]");
  if (!row || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(".dropdown-menu")) return;
  const el = event.target.closest("a, input, summary, button");
  if (!el) return;
  if (letter(event, row)) { event.preventDefault(); return; }
  if (event.key === "Enter" && el.matches("input")) {
    // Enter in a checkbox would press the first button of the form.
    event.preventDefault();
    row.querySelector("a.name").click();
    return;
  }
  const next = target(event, row, el);
  if (next) { event.preventDefault(); goTo(next); }
});

document.addEventListener("focusin", (event) => {
  const el = event.target;
  if (el.closest("table.is-grid tbody") && !el.closest(".dropdown-menu") && el.tabIndex === -1) goTo(el);
});

// ── now, and whenever a part came anew ──────────────────────────────────────
function prepare() {
  const bar = form()?.querySelector("[data-bulk]");
  if (!bar) return;
  bar.dataset.script = "1";
  makeGrid();
  show();
}
document.addEventListener("htmx:load", prepare);
addEventListener("pageshow", prepare);
prepare();
