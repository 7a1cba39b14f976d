// Files to be sent: each with a role, progress, pause, cancel and another try. Texts come with the page.
import { ResumableUpload } from "./tus.js";
import { sniff } from "./sniff.js";

const NO_TABLE = /\.(xlsx?|ods|docx?|pdf|png|jpe?g|gif|pkl|pickle|py|ipynb|md|html?|json)$/i;
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export function sizeText(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes, unit = 0;
  while (value >= 999.5 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: unit && value < 100 ? 1 : 0 })} ${units[unit]}`;
}

function timeText(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function guessRole(name, mainTaken) {
  if (/\.(md|html?|ipynb|pdf)$/i.test(name)) return "1";
  return mainTaken ? "2" : "0";
}

export class Queue {
  // panel: holds .queue, template, status and the texts; options: mainTaken(), isTable(), onChange()
  constructor(panel, options) {
    Object.assign(this, { panel, ...options, items: [], made: 0, title: document.title });
    this.list = panel.querySelector(".queue");
    this.template = document.getElementById("queue-item");
    this.status = panel.querySelector("[data-upload-status]");
    this.text = panel.dataset;
    addEventListener("beforeunload", (event) => { if (this.isSending) event.preventDefault(); });
  }

  get isSending() { return this.items.some((item) => item.state === "sending"); }

  get ready() { return this.items.filter((item) => item.state === "ready"); }

  get main() { return this.items.find((item) => item.select.value === "0" && item.state !== "failed"); }

  add(files) {
    for (const file of files) this.make(file);
    this.changed();
  }

  changed() {
    this.list.hidden = this.items.length === 0;
    this.onChange?.();
  }

  make(file) {
    const el = this.template.content.firstElementChild.cloneNode(true);
    const select = el.querySelector(".q-role");
    select.value = guessRole(file.name, this.mainTaken() || Boolean(this.main));
    select.id = `queue-role-${this.made += 1}`;
    const label = el.querySelector("label");
    label.htmlFor = select.id;
    label.textContent = fill(this.text.roleLabel, { name: file.name });
    el.querySelector(".q-name").textContent = file.name;
    const item = { file, el, select, state: "ready", request: null, seen: null };
    this.say(item, sizeText(file.size));
    this.button(item, ".q-cancel", () => this.drop(item));
    this.button(item, ".q-pause", () => this.pause(item));
    this.button(item, ".q-again", () => { item.state = "ready"; el.querySelector(".q-error").hidden = true; this.check(item); this.changed(); this.onAgain?.(); });
    select.addEventListener("change", () => { this.check(item); this.changed(); });
    this.items.push(item);
    this.list.append(el);
    this.check(item);
    if (item.state === "ready") this.look(item);
  }

  button(item, selector, act) { item.el.querySelector(selector).addEventListener("click", act); }

  say(item, text) { item.el.querySelector(".q-state").textContent = text; }

  // What the server would refuse is refused before anything is sent.
  check(item) {
    const { name, size } = item.file, limit = Number(this.text.limitBytes), free = Number(this.text.freeBytes || Infinity);
    const error = item.el.querySelector(".q-error");
    const fault = size === 0 ? fill(this.text.empty, { name })
      : size > limit ? fill(this.text.tooLarge, { name, size: sizeText(size), limit: sizeText(limit) })
      : size > free ? fill(this.text.noSpace, { name, size: sizeText(size), free: sizeText(free) })
      : item.select.value === "0" && this.isTable() && NO_TABLE.test(name) ? fill(this.text.noTable, { name }) : "";
    item.state = fault ? "failed" : "ready";
    error.hidden = !fault;
    error.querySelector("span").textContent = fault;
    item.el.querySelector(".q-again").hidden = true;
  }

  async look(item) {
    item.seen = await sniff(item.file);
    if (!item.seen || item.state === "sending") return;
    const { columns, n, rows } = item.seen;
    // Each name by itself: signs that turn the direction of text would turn the rest of the line.
    const names = columns.slice(0, 8).map((each) => `\u2068${each.replace(/[\u202a-\u202e\u2066-\u2069]/g, "")}\u2069`).join(", ") + (columns.length > 8 ? " …" : "");
    const line = item.el.querySelector(".q-columns");
    line.textContent = fill(rows === null ? this.text.columns : this.text.columnsRows, { n, names, rows: rows?.toLocaleString(document.documentElement.lang) });
    line.hidden = false;
    this.onSeen?.(item);
  }

  drop(item) {
    item.state = "cancelled";
    item.request?.abort();
    this.forget(item);
    this.status.textContent = `${item.file.name}: ${this.text.cancelled}`;
  }

  forget(item) {
    if (this.items.includes(item)) this.items.splice(this.items.indexOf(item), 1);
    item.el.remove();
    this.changed();
  }

  pause(item) {
    const button = item.el.querySelector(".q-pause");
    item.isHeld = !item.isHeld;
    button.querySelector("span").textContent = item.isHeld ? this.text.resume : this.text.pause;
    if (item.isHeld) { item.request.hold(); this.say(item, this.text.paused); } else { item.began = null; item.request.goOn(); }
  }

  fail(item, text) {
    item.state = "failed";
    item.request = null;
    item.select.disabled = false;
    const error = item.el.querySelector(".q-error");
    error.querySelector("span").textContent = text;
    error.hidden = false;
    for (const part of ["progress", ".q-pause"]) item.el.querySelector(part).hidden = true;
    item.el.querySelector(".q-again").hidden = false;
    this.changed();
  }

  // to: where small files are posted, the product, the address of resumable uploads; true when all arrived
  async sendAll(to) {
    const note = this.panel.querySelector("[data-keep-open]");
    note.hidden = false;
    for (const item of this.ready) await this.send(item, to);
    note.hidden = true;
    document.title = this.title;
    this.changed();
    return this.items.length === 0;
  }

  send(item, to) {
    item.state = "sending";
    item.select.disabled = true;
    item.isHeld = false;
    item.el.querySelector("progress").hidden = false;
    item.began = performance.now();
    item.sentBefore = 0;
    return item.file.size > Number(this.text.resumableBytes) ? this.sendInPieces(item, to) : this.sendWhole(item, to);
  }

  async sendInPieces(item, to) {
    item.request = new ResumableUpload(item.file, {
      endpoint: this.text.resumableUrl,
      csrf: to.csrf,
      metadata: { product: to.product, role: item.select.value, replace: true, register: true },
      onProgress: (loaded, sentNow) => this.show(item, loaded, item.file.size, sentNow),
      onWait: (seconds) => {
        const text = fill(this.text.retrying, { seconds });
        this.say(item, text);
        this.status.textContent = `${item.file.name}: ${text}`;
        item.began = null; // the pause is no part of the speed
      },
    });
    item.el.querySelector(".q-pause").hidden = false;
    try {
      if (await item.request.send()) this.arrive(item);
    } catch (error) {
      this.fail(item, error.message || `${this.text.lost} (${error.status})`);
    }
  }

  sendWhole(item, to) {
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      const data = new FormData();
      data.set("csrfmiddlewaretoken", to.csrf);
      data.set("role", item.select.value);
      data.set("file", item.file, item.file.name); // last: the role is known before the bytes come
      item.request = request;
      request.upload.addEventListener("progress", (event) => this.show(item, event.loaded, event.total, event.loaded));
      request.addEventListener("load", () => { this.settle(item, request); done(); });
      // A broken connection: go on in pieces, which are sent again until they have arrived.
      request.addEventListener("error", () => this.sendInPieces(item, to).then(done));
      request.addEventListener("abort", () => done());
      request.open("POST", to.action);
      request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
      request.send(data);
    });
  }

  show(item, loaded, total, sentNow) {
    if (item.began === null) [item.began, item.sentBefore] = [performance.now(), sentNow];
    const seconds = (performance.now() - item.began) / 1000;
    const speed = (sentNow - (item.sentBefore ?? 0)) / Math.max(seconds, 0.001);
    const bar = item.el.querySelector("progress");
    bar.value = (100 * loaded) / total;
    const percent = Math.floor(bar.value);
    this.say(item, fill(this.text.sending, { percent, speed: `${sizeText(speed)}/s`, left: timeText((total - loaded) / speed) }));
    document.title = `${percent} % · ${this.title}`; // seen when the tab is in the background
    if (percent % 25 === 0) this.status.textContent = `${item.file.name}: ${percent} %`;
  }

  settle(item, request) {
    item.request = null;
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* not ours: a page of a proxy */ }
    if (request.status >= 400 || !answer.ok) return this.fail(item, answer.error || `${this.text.lost} (${request.status})`);
    this.arrive(item);
  }

  arrive(item) {
    item.state = "arrived";
    this.status.textContent = `${item.file.name}: ${this.text.arrived}`;
    this.onArrived?.(item);
    this.forget(item);
  }
}

// Drops on an area and choices in its field go into the queue.
export function takeFiles(area, input, queue) {
  input.addEventListener("change", () => {
    queue.add(input.files);
    input.value = ""; // the same file may be chosen again after an error
  });
  for (const name of ["dragenter", "dragover"]) {
    area.addEventListener(name, (event) => { event.preventDefault(); area.classList.add("is-over"); });
  }
  for (const name of ["dragleave", "drop"]) area.addEventListener(name, () => area.classList.remove("is-over"));
  area.addEventListener("drop", (event) => { event.preventDefault(); queue.add(event.dataTransfer.files); });
}
