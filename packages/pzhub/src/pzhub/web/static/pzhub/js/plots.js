// Plots and maps: values under the pointer and by arrow keys, ranges and boxes that lead to rows.
// The drawings come from the server; this only reads where its axes are.
const words = () => document.getElementById("plot-words")?.dataset ?? {};
const SVG = "http://www.w3.org/2000/svg";
const format = (n) => Number(n).toLocaleString(document.documentElement.lang || "en", { maximumSignificantDigits: 6 });
const whole = (n) => Number(n).toLocaleString(document.documentElement.lang || "en");

let d3Loaded = null;
function d3Library() {
  d3Loaded ??= new Promise((done, failed) => {
    if (window.d3) return done(window.d3);
    const script = document.createElement("script");
    script.src = words().d3;
    script.onload = () => done(window.d3);
    script.onerror = failed;
    document.head.append(script);
  });
  return d3Loaded;
}

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

const seen = (area) => [...area.querySelectorAll("svg")].find((svg) => svg.getClientRects().length);

function pointIn(svg, event) {
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
}

// An axis as the server wrote it: "start end low high [log]".
class Axis {
  constructor(text) {
    const parts = text.split(" ");
    [this.start, this.end, this.low, this.high] = parts.slice(0, 4).map(Number);
    this.isLog = parts[4] === "log";
  }
  place(value) {
    const scale = this.isLog ? Math.log10 : (v) => v;
    const low = scale(this.low);
    const share = (scale(this.isLog ? Math.max(value, this.low) : value) - low) / (scale(this.high) - low);
    return this.start + Math.min(Math.max(share, 0), 1) * (this.end - this.start);
  }
  value(place) {
    const share = (place - this.start) / (this.end - this.start);
    if (!this.isLog) return this.low + share * (this.high - this.low);
    return 10 ** (Math.log10(this.low) + share * (Math.log10(this.high) - Math.log10(this.low)));
  }
}

function binOf(edges, value) {
  if (value < edges[0] || value > edges.at(-1)) return -1;
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle] <= value) low = middle; else high = middle - 1;
  }
  return low;
}

// What all plots share: a tip, a polite line for screen readers, and the line of what is picked.
class Plot {
  constructor(figure) {
    this.figure = figure;
    this.area = figure.querySelector(".plot-area");
    this.data = figure.dataset.json ? JSON.parse(figure.dataset.json) : {};
    this.tip = document.createElement("div");
    this.tip.className = "plot-tip";
    this.tip.hidden = true;
    this.tip.setAttribute("aria-hidden", "true");
    this.said = document.createElement("span");
    this.said.className = "visually-hidden";
    this.said.setAttribute("aria-live", "polite");
    this.picked = document.createElement("div");
    this.picked.className = "plot-picked";
    this.picked.hidden = true;
    this.area.append(this.tip);
    this.area.after(this.said, this.picked);
    this.area.tabIndex = 0;
    this.area.setAttribute("role", "group");
    const label = this.area.querySelector("svg")?.getAttribute("aria-label") ?? "";
    this.area.setAttribute("aria-label", `${label}. ${words().keys ?? ""}`);
    this.area.addEventListener("pointermove", (event) => this.hover(event));
    this.area.addEventListener("pointerleave", () => this.leave());
    this.area.addEventListener("blur", () => this.leave());
    this.area.addEventListener("keydown", (event) => this.key(event));
    const ready = () => { this.prepare?.(); };
    this.area.addEventListener("pointerenter", ready, { once: true });
    this.area.addEventListener("focus", ready, { once: true });
  }
  show(text, svg, x, y, aloud = false) {
    this.tip.textContent = text;
    this.tip.hidden = false;
    const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
    const box = this.area.getBoundingClientRect();
    const half = this.tip.offsetWidth / 2;
    const left = Math.min(Math.max(at.x - box.left, half), Math.max(box.width - half, half));
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${Math.max(at.y - box.top, this.tip.offsetHeight + 10)}px`;
    if (aloud) this.said.textContent = text;
  }
  leave() {
    this.tip.hidden = true;
    this.area.querySelectorAll(".plot-mark, .plot-hover").forEach((mark) => mark.remove());
  }
  hover() {}
  key(event) {
    if (event.key === "Escape") { this.clear(); this.leave(); }
  }
  clear() {
    this.picked.hidden = true;
    this.area.querySelectorAll(".plot-hit, .plot-box").forEach((mark) => mark.remove());
  }
  // Offer the rows of a condition, and what is in it where that is known.
  pick(where, count, finer = null) {
    this.picked.replaceChildren();
    const code = document.createElement("code");
    code.textContent = where;
    this.picked.append(code);
    if (count !== null) {
      const number = document.createElement("span");
      number.className = "num";
      number.textContent = `${whole(count)} ${words().rows}`;
      this.picked.append(number);
    }
    const link = (label, address, style) => {
      const made = document.createElement("a");
      made.className = `btn btn-sm ${style}`;
      made.href = address;
      made.textContent = label;
      this.picked.append(made);
    };
    link(words().show, `${this.figure.dataset.rows}?where=${encodeURIComponent(where)}`, "btn-primary");
    if (finer) link(words().finer, `${this.figure.dataset.finer}?${new URLSearchParams({ ...finer, where })}#column`, "btn-line");
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "btn btn-sm btn-plain";
    clear.textContent = words().clear;
    clear.addEventListener("click", () => { this.clear(); this.area.focus(); });
    this.picked.append(clear);
    this.picked.hidden = false;
    if (count !== null) this.said.textContent = `${where}: ${whole(count)} ${words().rows}`;
  }
  follow() {
    this.picked.querySelector("a")?.click();
  }
}

