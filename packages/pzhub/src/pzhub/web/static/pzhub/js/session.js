// A session that ends takes nothing with it: requests are repeated after a new sign-in, and
// forms that came too late are filled in again. Also keeps the bar's counts as they are.
import "./live.js";

const dialog = document.getElementById("signin-dialog");
const STORE = "pz-kept";
const waiting = []; // what to do again after the sign-in

const cookie = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
const token = () => cookie("pzserver.csrftoken");

// A sign-in in another tab changes the token that forms must send.
function renewTokens(scope) {
  const value = token();
  if (value) scope.querySelectorAll("input[name='csrfmiddlewaretoken']").forEach((input) => { input.value = value; });
}
document.addEventListener("submit", (event) => renewTokens(event.target), true);
document.addEventListener("htmx:configRequest", (event) => {
  if (token()) event.detail.headers["X-CSRFToken"] = token();
  if ("csrfmiddlewaretoken" in event.detail.parameters) event.detail.parameters.csrfmiddlewaretoken = token();
});

function say(text) {
  const line = document.getElementById("live");
  if (line) line.textContent = text;
}

// ── Fragments without a session.
function repeat({ elt, triggeringEvent }) {
  if (!elt.isConnected) return;
  if (elt.matches("form")) elt.requestSubmit();
  else elt.dispatchEvent(new Event(triggeringEvent?.type ?? "click", { bubbles: true }));
}

document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status !== 401 || !dialog) return;
  event.stopPropagation(); // not a failure of the server
  const config = event.detail.requestConfig;
  if (!config.triggeringEvent) return say(dialog.dataset.lost); // a poll: nobody waits for it
  if (!waiting.some((other) => other.elt === config.elt)) waiting.push(config);
  open();
}, true);

function open() {
  if (dialog && !dialog.open) dialog.showModal();
  document.getElementById("signin-password")?.focus();
}

function goOn() {
  dialog.close();
  say("");
  renewTokens(document);
  waiting.splice(0).forEach(repeat);
  dispatchEvent(new Event("pz:signed-in"));
}

dialog?.querySelector("[data-signin]")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  event.stopPropagation();
  const form = event.target, error = document.getElementById("signin-error");
  error.hidden = true;
  renewTokens(form);
  // The answer to the right password leads elsewhere; to a wrong one it is the form again.
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form), redirect: "manual" });
  form.elements.password.value = "";
  if (answer.type === "opaqueredirect") return goOn();
  error.hidden = false;
  form.elements.password.focus();
});
dialog?.querySelector("[data-signed-in]")?.addEventListener("click", goOn);
addEventListener("pz:signed-out", () => say(dialog?.dataset.lost ?? ""));

// ── Forms that came too late: the page of what was kept hands the values to the form's page.
document.querySelector("[data-back-to-form]")?.addEventListener("click", () => {
  const form = document.getElementById("kept-form");
  const fields = [...form.querySelectorAll("textarea")].map((area) => [area.name, area.value]);
  const { page } = form.dataset;
  sessionStorage.setItem(STORE, JSON.stringify({ page, action: form.getAttribute("action"), fields }));
  location.assign(page);
});

function setField(field, values) {
  if (field.type === "checkbox" || field.type === "radio") field.checked = values.includes(field.value);
  else if (field.multiple) [...field.options].forEach((option) => { option.selected = values.includes(option.value); });
  else if (field.type !== "file" && values.length) field.value = values.shift();
}

function fill(form, fields) {
  const names = new Set(fields.map(([name]) => name));
  for (const name of names) {
    const values = fields.filter(([other]) => other === name).map(([, value]) => value);
    const there = [...form.elements].filter((element) => element.name === name);
    const boxes = there.filter((element) => ["checkbox", "radio"].includes(element.type));
    there.forEach((element) => setField(element, values));
    // What the form does not show now (a row of another page of a picker) is sent all the same.
    const missing = boxes.length ? values.filter((value) => !boxes.some((box) => box.value === value)) : there.length ? [] : values;
    for (const value of missing) {
      const hidden = Object.assign(document.createElement("input"), { type: "hidden", name, value });
      form.append(hidden);
    }
  }
  // Boxes that were not ticked are not sent at all.
  for (const box of form.querySelectorAll("input[type='checkbox']")) if (!names.has(box.name)) box.checked = false;
  const first = [...form.elements].find((element) => names.has(element.name) && element.type !== "hidden");
  first?.dispatchEvent(new Event("change", { bubbles: true }));
  first?.focus();
}

function bringBack() {
  const kept = JSON.parse(sessionStorage.getItem(STORE) ?? "null");
  if (!kept || kept.page !== location.pathname + location.search) return;
  sessionStorage.removeItem(STORE);
  // Attributes, not properties: a button named "action" hides the property.
  const pathOf = (address) => new URL(address ?? "", location.href).pathname;
  const forms = [...document.querySelectorAll("form[method='post']")].filter((form) => !form.closest("dialog, header"));
  const form = forms.find((one) => pathOf(one.getAttribute("action")) === pathOf(kept.action) && kept.fields.some(([name]) => one.elements[name]));
  if (!form) return location.assign("/account/kept");
  fill(form, kept.fields);
  const note = document.createElement("p");
  note.className = "note note-info";
  note.setAttribute("role", "status");
  note.textContent = dialog?.dataset.back ?? "";
  form.before(note);
}
bringBack();
