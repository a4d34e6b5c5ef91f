// A picture of the rows in a range of time, with what is pointed at and what is selected drawn on a second canvas.
class Timeline {
  static GAP = 3;
  static AXIS = 20;

  // on: { hover(text lines or null), select(a, b), view(a, b) }; `fixed`: an excerpt, which does not zoom
  constructor(box, model, { fixed = false, on }) {
    this.model = model;
    this.fixed = fixed;
    this.on = on;
    this.picture = box.appendChild(document.createElement('canvas'));
    this.overlay = box.appendChild(document.createElement('canvas'));
    this.overlay.className = 'overlay';
    this.picture.setAttribute('role', 'img');
    this.box = box;
    this.view = [0, model.duration_us];
    this.selection = null;
    this.pointer = null;
    this.rows = [];
    new Pointer(this);
  }

  setRows(rows) {
    this.rows = rows;
    let y = Timeline.AXIS;
    for (const row of rows) {
      row.y = y;
      y += row.height + Timeline.GAP;
    }
    this.height = y + 2;
    this.draw();
  }

  setView(a, b) {
    if (this.fixed) return;
    const whole = this.model.duration_us;
    const length = Math.min(Math.max(b - a, Math.min(20, whole)), whole);
    const from = Math.min(Math.max((a + b - length) / 2, 0), whole - length);
    this.view = [from, from + length];
    this.draw();
    this.on.view(...this.view);
  }

  zoom(factor, at = (this.view[0] + this.view[1]) / 2) {
    const [a, b] = this.view;
    this.setView(at - (at - a) * factor, at + (b - at) * factor);
  }

  pan(share) {
    const [a, b] = this.view;
    this.setView(a + (b - a) * share, b + (b - a) * share);
  }

  isWhole() {
    return this.view[1] - this.view[0] >= this.model.duration_us;
  }

  // ---- geometry

  resize() {
    this.width = Math.max(this.box.clientWidth, 200);
    this.gutter = this.width < 560 ? 92 : 168;
    for (const canvas of [this.picture, this.overlay]) this.dpr = Look.sized(canvas, this.width, this.height).dpr;
    this.box.style.height = this.height + 'px';
  }

  x(time) {
    const [a, b] = this.view;
    return this.gutter + ((time - a) / (b - a)) * (this.width - this.gutter);
  }

  time(x) {
    const [a, b] = this.view;
    const share = (x - this.gutter) / (this.width - this.gutter);
    return a + (b - a) * Math.min(Math.max(share, 0), 1);
  }

  rowAt(y) {
    return this.rows.find((row) => y >= row.y && y < row.y + row.height + Timeline.GAP);
  }

  // ---- drawing

  draw() {
    if (!this.height) return;
    this.resize();
    this.colours = Look.colours();
    const context = this.picture.getContext('2d');
    context.clearRect(0, 0, this.width, this.height);
    this.drawAxis(context);
    this.drawLanes(context);
    for (const row of this.rows) this.drawLabel(context, row);
    this.drawNames(context);
    this.drawHandOffs(context);
    this.drawOverlay();
    this.picture.setAttribute('aria-label', this.description());
  }

  description() {
    const [a, b] = this.view;
    return `Timeline from ${Words.moment(a, b - a)} to ${Words.moment(b, b - a)}, a lane for each thread. ` +
      'The tables below have the same numbers.';
  }

  drawAxis(context) {
    const [a, b] = this.view;
    const step = Words.tick((b - a) / Math.max((this.width - this.gutter) / 90, 2));
    context.font = Look.small;
    context.textBaseline = 'middle';
    context.textAlign = 'left';
    for (let time = Math.ceil(a / step) * step; time <= b; time += step) {
      const x = Math.round(this.x(time)) + 0.5;
      context.strokeStyle = this.colours.grid;
      context.beginPath();
      context.moveTo(x, Timeline.AXIS - 6);
      context.lineTo(x, this.height);
      context.stroke();
      const text = Words.moment(time, step);
      context.fillStyle = this.colours.quiet;
      if (x + 4 + context.measureText(text).width < this.width) context.fillText(text, x + 4, 8);
    }
  }

  drawLanes(context) {
    const image = context.createImageData((this.width - this.gutter) * this.dpr, this.height * this.dpr);
    const range = { a: this.view[0], b: this.view[1], columns: image.width, dpr: this.dpr };
    for (const row of this.rows) this.paintRow(image, row, range);
    // Through a canvas of its own, since pixels put directly would erase the grid.
    const layer = new OffscreenCanvas(image.width, image.height);
    layer.getContext('2d').putImageData(image, 0, 0);
    context.drawImage(layer, this.gutter, 0, this.width - this.gutter, this.height);
  }