class Histogram extends Plot {
  constructor(figure) {
    super(figure);
    this.here = -1;
    this.anchor = -1;
  }
  axes(svg) { return [new Axis(svg.dataset.x), new Axis(svg.dataset.y)]; }
  text(bin) {
    const { edges, counts } = this.data;
    return `${format(edges[bin])} ${words().to} ${format(edges[bin + 1])}: ${whole(counts[bin])}`;
  }
  mark(from, to, style, svg) {
    const [x, y] = this.axes(svg);
    const left = x.place(this.data.edges[from]);
    const right = x.place(this.data.edges[to + 1]);
    element("rect", { class: style, x: left, y: y.end, width: Math.max(right - left, 1), height: y.start - y.end }, svg);
  }
  point(bin, aloud) {
    const svg = seen(this.area);
    this.leave();
    if (!svg || bin < 0) return;
    this.here = bin;
    const [x, y] = this.axes(svg);
    this.mark(bin, bin, "plot-hit plot-hover", svg);
    const middle = (x.place(this.data.edges[bin]) + x.place(this.data.edges[bin + 1])) / 2;
    this.show(this.text(bin), svg, middle, y.place(this.data.counts[bin]), aloud);
  }
  hover(event) {
    const svg = seen(this.area);
    if (!svg) return;
    const [x] = this.axes(svg);
    this.point(binOf(this.data.edges, x.value(pointIn(svg, event).x)), false);
  }
  key(event) {
    super.key(event);
    const last = this.data.counts.length - 1;
    const now = this.here < 0 ? 0 : this.here;
    const moves = { ArrowRight: now + 1, ArrowLeft: now - 1, PageDown: now + 10, PageUp: now - 10, Home: 0, End: last };
    if (event.key in moves) {
      event.preventDefault();
      const to = this.here < 0 ? 0 : Math.min(Math.max(moves[event.key], 0), last);
      if (event.shiftKey && this.anchor < 0) this.anchor = now;
      if (!event.shiftKey) this.anchor = -1;
      this.point(to, true);
      if (event.shiftKey) this.range(this.anchor, to);
    } else if (event.key === "Enter" && this.here >= 0) {
      if (this.picked.hidden) this.range(this.here, this.here);
      this.follow();
    } else if (event.key === "Escape") {
      this.anchor = -1;
    }
  }
  range(one, other) {
    const [from, to] = one < other ? [one, other] : [other, one];
    const { edges, counts, column } = this.data;
    const svg = seen(this.area);
    this.clear();
    this.mark(from, to, "plot-hit", svg);
    const last = to === counts.length - 1 ? "<=" : "<";
    const where = `${edges[from]} <= ${column} ${last} ${edges[to + 1]}`;
    const isSum = !this.figure.closest("#nz")?.querySelector("[name=cumulative]:checked");
    const count = counts.slice(from, to + 1).reduce((sum, n) => sum + n, 0);
    const name = /^[A-Za-z_]\w*$/.test(column) ? { x: column } : null;
    this.pick(where, isSum ? count : null, name);
  }
  async prepare() {
    const d3 = await d3Library();
    for (const svg of this.area.querySelectorAll("svg")) {
      const [x, y] = this.axes(svg);
      const layer = element("g", { class: "brush" }, svg);
      const brush = d3.brushX().extent([[x.start, y.end], [x.end, y.start]]);
      brush.on("end", (event) => {
        if (!event.sourceEvent) return;
        const at = pointIn(svg, event.sourceEvent.changedTouches?.[0] ?? event.sourceEvent).x;
        const [left, right] = event.selection ?? [at, at];
        if (event.selection) d3.select(layer).call(brush.move, null);
        const { edges } = this.data;
        const clamp = (place) => Math.min(Math.max(x.value(place), edges[0]), edges.at(-1));
        const from = binOf(edges, clamp(left));
        const to = event.selection ? binOf(edges, clamp(right - 0.01)) : from;
        this.here = to;
        this.range(from, Math.max(from, to));
      });
      d3.select(layer).call(brush);
    }
  }
}

