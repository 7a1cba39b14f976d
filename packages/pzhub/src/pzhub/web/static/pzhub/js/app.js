// What every page shares. Each behaviour only shortens a way that also exists without script.
const root = document.documentElement;
const live = () => document.getElementById("live");

function say(text) {
  const line = live();
  if (!line) return;
  line.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { line.textContent = ""; }, 4000);
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Clipboards need a secure context; select the text instead so that Ctrl+C copies it.
    const range = document.createRange();
    const target = button.previousElementSibling ?? button.parentElement;
    range.selectNodeContents(target);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return say(document.body.dataset.selected);
  }
  const use = button.querySelector("use");
  if (use) {
    const before = use.getAttribute("href");
    use.setAttribute("href", before.replace(/#.*/, "#check-lg"));
    setTimeout(() => use.setAttribute("href", before), 1500);
  }
  say(button.dataset.copied || document.body.dataset.copied);
}

// On small screens the filters stay open while they are set; "Show" and the cross close them.
let sheetOpen = false;
document.addEventListener("htmx:beforeRequest", (event) => {
  const sheet = document.querySelector(".filter-sheet");
  const type = event.detail.requestConfig.triggeringEvent?.type;
  sheetOpen = Boolean(sheet?.matches(":target, .is-open")) && type === "change";
});
document.addEventListener("htmx:afterSettle", () => {
  if (sheetOpen) document.querySelector(".filter-sheet")?.classList.add("is-open");
  sheetOpen = false;
});
document.addEventListener("click", (event) => {
  const sheet = event.target.closest(".filter-sheet");
  if (sheet && event.target.closest("a")) sheet.classList.remove("is-open");
});

// Things that only work with script are hidden until it runs, also in swapped fragments.
function reveal(scope) {
  scope.querySelectorAll("[data-needs-script]").forEach((el) => { el.hidden = false; });
}

function closeMenus(except) {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (menu !== except && !menu.contains(except)) menu.open = false;
  });
}

document.addEventListener("click", (event) => {
  const target = event.target;
  closeMenus(target.closest("details.menu"));
  const copier = target.closest("[data-copy]");
  if (copier) copy(copier);
  const opener = target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog?.showModal) { event.preventDefault(); closeMenus(); dialog.showModal(); }
  }
  if (target.closest("[data-close]")) target.closest("dialog")?.close();
  if (target instanceof HTMLDialogElement) target.close(); // the backdrop
  const eye = target.closest("[data-reveal]");
  if (eye) {
    const field = document.getElementById(eye.dataset.reveal);
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    eye.setAttribute("aria-pressed", String(!shown));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("details.menu[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  }
});

// A menu is left with Tab: close it behind.
document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details.menu")));

// The theme changes at once; the form tells the server so that the next page starts right.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const theme = event.submitter?.name === "theme" ? event.submitter.value : null;
  if (theme && form.matches("[data-theme-form]")) {
    event.preventDefault();
    root.dataset.theme = theme;
    root.dispatchEvent(new Event("pz:theme"));
    form.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === event.submitter)));
    const body = new FormData(form);
    body.set("theme", theme);
    fetch(form.action, { method: "POST", body, redirect: "manual" });
    closeMenus();
    return;
  }
  // One submission is enough; a page that comes back from the history is usable again.
  if (form.method === "post" && !form.matches("[hx-post], [data-repeatable]")) {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
  }
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
}));

// The first error gets the focus, as after every failed form.
function focusFirstError() {
  const wrong = document.querySelector("[aria-invalid='true']");
  if (wrong) wrong.focus();
}

// Narrow a long table or list by what is typed: <input data-filter="#id"> over rows with data-text.
document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-filter]");
  if (!field) return;
  const words = field.value.trim().toLowerCase();
  document.querySelectorAll(`${field.dataset.filter} [data-text]`).forEach((row) => {
    row.hidden = words !== "" && !row.dataset.text.toLowerCase().includes(words);
  });
});

// Leaving with unsaved changes asks first.
let dirty = null;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-guard]");
  if (form) dirty = form;
});
document.addEventListener("submit", () => { dirty = null; });
addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

document.addEventListener("htmx:load", (event) => {
  reveal(event.target);
  // What was asked for by a button starts by itself once it is ready.
  event.target.parentElement?.querySelector("[data-autostart]")?.click();
});
document.addEventListener("htmx:responseError", () => say(document.body.dataset.failed));
document.addEventListener("htmx:sendError", () => say(document.body.dataset.offline));
reveal(document);
// An address such as #share opens its dialog; without script it leads to the section.
function openNamed() {
  const named = document.getElementById(`${location.hash.slice(1)}-dialog`);
  if (!(named instanceof HTMLDialogElement) || named.open) return;
  named.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search), { once: true });
  named.showModal();
}
addEventListener("hashchange", openNamed);
openNamed();
focusFirstError();
root.dataset.script = "ready";
