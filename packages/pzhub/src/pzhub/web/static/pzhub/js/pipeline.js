// Forms of pipelines: search without losing the choice, and a pre-flight that follows it.
const form = document.querySelector("form[data-pipeline]");
const panel = () => document.getElementById("preflight");
const rows = () => document.getElementById("picker-rows");
document.querySelectorAll("[data-without-script]").forEach((el) => { el.hidden = true; });

const OFFERED = new Set(["release", "flux_type", "dereddening", "convert_flux_to_mag"]);
let checking = 0;
let waiting;

async function swap(url, options, apply) {
  const turn = ++checking;
  try {
    const answer = await fetch(url, { credentials: "same-origin", ...options });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (turn === checking || options.always) apply(page);
  } catch {
    document.getElementById("live").textContent = document.body.dataset.failed;
  }
}

// ── Pre-flight: asked again when something that matters has changed.
function check(delay = 400) {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    panel().classList.add("is-stale");
    panel().setAttribute("aria-busy", "true");
    swap(panel().dataset.url, { method: "POST", body: new FormData(form) }, showCheck);
  }, delay);
}

function showCheck(page) {
  for (const id of ["preflight", "known-as", "run-bar"]) {
    const fresh = page.getElementById(id);
    if (fresh) document.getElementById(id).replaceWith(fresh);
  }
  reveal(panel());
}

function reveal(scope) {
  scope.querySelectorAll("[data-needs-script]").forEach((el) => { el.hidden = false; });
  scope.querySelectorAll("[data-without-script]").forEach((el) => { el.hidden = true; });
}

form.addEventListener("change", (event) => {
  if (event.target.name === "q") return;
  if (event.target.name === "official") return search();
  if (event.target.name === "catalog") countChosen();
  if (OFFERED.has(event.target.name)) return offer(event.target.name);
  if (event.target.name === "selected_cols") countColumns();
  check();
});
form.elements.display_name.addEventListener("input", () => check(800));

// ── Another release offers other photometry, and other photometry other columns.
let offering = 0;
function offer(changed) {
  const turn = ++offering;
  const query = new URLSearchParams({ release: form.elements.release.value });
  if (changed !== "release") {
    for (const name of ["flux_type", "dereddening"]) query.set(name, form.elements[name].value);
    query.set("convert_flux_to_mag", form.elements.convert_flux_to_mag.checked ? "on" : "off");
  }
  swap(`${form.getAttribute("action")}?${query}`, { always: true }, (page) => {
    if (turn !== offering) return;
    const old = document.getElementById("photometry");
    const names = new Set([...old.querySelectorAll("input[name='selected_cols']:checked")].map((box) => box.value));
    const open = old.querySelector("#object-columns")?.open;
    const place = document.activeElement?.id;
    old.replaceWith(page.getElementById("photometry"));
    const fresh = document.getElementById("photometry");
    fresh.querySelectorAll("input[name='selected_cols']").forEach((box) => { box.checked = names.has(box.value); });
    const list = fresh.querySelector("#object-columns");
    if (list) list.open = Boolean(open);
    document.getElementById(place)?.focus();
    reveal(fresh);
    countColumns();
    check(0);
  });
}

function countColumns() {
  const count = form.querySelectorAll("input[name='selected_cols']:checked").length;
  const place = form.querySelector("[data-chosen-columns]");
  if (place) place.textContent = count || place.dataset.all;
}

// ── Picker: what is chosen stays on top, whatever is searched.
let typing;
form.elements.q.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(search, 250); });
form.elements.q.addEventListener("keydown", (event) => {
  if (event.key === "Enter") { event.preventDefault(); clearTimeout(typing); search(); }
});

function search() {
  const query = new URLSearchParams();
  if (form.elements.q.value) query.set("q", form.elements.q.value);
  if (form.elements.official.checked) query.set("official", "on");
  chosen().forEach((box) => query.append("catalog", box.value));
  swap(`${form.getAttribute("action")}?${query}`, { always: true }, showRows);
}

// What was ticked while the answer was on its way counts, not what the question said.
function showRows(page) {
  const before = chosen().map((box) => box.closest("tr"));
  const names = new Set(chosen().map((box) => box.value));
  rows().replaceWith(page.getElementById("picker-rows"));
  form.querySelectorAll("input[name='catalog']").forEach((box) => { box.checked = names.delete(box.value); });
  for (const row of before) {
    const box = row.querySelector("input[name='catalog']");
    if (names.has(box.value)) rows().querySelector("tbody")?.prepend(row);
  }
  reveal(rows());
  countChosen();
}

const chosen = () => [...form.querySelectorAll("input[name='catalog']:checked")];

function countChosen() {
  const boxes = chosen();
  const total = boxes.reduce((sum, box) => sum + Number(box.dataset.rows), 0);
  rows().querySelector("[data-chosen='count']").textContent = boxes.length;
  rows().querySelector("[data-chosen='rows']").textContent = total.toLocaleString(document.documentElement.lang);
}

document.addEventListener("click", (event) => {
  const leave = event.target.closest("[data-leave-out]");
  if (leave) {
    const box = document.getElementById(`catalog-${leave.dataset.leaveOut}`);
    if (box) { box.checked = false; box.focus(); countChosen(); check(0); }
  }
  if (event.target.closest("[data-open-advanced]")) document.getElementById("advanced").open = true;
  if (event.target.closest("[data-clear-picker]")) {
    chosen().forEach((box) => { box.checked = false; });
    countChosen();
    check(0);
  }
});

if (location.hash === "#advanced") document.getElementById("advanced").open = true;
if (chosen().length) check(0);