class Values extends Plot {
  constructor(figure) {
    super(figure);
    this.here = -1;
  }
  rowAt(svg, y) {
    const [height, top] = svg.dataset.rows.split(" ").map(Number);
    const row = Math.floor((y - top) / height);
    return row >= 0 && row < this.data.counts.length ? row : -1;
  }
  point(row, aloud) {
    const svg = seen(this.area);
    this.leave();
    if (!svg || row < 0) return;
    this.here = row;
    const [height, top] = svg.dataset.rows.split(" ").map(Number);
    const width = svg.viewBox.baseVal.width;
    element("rect", { class: "plot-hit plot-hover", x: 0, y: row * height + top, width, height: height - 2 }, svg);
    this.show(`${this.data.labels[row]}: ${whole(this.data.counts[row])}`, svg, width / 2, row * height + top, aloud);
  }
  hover(event) {
    const svg = seen(this.area);
    if (svg) this.point(this.rowAt(svg, pointIn(svg, event).y), false);
  }
  choose() {
    const where = this.data.where[this.here];
    if (where) this.pick(where, this.data.counts[this.here]);
  }
  key(event) {
    super.key(event);
    const last = this.data.counts.length - 1;
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step || event.key === "Home" || event.key === "End") {
      event.preventDefault();
      const to = event.key === "Home" ? 0 : event.key === "End" ? last : this.here + (step ?? 0);
      this.clear();
      this.point(Math.min(Math.max(to, 0), last), true);
    } else if (event.key === "Enter" && this.here >= 0) {
      if (this.picked.hidden) this.choose();
      this.follow();
    }
  }
  prepare() {
    this.area.addEventListener("click", () => { if (this.here >= 0) { this.clear(); this.choose(); } });
  }
}

// The numbers of densities and maps are fetched when somebody looks at them.
async function numbersOf(address) {
  const answer = await fetch(address);
  if (!answer.ok) return [];
  const lines = (await answer.text()).trim().split(/\r?\n/).slice(1);
  return lines.map((line) => line.split(",").map(Number));
}

