// The wizard with script: files sent with progress, fields that follow the type, saved at once.
import { ResumableUpload } from "./tus.js";

// ── Step 1: fields that the chosen type does not have are out of the way (and not sent).
const typeRadios = [...document.querySelectorAll("input[name='product_type']")];
function followType() {
  const type = typeRadios.find((radio) => radio.checked)?.value;
  const parts = [...document.querySelectorAll("[data-types]")];
  for (const part of parts) {
    const fits = !part.dataset.types || (type !== undefined && part.dataset.types.split(" ").includes(type));
    part.hidden = !fits;
    part.querySelectorAll("input, select").forEach((field) => { field.disabled = !fits; });
  }
  const section = document.getElementById("fs-context")?.closest("section");
  if (section) section.hidden = parts.every((part) => part.hidden);
}
if (typeRadios.length) {
  typeRadios.forEach((radio) => radio.addEventListener("change", followType));
  followType();
}

// ── Step 2: a queue of files, each with its role, sent one after the other.
const form = document.getElementById("file-form");
if (form) startQueue(form);

function sizeText(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes, unit = 0;
  while (value >= 999.5 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: unit && value < 100 ? 1 : 0 })} ${units[unit]}`;
}

function timeText(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

function guessRole(name, mainTaken) {
  if (/\.(md|html?|ipynb|pdf)$/i.test(name)) return "1";
  return mainTaken ? "2" : "0";
}

function startQueue(form) {
  const input = form.querySelector("input[type='file']");
  const list = document.getElementById("queue");
  const template = document.getElementById("queue-item");
  const status = document.getElementById("upload-status");
  const row = document.getElementById("send-row");
  const role = form.querySelector("select[name='role']");
  const drop = document.getElementById("drop");
  const limit = Number(form.dataset.limitBytes);
  const items = [];
  input.multiple = true;
  role.closest(".flex-fill").hidden = true;
  row.hidden = true;

  function add(files) {
    for (const file of files) items.push(makeItem(file));
    input.value = ""; // the same file may be chosen again after an error
    list.hidden = items.length === 0;
    row.hidden = !items.some((item) => item.state === "ready");
    row.querySelector("button").focus();
  }

  function makeItem(file) {
    const el = template.content.firstElementChild.cloneNode(true);
    const select = el.querySelector(".q-role");
    const mainTaken = role.value !== "0" || items.some((item) => item.select.value === "0" && item.state !== "failed");
    select.value = guessRole(file.name, mainTaken);
    select.id = `queue-role-${items.length}`;
    const label = el.querySelector("label");
    label.htmlFor = select.id;
    label.textContent = fill(form.dataset.roleLabel, { name: file.name });
    el.querySelector(".q-name").textContent = file.name;
    el.querySelector(".q-state").textContent = sizeText(file.size);
    const cancel = el.querySelector(".q-cancel");
    cancel.querySelector("span").textContent = form.dataset.cancel;
    const item = { file, el, select, state: "ready", request: null };
    cancel.addEventListener("click", () => stop(item));
    list.append(el);
    if (file.size > limit) {
      fail(item, fill(form.dataset.tooLarge, { name: file.name, size: sizeText(file.size), limit: sizeText(limit) }));
    }
    return item;
  }

  function stop(item) {
    if (item.request) item.request.abort();
    items.splice(items.indexOf(item), 1);
    item.el.remove();
    list.hidden = items.length === 0;
    row.hidden = !items.some((other) => other.state === "ready");
    status.textContent = `${item.file.name}: ${form.dataset.cancelled}`;
  }

  function fail(item, text) {
    item.state = "failed";
    const error = item.el.querySelector(".q-error");
    error.textContent = text;
    error.hidden = false;
    item.el.querySelector("progress").hidden = true;
  }

  function begin(item) {
    item.state = "sending";
    item.select.disabled = true;
    item.el.querySelector("progress").hidden = false;
    item.began = performance.now();
    return item.file.size > Number(form.dataset.resumableBytes) ? sendInPieces(item) : sendWhole(item);
  }

  async function sendInPieces(item) {
    const { product, resumableUrl: endpoint } = form.dataset;
    item.request = new ResumableUpload(item.file, {
      endpoint,
      csrf: form.elements.csrfmiddlewaretoken.value,
      metadata: { product, role: item.select.value, replace: true, register: true },
      onProgress: (loaded, sentNow) => show(item, loaded, item.file.size, sentNow),
      onWait: (seconds) => {
        const text = fill(form.dataset.retrying, { seconds });
        item.el.querySelector(".q-state").textContent = text;
        status.textContent = `${item.file.name}: ${text}`;
        item.began = null; // the pause is no part of the speed
      },
    });
    try {
      if (await item.request.send()) arrive(item);
    } catch (error) {
      fail(item, error.message || `${form.dataset.lost} (${error.status})`);
    }
  }

  function sendWhole(item) {
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      const data = new FormData();
      data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      data.set("role", item.select.value);
      data.set("file", item.file, item.file.name); // last: the role is known before the bytes come
      item.request = request;
      request.upload.addEventListener("progress", (event) => show(item, event.loaded, event.total, event.loaded));
      request.addEventListener("load", () => { settle(item, request); done(); });
      request.addEventListener("error", () => { fail(item, form.dataset.lost); done(); });
      request.addEventListener("abort", () => done());
      request.open("POST", form.action);
      request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
      request.send(data);
    });
  }

  function show(item, loaded, total, sentNow) {
    if (item.began === null) [item.began, item.sentBefore] = [performance.now(), sentNow];
    const seconds = (performance.now() - item.began) / 1000;
    const speed = (sentNow - (item.sentBefore ?? 0)) / Math.max(seconds, 0.001);
    const bar = item.el.querySelector("progress");
    bar.value = (100 * loaded) / total;
    const percent = Math.floor(bar.value);
    item.el.querySelector(".q-state").textContent = fill(form.dataset.sending, {
      percent, speed: `${sizeText(speed)}/s`, left: timeText((total - loaded) / speed),
    });
    if (percent % 25 === 0) status.textContent = `${item.file.name}: ${percent} %`;
  }

  function settle(item, request) {
    item.request = null;
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* not ours: a page of a proxy */ }
    if (request.status >= 400 || !answer.ok) return fail(item, answer.error || `${form.dataset.lost} (${request.status})`);
    arrive(item);
  }

  function arrive(item) {
    item.state = "arrived";
    status.textContent = `${item.file.name}: ${form.dataset.arrived}`;
    items.splice(items.indexOf(item), 1);
    item.el.remove();
    for (const note of form.querySelectorAll("[data-unfinished]")) note.hidden ||= note.dataset.unfinished === item.file.name;
    if (item.select.value === "0") role.value = "2";
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    row.hidden = true;
    for (const item of [...items]) if (item.state === "ready") await begin(item);
    list.hidden = items.length === 0;
    window.htmx.ajax("GET", form.dataset.stateUrl, { target: "#files-state", swap: "outerHTML" });
  });
  input.addEventListener("change", () => add(input.files));
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("is-over"); });
  }
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("is-over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); add(event.dataTransfer.files); });
  addEventListener("beforeunload", (event) => {
    if (items.some((item) => item.state === "sending")) event.preventDefault();
  });
}