  paintRow(image, row, range) {
    const top = row.y * this.dpr;
    const height = row.height * this.dpr;
    if (row.kind === 'track') {
      const shares = Paint.shares(row.lanes, Paint.LOOKS.length, (lane, i) => lane.activity[i], range);
      Paint.stack(image, shares, Paint.LOOKS, Paint.ORDER, top, height, this.dpr);
    } else if (row.kind === 'owner') {
      this.paintOwners(image, row, range, top, height);
    } else if (row.kind === 'waiters') {
      Paint.area(image, row.steps, row.steps.value, row.steps.most, Paint.LOOKS[WAITS].colour, top, height, range);
    } else if (row.kind === 'cpus') {
      const { cpuUse } = this.model;
      Paint.area(image, cpuUse, cpuUse.used, row.most, this.colours.cpu, top, height, range);
    }
  }

  // One colour where single tenures are too short to be seen.
  paintOwners(image, { tenures }, range, top, height) {
    const looks = Paint.OWNERS.map((colour) => ({ colour, height: 1 }));
    const inView = Sums.firstAfter(tenures, range.b) - Sums.firstAfter(tenures, range.a);
    const shade = inView * 3 > range.columns ? () => 0 : (_, i) => this.model.shadeOf[tenures.holder[i]];
    Paint.stack(image, Paint.shares([tenures], looks.length, shade, range), looks, [0, 1, 2, 3], top, height, this.dpr);
  }

  drawLabel(context, row) {
    const { colours } = this;
    context.font = row.kind === 'track' ? Look.normal : Look.small;
    context.fillStyle = row.kind === 'track' ? colours.text : colours.quiet;
    context.textBaseline = 'middle';
    context.textAlign = 'left';
    const middle = row.y + row.height / 2 + 1;
    const room = (row.kind === 'group' ? this.width : this.gutter) - 10;  // nothing is drawn beside the name of a group
    const most = row.kind === 'waiters' ? row.steps.most : row.kind === 'cpus' ? Words.number(row.most) : 0;
    const scale = most ? `0–${most}` : row.count > 1 ? `× ${Words.grouped(row.count)}` : '';
    const used = scale && (room > 110 || row.count > 1) ? context.measureText(scale).width + 6 : 0;
    context.fillText(Words.cut(context, row.name, room - used), 0, middle);
    if (used > 0) {
      context.textAlign = 'right';
      context.fillText(scale, this.gutter - 8, middle);
    }
    if (row.kind === 'group') return;
    context.fillStyle = colours.line;
    context.fillRect(this.gutter, row.y + row.height, this.width - this.gutter, 1);
  }

  // Names in the blocks that have room for them: the function that runs, the thread that owns the GIL.
  drawNames(context) {
    context.font = Look.small;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.fillStyle = '#000';
    const runs = (activity) => activity === HOLDS || activity === RUNS;  // over a hatching nobody could read them
    for (const row of this.rows) {
      if (row.kind === 'owner') {
        const { holder } = row.tenures;
        this.nameBlocks(context, row, row.tenures, (i, k) => holder[i] === holder[k], (i) => this.model.threads[holder[i]]?.name || '');
      }
      for (const lane of row.kind === 'track' ? row.lanes : []) {
        this.nameBlocks(context, row, lane, (i, k) => lane.activity[i] === lane.activity[k],
          (i, end) => (runs(lane.activity[i]) ? this.mainFunction(lane, i, end) : ''));
      }
    }
  }

  // Where a thread runs: the function that has most of [first, end).
  mainFunction(lane, first, end) {
    const times = new Map();
    for (let i = first; i < end; ++i) times.set(lane.stack[i], (times.get(lane.stack[i]) || 0) + lane.to[i] - lane.from[i]);
    const byFunction = new Map();
    for (const [stack, time] of times) {
      const frame = this.model.stacks.frame[stack];
      const name = frame < 0 ? '' : this.model.functions[this.model.function_of[frame]].replace(/ \([^()]*\)$/, '');
      byFunction.set(name, (byFunction.get(name) || 0) + time);
    }
    return Array.from(byFunction).sort((x, y) => y[1] - x[1])[0][0];
  }

  nameBlocks(context, row, lane, same, textOf) {
    const [a, b] = this.view;
    const least = (28 * (b - a)) / (this.width - this.gutter);
    const begin = Sums.firstAfter(lane, a);
    if (Sums.firstAfter(lane, b) - begin > 2 * this.width) return;  // too short to be named, and too many to look at
    for (let i = begin; i < lane.count && lane.from[i] < b;) {
      let end = i + 1;
      while (end < lane.count && lane.from[end] < b && lane.from[end] === lane.to[end - 1] && same(i, end)) ++end;
      const from = Math.max(lane.from[i], a);
      const to = Math.min(lane.to[end - 1], b);
      const text = to - from >= least ? textOf(i, end) : '';
      const room = this.x(to) - this.x(from) - 6;
      if (text) context.fillText(Words.cut(context, text, room), this.x(from) + 3, row.y + row.height / 2 + 1);
      i = end;
    }
  }

