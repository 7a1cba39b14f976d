// The wizard with script: fields that follow the type, drafts that save themselves, files with progress.
import { Queue, takeFiles } from "./queue.js";
import { likelyType } from "./sniff.js";

const basics = document.getElementById("basics");
const typeRadios = [...document.querySelectorAll("input[name='product_type']")];
const chosenType = () => typeRadios.find((radio) => radio.checked);
const postHeaders = { "X-Requested-With": "XMLHttpRequest" };

// ── Step 1: fields that the chosen type does not have are out of the way (and not sent).
function followType() {
  const type = chosenType()?.value;
  const parts = [...document.querySelectorAll("[data-types]")];
  for (const part of parts) {
    const fits = !part.dataset.types || (type !== undefined && part.dataset.types.split(" ").includes(type));
    part.hidden = !fits;
    part.querySelectorAll("input, select").forEach((field) => { field.disabled = !fits; });
  }
  for (const option of document.querySelectorAll("#id_replaces option[data-type]")) {
    option.hidden = option.disabled = option.dataset.type !== type;
    if (option.hidden && option.selected) option.parentElement.value = "";
  }
  const section = document.getElementById("fs-context")?.closest("section");
  if (section) {
    section.hidden = false; // or its fields would count as hidden for ever
    section.hidden = [...section.querySelectorAll(".field")].every((field) => field.closest("[hidden]"));
  }
}
if (typeRadios.length) {
  typeRadios.forEach((radio) => radio.addEventListener("change", followType));
}

// What was typed before there is a draft is kept in this browser until there is one.
const KEPT = "pz-new-product";
const isNew = basics && "new" in basics.dataset;
if (isNew) {
  restore();
  basics.addEventListener("input", () => {
    const typed = [...new FormData(basics)].filter(([name]) => name !== "csrfmiddlewaretoken");
    localStorage.setItem(KEPT, JSON.stringify(typed));
  });
  basics.addEventListener("submit", () => localStorage.removeItem(KEPT));
}
if (typeRadios.length) followType();

function restore() {
  let typed = [];
  try { typed = JSON.parse(localStorage.getItem(KEPT)) ?? []; } catch { return; }
  if (basics.querySelector("[aria-invalid]") || basics.elements.display_name.value) return;
  for (const [name, value] of typed) {
    const field = basics.elements[name];
    if (field && typeof value === "string") field.value = value;
  }
  document.getElementById("restored").hidden = !typed.some(([, value]) => value);
}

// A draft saves its basics by itself a moment after the last key.
if (basics && !isNew) {
  const saved = document.getElementById("saved");
  let timer = 0;
  basics.addEventListener("input", () => {
    saved.hidden = true;
    clearTimeout(timer);
    timer = setTimeout(save, 800);
  });
  basics.addEventListener("submit", () => clearTimeout(timer));
  async function save() {
    try {
      const answer = await fetch(location.pathname, { method: "POST", headers: postHeaders, body: new FormData(basics) });
      if (!answer.ok) return; // the fields at fault are shown when the step is left
      saved.hidden = false;
      basics.dispatchEvent(new CustomEvent("pz:saved", { bubbles: true }));
    } catch { /* offline: the next change tries again */ }
  }
}

// Files dropped at the very beginning: the draft is made and filled without another question.
const first = document.getElementById("first-files");
if (first && isNew) startNew(first);

function startNew(panel) {
  const name = basics.elements.display_name;
  const next = document.querySelector("button[form='basics'][type='submit']");
  const label = next.innerHTML;
  const queue = new Queue(panel, {
    mainTaken: () => false,
    isTable: () => chosenType()?.dataset.table === "1",
    onChange: () => {
      const some = queue.ready.length > 0;
      next.innerHTML = some ? panel.dataset.go : label;
      if (some && !name.value) name.value = queue.main?.file.name.replace(/(\.tar)?\.[^.]+$/, "").replace(/[_\s]+/g, " ") ?? "";
      if (some) next.focus();
    },
    onSeen: (item) => suggestType(item),
    onAgain: () => {},
  });
  takeFiles(document.getElementById("first-drop"), document.getElementById("first-file"), queue);

  function suggestType(item) {
    if (item !== queue.main || (chosenType() && !basics.dataset.guessed)) return;
    const guess = typeRadios.find((radio) => radio.value === likelyType(item.file.name, item.seen.columns));
    if (!guess) return;
    guess.checked = true;
    basics.dataset.guessed = "1";
    document.getElementById("type-guessed").hidden = false;
    followType();
  }
  typeRadios.forEach((radio) => radio.addEventListener("change", () => {
    delete basics.dataset.guessed;
    document.getElementById("type-guessed").hidden = true;
    queue.items.filter((item) => item.state !== "sending").forEach((item) => queue.check(item));
    queue.changed();
  }));

  let draft = null;
  basics.addEventListener("submit", async (event) => {
    if (!queue.ready.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    next.disabled = true;
    const csrf = basics.elements.csrfmiddlewaretoken.value;
    draft ??= await begin();
    if (draft && await queue.sendAll({ ...draft, csrf })) location.assign(draft.next);
    next.disabled = false;
  }, true);

  async function begin() {
    const answer = await fetch(location.pathname, { method: "POST", headers: postHeaders, body: new FormData(basics) })
      .catch(() => null);
    const told = answer && (await answer.json().catch(() => null));
    if (!answer?.ok || !told) { showFaults(told?.errors ?? {}, told?.error ?? panel.dataset.lost); return null; }
    localStorage.removeItem(KEPT);
    return told;
  }

  function showFaults(errors, otherwise) {
    const names = Object.keys(errors);
    const box = document.getElementById("new-faults");
    box.hidden = false;
    box.querySelector("p").textContent = names.length ? names.map((field) => errors[field].join(" ")).join(" ") : otherwise;
    for (const field of basics.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    const fields = names.flatMap((field) => [...document.getElementsByName(field)]);
    fields.forEach((field) => { field.setAttribute("aria-invalid", "true"); field.setAttribute("aria-describedby", `new-faults ${field.getAttribute("aria-describedby") ?? ""}`); });
    (fields[0] ?? box).focus();
  }
}

// ── Step 2: a queue of files, each with its role, sent one after the other.
const form = document.getElementById("file-form");
if (form) startFiles(form);

function startFiles(form) {
  const input = form.querySelector("input[type='file']");
  const row = document.getElementById("send-row");
  const role = form.querySelector("select[name='role']");
  const queue = new Queue(form, {
    mainTaken: () => role.value !== "0",
    isTable: () => form.dataset.table === "1",
    onChange: () => {
      row.hidden = queue.ready.length === 0 || queue.isSending;
      if (!row.hidden) row.querySelector("button").focus();
    },
    onArrived: (item) => {
      for (const note of form.querySelectorAll("[data-unfinished]")) note.hidden ||= note.dataset.unfinished === item.file.name;
      if (item.select.value === "0") role.value = "2";
    },
  });
  input.multiple = true;
  role.closest(".flex-fill").hidden = true;
  row.hidden = true;
  takeFiles(document.getElementById("drop"), input, queue);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    row.hidden = true;
    await queue.sendAll({ action: form.action, product: form.dataset.product, csrf: form.elements.csrfmiddlewaretoken.value });
    window.htmx.ajax("GET", form.dataset.stateUrl, { target: "#files-state", swap: "outerHTML" });
  });
}
