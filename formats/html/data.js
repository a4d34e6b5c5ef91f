// Reads the columns of numbers that encode.h describes. Times are microseconds since the first tick.
const Data = (() => {
  class Reader {
    constructor(bytes) {
      this.bytes = bytes;
      this.at = 0;
    }

    number() {
      let value = 0;
      let scale = 1;
      for (;;) {
        const byte = this.bytes[this.at++];
        if (byte === undefined) throw new Error('the data of this page is cut off');
        value += (byte & 0x7f) * scale;  // not <<: an hour has more microseconds than 32 bits hold
        if (byte < 0x80) return value;
        scale *= 128;
      }
    }

    column(count, into = new Float64Array(count)) {
      for (let i = 0; i < count; ++i) into[i] = this.number();
      return into;
    }

    text(length) {
      return new TextDecoder().decode(this.bytes.subarray(this.at, this.at += length));
    }
  }

  async function inflated() {
    if (typeof DecompressionStream !== 'function') {
      throw new Error('this browser cannot unpack the timeline (it has no DecompressionStream); a newer one can');
    }
    const text = atob(document.getElementById('gilspy-data').textContent);
    const packed = new Uint8Array(text.length);
    for (let i = 0; i < packed.length; ++i) packed[i] = text.charCodeAt(i);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  // stacks[0] is the one without frames; a parent stands before its children.
  function readStacks(reader) {
    const count = reader.number();
    const parent = new Int32Array(count + 1);
    const frame = new Int32Array(count + 1).fill(-1);
    for (let i = 1; i <= count; ++i) {
      const distance = reader.number();
      parent[i] = distance === 0 ? 0 : i - distance;
    }
    for (let i = 1; i <= count; ++i) frame[i] = reader.number();
    return { count: count + 1, parent, frame };
  }

  function positions(holes, lengths) {
    const count = lengths.length;
    const from = new Float64Array(count);
    const to = new Float64Array(count);
    let at = 0;
    for (let i = 0; i < count; ++i) {
      from[i] = at + holes[i];
      to[i] = from[i] + lengths[i];
      if (lengths[i] > 0) at = to[i];
    }
    return { count, from, to };
  }

  function readLane(reader, activities) {
    const count = reader.number();
    const activity = reader.column(count, new Uint8Array(count));
    const lane = positions(Array.from(activity, (kind) => (kind >= activities ? reader.number() : 0)), reader.column(count));
    lane.stack = reader.column(count, new Int32Array(count));
    lane.activity = activity.map((kind) => kind % activities);
    const mayHaveLock = (kind) => kind === LOCK || kind === STOP || kind === BLOCKED;
    lane.lock = Uint16Array.from(lane.activity, (kind) => (mayHaveLock(kind) ? reader.number() : 0));
    return lane;
  }

  function readTenures(reader) {
    const count = reader.number();
    const holder = reader.column(count, new Int32Array(count));
    const tenures = positions(reader.column(count), reader.column(count));
    tenures.holder = holder;
    tenures.unseen = reader.column(count);
    return tenures;
  }

  function readCpus(reader) {
    const count = reader.number();
    const cpus = positions(reader.column(count), reader.column(count));
    cpus.used = reader.column(count).map((thousandths) => thousandths / 1000);
    return cpus;
  }

  const list = (reader, read) => Array.from({ length: reader.number() }, () => read(reader));

  async function load() {
    const reader = new Reader(await inflated());
    const model = JSON.parse(reader.text(reader.number()));
    model.stacks = readStacks(reader);
    model.lanes = list(reader, (r) => readLane(r, model.activities.length));
    model.tenures = list(reader, readTenures);
    model.cpuUse = readCpus(reader);
    while (model.lanes.length < model.threads.length) model.lanes.push(readLane(new Reader([0]), 8));
    return model;
  }

  return { load, profile: () => JSON.parse(document.getElementById('gilspy-profile').textContent) };
})();