  // Arrows from who let go to who took it, as long as they can be told apart.
  drawHandOffs(context) {
    const [a, b] = this.view;
    const rowOf = new Map();
    for (const row of this.rows) if (row.kind === 'track') for (const thread of row.threads) rowOf.set(thread, row);
    const arrows = [];
    for (const tenures of this.model.tenures) {
      for (let i = Math.max(Sums.firstAfter(tenures, a), 1); i < tenures.count && tenures.from[i] < b; ++i) {
        const from = rowOf.get(tenures.holder[i - 1]);
        const to = rowOf.get(tenures.holder[i]);
        if (from && to && from !== to && tenures.from[i] >= a) arrows.push([this.x(this.startOfHolding(tenures, i)), from, to]);
        if (arrows.length > 200) return;
      }
    }
    if (arrows.length * 8 > this.width - this.gutter) return;
    context.strokeStyle = context.fillStyle = this.colours.text;
    for (const [x, from, to] of arrows) Timeline.arrow(context, x, from.y + from.height / 2, to.y + to.height / 2);
  }

  // Tenures are dated more finely than stretches: an arrow stands where the lane shows that the thread begins to hold it.
  startOfHolding(tenures, i) {
    const begin = tenures.from[i];
    const lane = this.model.lanes[tenures.holder[i]];
    const near = 2000;  // microseconds
    for (let k = Sums.firstAfter(lane, begin - near); k < lane.count && lane.from[k] < begin + near; ++k) {
      const before = k > 0 && lane.to[k - 1] === lane.from[k] && lane.activity[k - 1] <= OFF_CPU;
      if (lane.activity[k] <= OFF_CPU && !before && lane.from[k] > begin - near) return lane.from[k];
    }
    return begin;
  }

  static arrow(context, x, from, to) {
    const tip = to > from ? -4 : 4;
    context.beginPath();
    context.moveTo(x, from);
    context.lineTo(x, to + tip / 2);
    context.stroke();
    context.beginPath();
    context.moveTo(x, to);
    context.lineTo(x - 3, to + tip * 1.4);
    context.lineTo(x + 3, to + tip * 1.4);
    context.fill();
  }

  drawOverlay() {
    const context = this.overlay.getContext('2d');
    context.clearRect(0, 0, this.width, this.height);
    const [a, b] = this.view;
    if (this.marked && this.marked[1] > a && this.marked[0] < b) this.drawMark(context);
    if (this.selection) this.drawSelection(context);
    if (this.pointer !== null && this.pointer >= a && this.pointer <= b) {
      context.fillStyle = this.colours.text;
      context.fillRect(Math.round(this.x(this.pointer)), Timeline.AXIS - 4, 1, this.height);
    }
  }

  // Where the excerpt is from: a bracket below the lanes, never narrower than it can be seen.
  drawMark(context) {
    const [from, to] = this.markedPixels();
    context.fillStyle = this.colours.text;
    context.fillRect(from, Timeline.AXIS - 4, to - from, 2);
    context.strokeStyle = this.colours.text;
    context.strokeRect(from - 0.5, Timeline.AXIS - 4.5, to - from + 1, this.height);
  }

  markedPixels() {
    const from = Math.round(this.x(this.marked[0]));
    return [from, Math.max(Math.round(this.x(this.marked[1])), from + 2)];
  }

  drawSelection(context) {
    const clamp = (x) => Math.min(Math.max(x, this.gutter), this.width);
    const [from, to] = this.selection.map((time) => clamp(this.x(time)));
    context.fillStyle = this.colours.veil;
    context.fillRect(this.gutter, Timeline.AXIS - 4, from - this.gutter, this.height);
    context.fillRect(to, Timeline.AXIS - 4, this.width - to, this.height);
    context.fillStyle = this.colours.accent;
    for (const x of [from - 1, to]) context.fillRect(x, Timeline.AXIS - 8, 1.5, this.height);
    context.fillRect(from, Timeline.AXIS - 8, to - from, 3);
  }

  // ---- what is under the pointer

  describe(time, row) {
    const lines = [Words.moment(time, (this.view[1] - this.view[0]) / 1000)];
    if (!row) return lines;
    if (row.kind === 'waiters') {
      const i = Sums.at(row.steps, time);
      return lines.concat(Words.count(i < 0 ? 0 : row.steps.value[i], 'thread') + ' waiting for the GIL');
    }
    if (row.kind === 'cpus') {
      const i = Sums.at(this.model.cpuUse, time);
      return lines.concat(i < 0 ? 'not known' : `${this.model.cpuUse.used[i].toFixed(2)} CPUs in use of ${Words.number(this.model.cpus)}`);
    }
    if (row.kind === 'owner') return lines.concat(this.describeOwner(row.tenures, time));
    return row.kind === 'track' ? lines.concat(this.describeThread(row, time)) : lines;
  }

