// Large files, over as many connections as it takes: the tus protocol, 1.0.0.
// What has arrived is known to the server; this page remembers only where it asks.

const VERSION = { "Tus-Resumable": "1.0.0" };
const PIECE_BYTES = 16 * 1024 * 1024;
const LONGEST_PAUSE_SECONDS = 30;
// Gone after a while: time-outs, busy or restarting servers and proxies, an older request of ours.
const PASSING = new Set([0, 408, 409, 423, 429, 500, 502, 503, 504]);
// The server does not keep the upload, or what arrived is not the file.
const LOST = new Set([404, 410, 460]);

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

class Refusal extends Error {
  constructor(request) {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* no answer, or a page of a proxy */ }
    super(answer.error || "");
    this.status = request.status;
    // A conflict passes when it is only about the offset.
    this.isPassing = PASSING.has(request.status) && (request.status !== 409 || answer.code === "offset_conflict");
    this.isLost = LOST.has(request.status);
  }
}

export class ResumableUpload {
  // options: endpoint, csrf, metadata; onProgress(loaded, sentNow), onWait(seconds)
  constructor(file, options) {
    Object.assign(this, { file, ...options, address: null, request: null, isStopped: false, sent: 0 });
    const { name, size, lastModified } = file;
    this.key = `pz-upload:${JSON.stringify([options.metadata.product, options.metadata.role, name, size, lastModified])}`;
  }

  async send() {
    this.address = localStorage.getItem(this.key);
    let failures = 0, beginnings = 0, furthest = -1;
    while (!this.isStopped) {
      try {
        if (!this.address) { beginnings += 1; await this.begin(); }
        const offset = await this.offset();
        if (offset > furthest) failures = 0;
        furthest = Math.max(furthest, offset);
        await this.sendFrom(offset);
        localStorage.removeItem(this.key);
        return true;
      } catch (error) {
        if (this.isStopped) break;
        if (this.isHeld) { await this.held; failures = 0; continue; }
        if (!(error instanceof Refusal)) throw error;
        if (error.isLost && beginnings < 2) { this.forget(); continue; }
        if (!error.isPassing) throw error;
        failures += 1;
        await this.pause(Math.min(2 ** (failures - 1), LONGEST_PAUSE_SECONDS));
      }
    }
    return false;
  }

  // Held by the user: what has arrived stays, and `goOn` asks how much that is.
  hold() {
    this.isHeld = true;
    this.held = new Promise((done) => { this.release = done; });
    this.wake?.();
    this.request?.abort();
  }

  goOn() {
    this.isHeld = false;
    this.release?.();
  }

  // Cancelled by the user: nothing of it stays, here or there.
  abort() {
    this.isStopped = true;
    this.request?.abort();
    this.wake?.();
    this.goOn();
    if (this.address) this.ask("DELETE", this.address, {}).catch(() => { /* it expires */ });
    this.forget();
  }

  forget() {
    localStorage.removeItem(this.key);
    this.address = null;
  }

  async begin() {
    const metadata = { filename: this.file.name, filetype: this.file.type, ...this.metadata };
    const pairs = Object.entries(metadata).map(([name, value]) => `${name} ${base64(String(value))}`);
    const answer = await this.ask("POST", this.endpoint, {
      "Upload-Length": String(this.file.size), "Upload-Metadata": pairs.join(","),
    });
    this.address = new URL(answer.getResponseHeader("Location"), location.href).pathname;
    localStorage.setItem(this.key, this.address);
  }

  async offset() {
    const answer = await this.ask("HEAD", this.address, {});
    return Number(answer.getResponseHeader("Upload-Offset"));
  }

  async sendFrom(start) {
    let offset = start;
    do { // an empty piece when all has arrived: the server may have stopped before it made a file
      const piece = this.file.slice(offset, offset + PIECE_BYTES);
      const before = this.sent, from = offset;
      const answer = await this.ask("PATCH", this.address, {
        "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream",
      }, piece, (loaded) => {
        this.sent = before + loaded;
        this.onProgress(from + loaded, this.sent);
      });
      offset = Number(answer.getResponseHeader("Upload-Offset"));
    } while (offset < this.file.size);
  }

  ask(method, address, headers, body = null, onProgress = null) {
    return new Promise((done, refuse) => {
      const request = new XMLHttpRequest();
      this.request = method === "DELETE" ? null : request;
      request.open(method, address);
      for (const [name, value] of Object.entries({ ...VERSION, "X-CSRFToken": this.csrf, ...headers })) {
        request.setRequestHeader(name, value);
      }
      if (onProgress) request.upload.addEventListener("progress", (event) => onProgress(event.loaded));
      request.addEventListener("load", () => (request.status < 400 ? done(request) : refuse(new Refusal(request))));
      for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => refuse(new Refusal(request)));
      request.send(body);
    });
  }

  // Wait, but not longer than until the network is back.
  pause(seconds) {
    this.onWait(seconds);
    return new Promise((done) => {
      const timer = setTimeout(() => this.wake(), seconds * 1000);
      this.wake = () => {
        clearTimeout(timer);
        removeEventListener("online", this.wake);
        this.wake = null;
        done();
      };
      addEventListener("online", this.wake);
    });
  }
}
