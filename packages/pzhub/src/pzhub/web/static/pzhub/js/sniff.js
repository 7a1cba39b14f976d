// What a file is, seen from its first or last bytes: names of columns before anything is sent.
// It only helps to choose; the server reads the file by its own rules.

const HEAD_BYTES = 65536;
const FITS_BLOCK = 2880;
const MOST_FITS_BLOCKS = 400;
const MOST_FOOTER_BYTES = 16e6;

export async function sniff(file) {
  try {
    const name = file.name.toLowerCase();
    if (/\.(parquet|pq)$/.test(name)) return await parquet(file);
    if (/\.(fits|fit)$/.test(name)) return await fits(file);
    if (/\.(csv|tsv|txt|dat)$/.test(name)) return await text(file);
  } catch { /* damaged, or of another kind: the server will say */ }
  return null;
}

async function text(file) {
  const lines = (await file.slice(0, HEAD_BYTES).text()).split(/\r?\n/);
  let head = lines.find((line) => line.trim() && !line.startsWith("#"));
  if (head === undefined) return null;
  const counts = [",", "\t", ";", "|"].map((mark) => [head.split(mark).length, mark]);
  const [most, mark] = counts.reduce((best, each) => (each[0] > best[0] ? each : best));
  const fields = (most > 1 ? head.split(mark) : head.trim().split(/\s+/)).map((field) => field.trim().replace(/^"(.*)"$/, "$1"));
  const isHeader = fields.every((field) => field !== "" && Number.isNaN(Number(field)));
  return { columns: isHeader ? fields : [], n: fields.length, rows: null };
}

async function fits(file) {
  let at = 0;
  for (let unit = 0; unit < 20 && at < file.size; unit += 1) {
    const [cards, end] = await fitsHeader(file, at);
    const number = (key) => Number(cards.get(key) ?? 0);
    if (cards.get("XTENSION")?.startsWith("BINTABLE") || cards.get("XTENSION")?.startsWith("TABLE")) {
      const columns = Array.from({ length: number("TFIELDS") }, (_, i) => cards.get(`TTYPE${i + 1}`) ?? `col${i + 1}`);
      return { columns, n: columns.length, rows: number("NAXIS2") };
    }
    let bytes = number("NAXIS") ? Math.abs(number("BITPIX")) / 8 : 0;
    for (let axis = 1; axis <= number("NAXIS"); axis += 1) bytes *= number(`NAXIS${axis}`);
    at = end + Math.ceil((bytes + number("PCOUNT")) / FITS_BLOCK) * FITS_BLOCK;
  }
  return null;
}

async function fitsHeader(file, start) {
  const cards = new Map();
  for (let block = 0; block < MOST_FITS_BLOCKS; block += 1) {
    const at = start + block * FITS_BLOCK;
    const lines = await file.slice(at, at + FITS_BLOCK).text();
    if (lines.length < FITS_BLOCK) break;
    for (let i = 0; i < FITS_BLOCK; i += 80) {
      const card = lines.slice(i, i + 80), key = card.slice(0, 8).trim();
      if (key === "END") return [cards, at + FITS_BLOCK];
      const quoted = /^'((?:[^']|'')*)'/.exec(card.slice(10).trim());
      cards.set(key, quoted ? quoted[1].trim() : card.slice(10).split("/")[0].trim());
    }
  }
  throw new Error("no end of the header");
}

async function parquet(file) {
  const tail = new DataView(await file.slice(-8).arrayBuffer());
  const length = tail.getUint32(0, true);
  if (tail.getUint32(4, true) !== 0x31524150 || length > Math.min(MOST_FOOTER_BYTES, file.size)) return null;
  const footer = new Thrift(new DataView(await file.slice(-8 - length, -8).arrayBuffer())).struct();
  const elements = footer.get(2) ?? [];
  const columns = [];
  // The first element is the root; only its own children are columns.
  for (let i = 1; i < elements.length; i = skipped(elements, i)) columns.push(elements[i].get(4));
  return { columns, n: columns.length, rows: Number(footer.get(3) ?? 0) };
}