class Density extends Plot {
  constructor(figure) {
    super(figure);
    this.cells = [];
    this.here = null;
  }
  async prepare() {
    const [cells, d3] = await Promise.all([numbersOf(this.figure.dataset.csv), d3Library()]);
    this.cells = cells;
    for (const svg of this.area.querySelectorAll("svg")) {
      const [x, y] = [new Axis(svg.dataset.x), new Axis(svg.dataset.y)];
      const layer = element("g", { class: "brush" }, svg);
      const brush = d3.brush().extent([[x.start, y.end], [x.end, y.start]]);
      brush.on("end", (event) => {
        if (!event.sourceEvent || !event.selection) return;
        const [[left, top], [right, bottom]] = event.selection;
        d3.select(layer).call(brush.move, null);
        this.box([x.value(left), x.value(right), y.value(bottom), y.value(top)], svg);
      });
      d3.select(layer).call(brush);
    }
  }
  box([x1, x2, y1, y2], svg) {
    const rounded = (value) => Number(value.toPrecision(6));
    const [a, b, c, d] = [x1, x2, y1, y2].map(rounded);
    const [x, y] = [new Axis(svg.dataset.x), new Axis(svg.dataset.y)];
    this.clear();
    const [left, right, bottom, top] = [x.place(a), x.place(b), y.place(c), y.place(d)];
    element("rect", { class: "plot-box", x: left, y: top, width: right - left, height: bottom - top }, svg);
    this.pick(`${a} <= ${this.data.x} < ${b} and ${c} <= ${this.data.y} < ${d}`, null);
  }
  point(cell, aloud) {
    const svg = seen(this.area);
    this.leave();
    if (!svg || !cell) return;
    this.here = cell;
    const [x, y] = [new Axis(svg.dataset.x), new Axis(svg.dataset.y)];
    const [left, right, bottom, top] = [x.place(cell[0]), x.place(cell[1]), y.place(cell[2]), y.place(cell[3])];
    element("rect", { class: "plot-mark", x: left, y: top, width: right - left, height: bottom - top }, svg);
    const side = (a, b) => `${format(a)} ${words().to} ${format(b)}`;
    this.show(`${side(cell[0], cell[1])}; ${side(cell[2], cell[3])}: ${whole(cell[4])}`, svg, (left + right) / 2, top, aloud);
  }
  hover(event) {
    const svg = seen(this.area);
    if (!svg) return;
    const at = pointIn(svg, event);
    const [x, y] = [new Axis(svg.dataset.x).value(at.x), new Axis(svg.dataset.y).value(at.y)];
    this.point(this.cells.find((c) => c[0] <= x && x < c[1] && c[2] <= y && y < c[3]), false);
  }
  key(event) {
    super.key(event);
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (step && this.cells.length) {
      event.preventDefault();
      this.point(this.here ? nearest(this.cells, this.here, step, (c) => [(c[0] + c[1]) / 2, (c[2] + c[3]) / 2]) : this.fullest(), true);
    } else if (event.key === "Enter" && this.here) {
      const [a, b, c, d] = this.here;
      if (this.picked.hidden) this.pick(`${a} <= ${this.data.x} < ${b} and ${c} <= ${this.data.y} < ${d}`, this.here[4]);
      this.follow();
    }
  }
  fullest() { return this.cells.reduce((best, cell) => (cell[4] > best[4] ? cell : best)); }
}

// The next thing in a direction: near, and rather straight ahead than aside.
function nearest(all, from, [dx, dy], placeOf) {
  const [x0, y0] = placeOf(from);
  const places = all.map(placeOf);
  const scaleX = Math.max(...places.map((p) => p[0])) - Math.min(...places.map((p) => p[0])) || 1;
  const scaleY = Math.max(...places.map((p) => p[1])) - Math.min(...places.map((p) => p[1])) || 1;
  let best = from;
  let least = Infinity;
  all.forEach((one, number) => {
    const [ax, ay] = [(places[number][0] - x0) / scaleX, (places[number][1] - y0) / scaleY];
    const ahead = ax * dx + ay * dy;
    const aside = Math.abs(ax * dy) + Math.abs(ay * dx);
    if (ahead > 1e-9 && ahead + 3 * aside < least) { least = ahead + 3 * aside; best = one; }
  });
  return best;
}

const radians = Math.PI / 180;
function centred(ra) { return -((((ra + 180) % 360) + 360) % 360 - 180) * radians; }

