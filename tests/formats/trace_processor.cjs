// The trace processor of Perfetto, in the WebAssembly build that its viewer uses, under node.
//   node trace_processor.cjs FOLDER_OF_THE_VIEWER TRACE <queries.json
// Queries are a JSON object, name to SQL; prints name to rows, a row being an object by columns.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const [folder, trace] = process.argv.slice(2);
const PIECE = 1 << 24;
const APPEND = { method: 1, request: 101, response: 201 };
const FINISH = { method: 2, response: 212 };
const QUERY = { method: 3, request: 103, response: 203 };
const STATUS = { method: 10, response: 210 };

// The bundle is a browser's worker: it gets what it asks its browser for.
function becomeABrowser() {
  globalThis.self = globalThis;
  globalThis.WorkerGlobalScope = function WorkerGlobalScope() {};
  globalThis.importScripts = () => {};
  globalThis.location = { href: `file://${folder}/engine_bundle.js` };
  globalThis.fetch = async (url) => {
    const wasm = fs.readFileSync(path.join(folder, path.basename(String(url))));
    return new Response(wasm, { headers: { 'content-type': 'application/wasm' } });
  };
  globalThis.XMLHttpRequest = class {
    open(_, url) { this.url = url; }
    send() {
      const bytes = fs.readFileSync(path.join(folder, path.basename(this.url)));
      this.status = 200;
      this.response = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    }
  };
  Object.defineProperty(process, 'versions', { value: { ...process.versions, node: undefined } });
  process.type = 'renderer';
  const file = path.join(folder, 'engine_bundle.js');
  vm.runInThisContext(fs.readFileSync(file, 'utf8'), { filename: file });
}

// Protobuf by hand: the few messages that go to and fro.
function varint(number) {
  const bytes = [];
  let rest = BigInt(number);
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest ? low | 128 : low);
  } while (rest);
  return Buffer.from(bytes);
}
const bytesField = (field, bytes) => Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
const numberField = (field, number) => Buffer.concat([varint(field << 3), varint(number)]);

class Reader {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  get more() { return this.at < this.bytes.length; }
  varint() {
    let number = 0n, shift = 0n, byte;
    do {
      byte = this.bytes[this.at++];
      number |= BigInt(byte & 127) << shift;
      shift += 7n;
    } while (byte & 128);
    return number;
  }
  take(length) { this.at += length; return this.bytes.subarray(this.at - length, this.at); }
}

function* fieldsOf(bytes) {
  for (const reader = new Reader(bytes); reader.more;) {
    const key = Number(reader.varint());
    const wire = key & 7;
    if (wire === 0) yield [key >>> 3, reader.varint()];
    else if (wire === 2) yield [key >>> 3, reader.take(Number(reader.varint()))];
    else if (wire === 1 || wire === 5) yield [key >>> 3, reader.take(wire === 1 ? 8 : 4)];
    else throw new Error(`wire type ${wire}`);
  }
}
const field = (bytes, wanted) => [...fieldsOf(bytes)].filter(([number]) => number === wanted).map(([, value]) => value);

// One call at a time; an answer to a query comes in several pieces.
class Processor {
  constructor() {
    this.port = { onmessage: null, postMessage: (bytes) => this.receive(Buffer.from(bytes)) };
    this.received = Buffer.alloc(0);
    this.sequence = 0;
    self.onmessage({ data: this.port });
  }

  receive(bytes) {
    this.received = Buffer.concat([this.received, bytes]);
    for (let length; (length = this.wholeMessage()) !== null;) {
      const reader = new Reader(this.received);
      reader.varint();
      const message = reader.take(Number(reader.varint()));
      this.received = this.received.subarray(length);
      this.answer(message);
    }
  }

  wholeMessage() {
    const reader = new Reader(this.received);
    if (this.received.length < 2) return null;
    reader.varint();
    let at = reader.at;
    while (at < this.received.length && this.received[at] & 128) at++;
    if (at >= this.received.length) return null;
    const length = Number(reader.varint()) + reader.at;
    return length <= this.received.length ? length : null;
  }

  answer(message) {
    const [fatal] = field(message, 5);
    if (fatal) return this.call.reject(new Error(fatal.toString()));
    const [piece] = field(message, this.call.kind.response);
    if (piece) this.call.pieces.push(piece);
    const batches = this.call.kind === QUERY && piece ? field(piece, 3) : [];
    const last = batches.length === 0 || batches.some((batch) => field(batch, 6).some(Boolean));
    if (last) this.call.resolve(Buffer.concat(this.call.pieces));
  }

  request(kind, content) {
    return new Promise((resolve, reject) => {
      this.call = { kind, resolve, reject, pieces: [] };
      const parts = [numberField(1, ++this.sequence), numberField(2, kind.method)];
      if (content) parts.push(bytesField(kind.request, content));
      this.port.onmessage({ data: new Uint8Array(bytesField(1, Buffer.concat(parts))) });
    });
  }

  async load(file) {
    const bytes = fs.readFileSync(file);
    for (let at = 0; at < bytes.length; at += PIECE) {
      const [error] = field(await this.request(APPEND, bytes.subarray(at, at + PIECE)), 2);
      if (error) throw new Error(`cannot read the trace: ${error}`);
    }
    const [error] = field(await this.request(FINISH), 1);
    if (error) throw new Error(`cannot finish the trace: ${error}`);
  }

  async query(sql) {
    const answer = await this.request(QUERY, bytesField(1, Buffer.from(sql)));
    const [error] = field(answer, 2);
    if (error && error.length) throw new Error(`${sql}: ${error}`);
    const columns = field(answer, 1).map(String);
    const cells = field(answer, 3).flatMap(cellsOf);
    const rows = [];
    for (let at = 0; at < cells.length; at += columns.length) {
      rows.push(Object.fromEntries(columns.map((column, i) => [column, cells[at + i]])));
    }
    return rows;
  }
}

// A batch: the kinds of its cells, and for each kind the values one after the other.
function cellsOf(batch) {
  const kinds = [], numbers = [], reals = [];
  let texts = [];
  for (const [number, value] of fieldsOf(batch)) {
    if (number === 1) kinds.push(...value);
    if (number === 2) for (const reader = new Reader(value); reader.more;) numbers.push(BigInt.asIntN(64, reader.varint()));
    if (number === 3) for (let at = 0; at + 8 <= value.length; at += 8) reals.push(value.readDoubleLE(at));
    if (number === 5) texts = value.toString().split('\0');
  }
  const values = { 2: numbers.values(), 3: reals.values(), 4: texts.values() };
  return kinds.map((kind) => (values[kind] ? values[kind].next().value : null));
}

async function started(processor) {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      return await processor.request(STATUS);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error('the trace processor does not start');
}

async function main() {
  const queries = JSON.parse(fs.readFileSync(0, 'utf8'));
  becomeABrowser();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const processor = new Processor();
  await started(processor);
  await processor.load(trace);
  const answers = {};
  for (const [name, sql] of Object.entries(queries)) answers[name] = await processor.query(sql);
  const text = JSON.stringify(answers, (_, value) => (typeof value === 'bigint' ? Number(value) : value));
  fs.writeFileSync(1, text);  // all of it before the process ends
  process.exit(0);
}

main().catch((error) => { console.error(String(error.stack || error)); process.exit(1); });