function skipped(elements, i) {
  let next = i + 1;
  for (let child = 0; child < (elements[i].get(5) ?? 0); child += 1) next = skipped(elements, next);
  return next;
}

// Thrift's compact protocol, as far as the footer of Parquet needs it.
class Thrift {
  constructor(view) { [this.view, this.at] = [view, 0]; }

  byte() { return this.view.getUint8(this.at++); }

  varint() {
    let value = 0n, shift = 0n, byte;
    do { byte = this.byte(); value |= BigInt(byte & 127) << shift; shift += 7n; } while (byte & 128);
    return value;
  }

  integer() { const value = this.varint(); return Number((value >> 1n) ^ -(value & 1n)); }

  binary() {
    const length = Number(this.varint());
    const bytes = new Uint8Array(this.view.buffer, this.view.byteOffset + this.at, length);
    this.at += length;
    return new TextDecoder().decode(bytes);
  }

  value(type) {
    if (type === 1) return true;
    if (type === 2) return false;
    if (type === 3) return this.byte();
    if (type >= 4 && type <= 6) return this.integer();
    if (type === 7) { this.at += 8; return null; }
    if (type === 8) return this.binary();
    if (type === 9 || type === 10) return this.list();
    if (type === 12) return this.struct();
    throw new Error(`a type of Thrift that Parquet does not use: ${type}`);
  }

  list() {
    const head = this.byte(), type = head & 15;
    const size = head >> 4 === 15 ? Number(this.varint()) : head >> 4;
    return Array.from({ length: size }, () => (type <= 2 ? this.byte() === 1 : this.value(type)));
  }

  struct() {
    const fields = new Map();
    for (let id = 0, head = this.byte(); head !== 0; head = this.byte()) {
      id = head >> 4 ? id + (head >> 4) : this.integer();
      fields.set(id, this.value(head & 15));
    }
    return fields;
  }
}

// Which type of product columns speak for; "" when they say nothing.
export function likelyType(name, columns) {
  const lower = columns.map((column) => column.toLowerCase());
  const some = (pattern) => lower.some((column) => pattern.test(column));
  const count = (pattern) => lower.filter((column) => pattern.test(column)).length;
  if (/\.(pkl|pickle|joblib|onnx|pt)$/i.test(name)) return "training_results";
  if (!columns.length) return "";
  const hasPosition = some(/^(ra|alpha|_?ra_?j?2000|raj2000|.*[._]ra|ra[._-].*|coord_ra|target_ra)$/) && some(/^(dec?|delta|dej2000|_?dec?_?j?2000|.*[._]dec|dec[._-].*|coord_dec|target_dec)$/);
  const hasPhotometry = count(/^(mag|flux|[ugrizy]_|.*mag_?[ugrizy]|.*_[ugrizy]_)|cmodel|psfflux|(^|_)(mag|flux)/) >= 6;
  const hasEstimates = some(/^(z_?phot|photo_?z|z_?mode|z_?mean|z_?median|zbest_phot|z_b|odds)$/);
  const hasRedshift = some(/^(z|z_?spec|spec_?z|redshift|z_?best|z_?true|z_helio|zcosmo|cz|z_?cmb)$/);
  if (hasEstimates && !hasRedshift) return "photoz_estimates";
  const hasFlag = some(/^(z_?flags?|zflg|z_?qual(ity)?|quality|q_?z|zq|zwarn|z_?conf.*|.*spec_?(flag|qual).*|.*qop|flag_z)$/);
  if (hasRedshift && hasPhotometry && !(hasFlag && hasPosition)) return "training_set";
  if (hasRedshift && hasPosition) return "redshift_catalog";
  if (hasPosition && !hasRedshift) return "object_catalog";
  return hasRedshift && hasEstimates ? "validation_results" : "";
}