const PROJECTIONS = {
  mollweide: {
    forward(ra, dec) {
      const wanted = Math.PI * Math.sin(dec * radians);
      let angle = dec * radians;
      if (Math.abs(dec) > 68) angle = Math.sign(dec) * (Math.PI / 2 - Math.cbrt(0.75 * (Math.PI - Math.abs(wanted))));
      for (let n = 0; n < 12; n += 1) {
        const slope = 2 + 2 * Math.cos(2 * angle);
        if (slope < 1e-12) break;
        angle -= (2 * angle + Math.sin(2 * angle) - wanted) / slope;
      }
      return [2 / Math.PI * centred(ra) * Math.cos(angle), Math.sin(angle)];
    },
    inverse(x, y) {
      if ((x / 2) ** 2 + y ** 2 > 1) return null;
      const angle = Math.asin(y);
      const dec = Math.asin((2 * angle + Math.sin(2 * angle)) / Math.PI) / radians;
      return [(-Math.PI * x / (2 * Math.cos(angle)) / radians + 360) % 360, dec];
    },
  },
  aitoff: {
    forward(ra, dec) {
      const [l, b] = [centred(ra), dec * radians];
      const scale = Math.sqrt(1 + Math.cos(b) * Math.cos(l / 2));
      return [2 * Math.cos(b) * Math.sin(l / 2) / scale, Math.sin(b) / scale];
    },
    inverse(x, y) {
      if ((x / 2) ** 2 + y ** 2 > 1) return null;
      const w = Math.sqrt(Math.max(1 - (x / 2) ** 2 / 2 - y ** 2 / 2, 0));
      const l = 2 * Math.atan2(w * x / Math.SQRT2, 2 * w * w - 1);
      return [(-l / radians + 360) % 360, Math.asin(Math.min(Math.max(Math.SQRT2 * w * y, -1), 1)) / radians];
    },
  },
  field(text) {
    const [ra0, dec0, radius] = text.split(" ").map(Number);
    const border = 2 * Math.sin(Math.min(radius, 180) * radians / 2);
    const c = dec0 * radians;
    return {
      forward(ra, dec) {
        const [l, b] = [(ra - ra0) * radians, dec * radians];
        const towards = Math.sin(c) * Math.sin(b) + Math.cos(c) * Math.cos(b) * Math.cos(l);
        const scale = Math.sqrt(2 / Math.max(1 + towards, 1e-9)) / border;
        return [-scale * Math.cos(b) * Math.sin(l), scale * (Math.cos(c) * Math.sin(b) - Math.sin(c) * Math.cos(b) * Math.cos(l))];
      },
      inverse(x, y) {
        const [px, py] = [-x * border, y * border];
        const rho = Math.hypot(px, py);
        if (rho > 2) return null;
        const angle = 2 * Math.asin(rho / 2);
        if (rho < 1e-12) return [ra0, dec0];
        const dec = Math.asin(Math.cos(angle) * Math.sin(c) + py * Math.sin(angle) * Math.cos(c) / rho) / radians;
        const turn = Math.atan2(px * Math.sin(angle), rho * Math.cos(c) * Math.cos(angle) - py * Math.sin(c) * Math.sin(angle));
        return [((ra0 + turn / radians) % 360 + 360) % 360, dec];
      },
    };
  },
};