  describeOwner(tenures, time) {
    const i = Sums.at(tenures, time);
    if (i < 0) return ['nobody holds the GIL'];
    const thread = this.model.threads[tenures.holder[i]] || { name: 'a thread', tid: '?' };
    return [`${Words.thread(thread)} has the GIL for ${Words.time(tenures.to[i] - tenures.from[i])}`];
  }

  describeThread(row, time) {
    for (const thread of row.threads) {
      const lane = this.model.lanes[thread];
      const i = Sums.at(lane, time);
      if (i < 0) continue;
      const what = this.model.activities[lane.activity[i]].words;
      const lines = [Words.thread(this.model.threads[thread]), `${what} for ${Words.time(lane.to[i] - lane.from[i])} with this stack`];
      if (lane.lock[i] > 0) lines.push(`waits for: ${this.model.locks[lane.lock[i] - 1]}`);
      if (lane.activity[i] === WAITS) lines.push(...this.describeHolder(this.model.threads[thread].gil, time));
      return lines.concat(this.stackLines(lane.stack[i]));
    }
    return ['not there at this time'];
  }

  describeHolder(gil, time) {
    const held = this.model.held[gil];
    const i = Sums.at(held, time);
    if (i < 0) return ['nobody holds the GIL: it is being handed over'];
    const frame = this.model.stacks.frame[held.stack[i]];
    return [`${Words.thread(this.model.threads[held.thread[i]])} holds it${frame < 0 ? '' : ' in ' + this.model.frames[frame]}`];
  }

  stackLines(stack) {
    const { parent, frame } = this.model.stacks;
    const lines = [];
    for (let at = stack; at !== 0; at = parent[at]) lines.push('  ' + this.model.frames[frame[at]]);
    const more = lines.length - 14;
    return more > 1 ? lines.slice(0, 14).concat(`  ... ${more} more`) : lines;
  }
}

// Mouse and touch on a timeline: drag selects, shift or the middle button pans, the wheel zooms at the pointer.
class Pointer {
  constructor(timeline) {
    this.timeline = timeline;
    this.drag = null;
    const canvas = timeline.overlay;
    canvas.addEventListener('pointerdown', (e) => this.down(e));
    canvas.addEventListener('pointermove', (e) => this.move(e));
    canvas.addEventListener('pointerup', (e) => this.up(e));
    canvas.addEventListener('pointercancel', () => { this.drag = null; });
    canvas.addEventListener('pointerleave', () => this.point(null));
    canvas.addEventListener('dblclick', () => timeline.setView(0, timeline.model.duration_us));
    canvas.addEventListener('wheel', (e) => this.wheel(e), { passive: false });
  }

  down(e) {
    const { timeline } = this;
    if (e.button > 1 || e.offsetX < timeline.gutter) return;
    const pan = (e.shiftKey || e.button === 1) && !timeline.fixed;
    this.drag = { pan, x: e.offsetX, start: timeline.time(e.offsetX), view: timeline.view, moved: false };
    timeline.overlay.setPointerCapture(e.pointerId);
    if (e.button === 1) e.preventDefault();
  }

  move(e) {
    const { timeline, drag } = this;
    if (drag && Math.abs(e.offsetX - drag.x) > 3) drag.moved = true;
    if (!drag || !drag.moved) return this.point(e);
    if (drag.pan) {
      const [a, b] = drag.view;
      const shift = ((drag.x - e.offsetX) / (timeline.width - timeline.gutter)) * (b - a);
      timeline.setView(a + shift, b + shift);
    } else {
      const now = timeline.time(e.offsetX);
      timeline.on.select(Math.min(drag.start, now), Math.max(drag.start, now));
    }
    return undefined;
  }

  up(e) {
    const { drag } = this;
    this.drag = null;
    if (drag && !drag.moved && e.button === 0 && e.pointerType !== 'touch') this.timeline.on.select(null);
  }

  point(e) {
    const { timeline } = this;
    timeline.pointer = e && e.offsetX >= timeline.gutter ? timeline.time(e.offsetX) : null;
    timeline.drawOverlay();
    timeline.on.hover(timeline.pointer === null ? null : timeline.describe(timeline.pointer, timeline.rowAt(e.offsetY)), e);
  }

  wheel(e) {
    const { timeline } = this;
    const sideways = e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY);
    if (timeline.fixed || e.ctrlKey || (timeline.isWhole() && (sideways || e.deltaY > 0))) return;  // the page scrolls
    e.preventDefault();
    if (sideways) timeline.pan((e.deltaX || e.deltaY) / 1000);
    else timeline.zoom(Math.exp(e.deltaY / 400), timeline.time(e.offsetX));
  }
}
