// Single keys, as the dialog under "?" lists them. An element says which key presses it
// (data-key), so that a page offers exactly the keys whose button or link it shows.
// People whose speech software or trembling hands press keys by accident switch them off
// in their account (WCAG 2.1.4): then <html data-shortcuts="off">.
const off = () => document.documentElement.dataset.shortcuts === "off";
const PLACES = { h: "/", p: "/products", o: "/products?tab=official", m: "/products?tab=mine", j: "/jobs" };
const SEQUENCE_MS = 1500;
let leader = 0; // when "g" was pressed

const inField = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const shown = (el) => Boolean(el.offsetParent) && !el.closest("[hidden], dialog:not([open])");

function press(el) {
  if (el.matches("input:not([type=checkbox]), textarea, select")) { el.focus(); el.select?.(); return; }
  if (el.matches("summary")) { el.parentElement.open = !el.parentElement.open; el.focus(); return; }
  el.focus({ preventScroll: true });
  el.click();
}

function find(key) {
  const keyed = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(shown);
  if (keyed || key !== "/") return keyed;
  return [...document.querySelectorAll('input[type="search"]')].find(shown);
}

function submitted(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return false;
  const form = event.target.closest?.("form");
  if (!form) return false;
  event.preventDefault();
  form.requestSubmit(form.querySelector("button[type=submit].btn-primary") ?? undefined);
  return true;
}

function went(event) {
  const recent = performance.now() - leader < SEQUENCE_MS;
  leader = 0;
  if (!recent || !(event.key in PLACES)) return false;
  event.preventDefault();
  location.assign(PLACES[event.key]);
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || submitted(event)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || off()) return;
  if (inField(event.target) || document.querySelector("dialog[open]")) return;
  if (went(event)) return;
  if (event.key === "g") { leader = performance.now(); return; }
  if (event.key === "?") { event.preventDefault(); document.getElementById("help")?.showModal?.(); return; }
  const el = find(event.key);
  if (el) { event.preventDefault(); press(el); }
});