class Sky extends Plot {
  constructor(figure) {
    super(figure);
    this.cells = [];
    this.here = null;
    this.from = null;
    this.order = 4;
    this.zooms = new Map();
    this.tools();
    this.area.addEventListener("pointerdown", (event) => this.down(event));
    this.area.addEventListener("pointerup", (event) => this.up(event));
  }
  tools() {
    const bar = this.figure.querySelector(".plot-tools");
    const button = (label, act, text) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "btn btn-sm btn-line";
      made.textContent = text;
      if (text !== label) made.setAttribute("aria-label", label);
      made.addEventListener("click", act);
      bar.append(made);
      return made;
    };
    this.picker = button(words().area, () => this.picking(this.picker.getAttribute("aria-pressed") !== "true"), words().area);
    this.picker.setAttribute("aria-pressed", "false");
    button(words().in, () => this.zoom(1.6), "+");
    button(words().out, () => this.zoom(1 / 1.6), "−");
    button(words().reset, () => { this.clear(); this.zoom(0); }, "⟲");
  }
  picking(on) {
    this.picker.setAttribute("aria-pressed", String(on));
    this.figure.classList.toggle("is-picking", on);
  }
  projection(svg) {
    if (svg.dataset.projection === "field") return PROJECTIONS.field(svg.dataset.field);
    return PROJECTIONS[svg.dataset.projection];
  }
  sphere(svg) { return svg.dataset.sphere.split(" ").map(Number); }
  transform(svg) { return this.zooms.get(svg)?.now ?? { k: 1, x: 0, y: 0 }; }
  place(svg, ra, dec) {
    const [cx, cy, radius] = this.sphere(svg);
    const [x, y] = this.projection(svg).forward(ra, dec);
    return [cx + x * radius, cy - y * radius];
  }
  position(svg, event) {
    const [cx, cy, radius] = this.sphere(svg);
    const at = pointIn(svg, event);
    const { k, x, y } = this.transform(svg);
    return this.projection(svg).inverse(((at.x - x) / k - cx) / radius, -((at.y - y) / k - cy) / radius);
  }
  async prepare() {
    const [cells, d3] = await Promise.all([numbersOf(this.figure.dataset.csv), d3Library()]);
    this.order = cells[0]?.[0] ?? 4;
    this.cells = cells.map(([, , ra, dec, count]) => ({ ra, dec, count }));
    for (const svg of this.area.querySelectorAll("svg")) {
      const { width, height } = svg.viewBox.baseVal;
      const zoom = d3.zoom().scaleExtent([1, 30]).translateExtent([[0, 0], [width, height]]).extent([[0, 0], [width, height]]);
      // The wheel scrolls the page; with Ctrl, by two fingers or when zoomed in, it is the map's.
      zoom.filter((event) => !this.figure.classList.contains("is-picking") && !event.button
        && (event.type === "wheel" ? event.ctrlKey : event.type === "dblclick" || event.touches?.length > 1 || this.transform(svg).k > 1));
      zoom.on("zoom", (event) => {
        const { k, x, y } = event.transform;
        svg.querySelector(".pan").setAttribute("transform", `translate(${x} ${y}) scale(${k})`);
        svg.style.setProperty("--zoom", k);
        svg.classList.toggle("is-zoomed", k > 1);
        this.zooms.get(svg).now = event.transform;
        this.leave();
      });
      this.zooms.set(svg, { zoom, selection: d3.select(svg), now: null });
      d3.select(svg).call(zoom);
    }
  }
  async zoom(factor) {
    if (!this.zooms.size) await this.prepare();
    const svg = seen(this.area);
    const { zoom, selection } = this.zooms.get(svg);
    if (factor) selection.call(zoom.scaleBy, factor);
    else selection.call(zoom.transform, window.d3.zoomIdentity);
  }
  text(cell) { return `RA ${cell.ra.toFixed(2)}°, Dec ${cell.dec.toFixed(2)}°: ${whole(cell.count)} ${words().rows}`; }
  point(cell, aloud) {
    const svg = seen(this.area);
    this.leave();
    if (!svg || !cell) return;
    this.here = cell;
    const [x, y] = this.place(svg, cell.ra, cell.dec);
    const group = svg.querySelector(".pan");
    const { k, x: tx, y: ty } = this.transform(svg);
    element("circle", { class: "plot-mark", cx: x, cy: y, r: 7 / k }, group);
    this.show(this.text(cell), svg, x * k + tx, y * k + ty - 4, aloud);
  }
  hover(event) {
    const svg = seen(this.area);
    const here = svg && this.position(svg, event);
    if (!here) return this.leave();
    if (this.from) return this.draw(svg, this.from, here);
    if (!this.cells.length) return;
    const [px, py] = this.place(svg, here[0], here[1]);
    let best = null;
    let least = 9 / this.transform(svg).k;
    for (const cell of this.cells) {
      const [x, y] = this.place(svg, cell.ra, cell.dec);
      const far = Math.hypot(x - px, y - py);
      if (far < least) { least = far; best = cell; }
    }
    if (best) this.point(best, false); else this.leave();
  }
  key(event) {
    super.key(event);
    if (event.key === "+" || event.key === "-") return void this.zoom(event.key === "+" ? 1.6 : 1 / 1.6);
    const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step && this.cells.length) {
      event.preventDefault();
      const svg = seen(this.area);
      const next = this.here ? nearest(this.cells, this.here, step, (c) => this.place(svg, c.ra, c.dec)) : this.cells[0];
      this.clear();
      this.point(next, true);
    } else if (event.key === "Enter" && this.here) {
      const radius = Number(this.size().toPrecision(3));
      if (this.picked.hidden) this.pick(`cone(${this.here.ra}, ${this.here.dec}, ${radius})`, null);
      this.follow();
    }
  }
  size() {
    // About a cell: as wide as the area of all cells over their number says.
    return Math.sqrt(41252.96 / (12 * 4 ** this.order)) * 0.75;
  }
  down(event) {
    const svg = seen(this.area);
    if (!this.figure.classList.contains("is-picking") || event.button) return;
    const here = svg && this.position(svg, event);
    if (!here) return;
    event.preventDefault();
    this.area.setPointerCapture(event.pointerId);
    this.leave();
    this.from = here;
  }
  up(event) {
    const svg = seen(this.area);
    if (!this.from) return;
    const here = this.position(svg, event) ?? this.last ?? this.from;
    const box = this.draw(svg, this.from, here);
    this.from = null;
    if (Math.abs(box[3] - box[2]) < 1e-9) return this.clear();
    this.pick(`box(${box.map((n) => Number(n.toFixed(4))).join(", ")})`, null);
  }
  // A box of right ascension and declination is bent on the map: it is drawn as it is.
  draw(svg, from, to) {
    this.last = to;
    const turn = centred(from[0] - to[0]) / -radians;
    const [west, east] = turn > 0 ? [to[0], from[0]] : [from[0], to[0]];
    const span = ((east - west) % 360 + 360) % 360;
    const [south, north] = from[1] < to[1] ? [from[1], to[1]] : [to[1], from[1]];
    this.clear();
    const points = [];
    for (let n = 0; n <= 24; n += 1) points.push([west + span * n / 24, south]);
    for (let n = 0; n <= 24; n += 1) points.push([east, south + (north - south) * n / 24]);
    for (let n = 24; n >= 0; n -= 1) points.push([west + span * n / 24, north]);
    for (let n = 24; n >= 0; n -= 1) points.push([west, south + (north - south) * n / 24]);
    let last = null;
    const [, , radius] = this.sphere(svg);
    const path = points.map(([ra, dec]) => {
      const [x, y] = this.place(svg, ra, dec);
      const isFar = !last || Math.hypot(x - last[0], y - last[1]) > radius;
      last = [x, y];
      return `${isFar ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    }).join("");
    element("path", { class: "plot-box", d: path }, svg.querySelector(".pan"));
    return [west % 360, east % 360, south, north];
  }
}

const KINDS = { histogram: Histogram, values: Values, density: Density, sky: Sky };

function enliven(scope) {
  scope.querySelectorAll("figure.plot:not([data-alive])").forEach((figure) => {
    const Kind = KINDS[figure.dataset.plot];
    figure.dataset.alive = "1";
    if (Kind && figure.querySelector(".plot-area svg")) new Kind(figure);
  });
}

// A picture of the drawing: the SVG as a file, painted twice as large.
async function picture(button) {
  const text = await (await fetch(button.dataset.png)).text();
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth * 2;
  canvas.height = image.naturalHeight * 2;
  const paint = canvas.getContext("2d");
  paint.fillStyle = "white";
  paint.fillRect(0, 0, canvas.width, canvas.height);
  paint.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => { canvas.toBlob(done, "image/png"); });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = button.dataset.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-png]");
  if (button) picture(button);
});
document.addEventListener("htmx:load", (event) => enliven(event.target.parentElement ?? document));
enliven(document);
