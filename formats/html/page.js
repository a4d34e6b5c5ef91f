// Puts the parts together: whatever is selected in the timeline, everything below shows.
const el = (id) => document.getElementById(id);

class Page {
  constructor(model, profile) {
    this.model = model;
    this.profile = profile;
    this.selection = null;
    this.view = model.options.view;
    model.whole = Sums.activities(model, 0, model.duration_us + 1);
    model.held = Sums.holdings(model);
    model.waiters = model.gils.map((_, gil) => Sums.waiterSteps(model, gil));
    this.makeTimelines();
    this.makeDetails();
    this.wholeTiles = new Map(Array.from(el('tiles').children, (tile) => [tile.dataset.key, Array.from(tile.lastElementChild.childNodes)]));
    this.listen();
    this.update();
  }

  // The page without its timeline still has tables, from the profile alone.
  static withoutTimeline(profile, reason) {
    el('timeline-box').hidden = true;
    el('graph').hidden = true;
    el('functions').closest('section').hidden = true;
    const note = el('trouble');
    note.hidden = false;
    note.textContent = `No timeline and no flame graphs: ${reason}. All else on this page is complete.`;
    const threads = Page.threadsOf(profile);
    const activities = Object.keys((threads[0] || { activities: {} }).activities).map((key) => ({ key, words: key.replaceAll('_', ' ') }));
    if (activities.length === 0) return;
    const model = { activities, threads: threads.map((thread) => ({ ...thread, cpu_us: 0 })) };
    Tables.threads(el('threads'), model).setRows(Tables.threadRows(model, Page.timesOf(threads)));
  }

  // Of all processes, in the order of the timeline.
  static threadsOf(profile) {
    return profile.processes.flatMap((process) => process.threads);
  }

  static timesOf(threads) {
    return threads.map((thread) => Object.values(thread.activities).map((seconds) => seconds * 1e6));
  }

  // ---- timelines

  makeTimelines() {
    const { model } = this;
    model.threads.forEach((thread, i) => { thread.index = i; });
    model.shadeOf = model.threads.map(() => 0);
    const on = {
      hover: (lines, e) => this.tip(lines, e),
      select: (a, b) => this.select(a, b),
      view: () => { this.drawLens(); el('zoom-out').disabled = this.main.isWhole(); },
    };
    this.main = new Timeline(el('timeline'), model, { on });
    const [from, to] = model.excerpt_us;
    if (to > from) {
      this.excerpt = new Timeline(el('excerpt'), model, { fixed: true, on });
      this.excerpt.view = [from, to];
      this.main.marked = [from, to];
      el('excerpt-title').textContent = `${Words.time(to - from)} of it, magnified ${Words.grouped(Math.round(model.duration_us / (to - from)))} times`;
    }
    el('excerpt-box').hidden = !this.excerpt;
    this.showRows(false);
    this.makeLegend();
  }

  showRows(all) {
    const { rows, hidden } = Lanes.rows(this.model, all);
    let shade = 0;  // neighbours differ
    for (const row of rows) {
      if (row.kind === 'track') for (const thread of row.threads) this.model.shadeOf[thread] = shade++ % Paint.OWNERS.length;
    }
    this.main.setRows(rows);
    this.excerpt?.setRows(rows.map((row) => ({ ...row })));
    this.allRows = all;
    el('more-lanes').hidden = hidden === 0 && !all;
    el('more-lanes').textContent = all ? 'Fewer lanes' : Words.count(hidden, 'more lane');
    this.drawLens();
  }

  makeLegend() {
    this.model.activities.forEach(({ words }, kind) => {
      if (!this.model.whole.some((times) => times[kind] > 0)) return;
      const swatch = Table.make('span');
      swatch.className = `swatch a${kind}`;
      el('legend').append(Table.make('li', [swatch, words]));
    });
  }

  // The excerpt hangs on the place that it is from, as long as that is in view.
  drawLens() {
    const canvas = el('lens');
    if (!this.excerpt || !this.main.height) return;
    const { width, gutter } = this.main;
    const { context } = Look.sized(canvas, width, 26);
    const [a, b] = this.main.view;
    if (this.main.marked[1] < a || this.main.marked[0] > b) return;
    const [from, to] = this.main.markedPixels();
    context.fillStyle = Look.colours().lens;
    context.strokeStyle = Look.colours().quiet;
    context.beginPath();
    context.moveTo(gutter + 0.5, 26);
    context.lineTo(from, 0);
    context.lineTo(to, 0);
    context.lineTo(width - 0.5, 26);
    context.fill();
    context.stroke();
  }

  tip(lines, e) {
    const tip = el('tip');
    tip.hidden = lines === null;
    if (lines === null) return;
    tip.textContent = lines.join('\n');
    const { clientWidth, clientHeight } = document.documentElement;
    const right = e.clientX + 16 + tip.offsetWidth > clientWidth;
    const below = e.clientY + 16 + tip.offsetHeight > clientHeight;
    tip.style.left = `${Math.max(right ? e.clientX - 12 - tip.offsetWidth : e.clientX + 16, 4)}px`;
    tip.style.top = `${Math.max(below ? e.clientY - 12 - tip.offsetHeight : e.clientY + 16, 4)}px`;
  }

  // ---- what follows the selection

  makeDetails() {
    this.threadTable = Tables.threads(el('threads'), this.model);
    this.functionTable = Tables.functions(el('functions'), (row) => this.find(row.name));
    this.graph = new FlameGraph(el('flame'), el('flame-details'), {
      matched: (share) => { el('matched').textContent = share === null ? '' : Words.percent(share); },
      words: (kind) => this.model.activities[kind].words,
      cut: (deeper) => { el('flame-cut').hidden = !deeper; },
    });
    el('by-thread').checked = this.model.options.threads;
    // Where blocking is what the verdict is about, the graph shows it.
    const blocking = ['io_bound', 'event_loop_blocked', 'idle'].includes(this.profile.verdict.code);
    el('with-blocked').checked = this.model.options.blocked || blocking;
  }

  range() {
    return this.selection || [0, this.model.duration_us + 1];
  }

  select(a, b) {
    const whole = a === null || !(b > a);
    this.selection = whole ? null : [Math.max(a, 0), Math.min(b, this.model.duration_us)];
    for (const timeline of [this.main, this.excerpt]) {
      if (!timeline) continue;
      timeline.selection = this.selection;
      timeline.drawOverlay();
    }
    // Where adding up takes long, dragging stays smooth and the numbers follow.
    clearTimeout(this.pending);
    this.pending = setTimeout(() => this.update(), this.cost > 50 ? 200 : 0);
  }

  update() {
    clearTimeout(this.pending);
    this.pending = null;
    const begin = performance.now();
    const [a, b] = this.range();
    this.rows = Sums.rows(this.model, a, b);
    this.blamed = Sums.blame(this.model, a, b);
    this.times = Sums.activities(this.model, a, b);
    const shown = this.selection ? this.times : this.exactTimes();
    this.threadTable.setRows(Tables.threadRows(this.model, shown, !this.selection));
    const { functions, handOff } = Sums.functions(this.model, this.rows, this.blamed);
    this.functionTable.setRows(functions);
    el('hand-off').textContent = handOff > 0 ? `${Words.time(handOff)} of waiting passed while nobody held the GIL: it was being handed over.` : '';
    this.updateGraph();
    this.updateTiles(a, b);
    this.describeSelection();
    this.cost = performance.now() - begin;
  }

  // Of the whole recording the profile has the exact times; it leaves out threads that were elsewhere all the time.
  exactTimes() {
    const times = Page.timesOf(Page.threadsOf(this.profile));
    let next = 0;
    return this.model.threads.map((thread, i) => (thread.elsewhere ? this.times[i] : times[next++]));
  }

  updateGraph() {
    for (const tab of document.querySelectorAll('#tabs button')) tab.setAttribute('aria-pressed', String(tab.dataset.view === this.view));
    el('with-blocked').parentElement.hidden = this.view !== 'all';
    this.graph.setTree(this.treeOf(this.view));
    el('flame-empty').hidden = this.graph.tree.root.time > 0;
    el('flame').hidden = this.graph.tree.root.time === 0;
    this.graph.draw();
  }

  treeOf(view) {
    return Flame.tree(this.model, view, this.rows, this.blamed, { blocked: el('with-blocked').checked, threads: el('by-thread').checked });
  }

  keyNumbers(a, b) {
    const length = Math.max(b - a, 1);
    const held = this.model.gils.map(() => 0);
    let waited = 0;
    let threads = 0;
    this.times.forEach((times, thread) => {
      held[this.model.threads[thread].gil] += times[HOLDS] + times[OFF_CPU];
      waited += times[WAITS];
      threads += times.some((time) => time > 0) ? 1 : 0;
    });
    return {
      duration: length / 1e6, threads, held: Math.max(0, ...held) / length, waiters: waited / length,
      handoffs: (Sums.handoffs(this.model, a, b) / length) * 1e6, parallelism: Sums.cpus(this.model, a, b),
    };
  }

  updateTiles(a, b) {
    const numbers = this.keyNumbers(a, b);
    const known = this.model.cpuUse.count > 0;
    const words = {
      duration: Words.time(b - a), threads: `${Words.grouped(numbers.threads)} seen`, held: Words.percent(numbers.held),
      waiters: numbers.waiters.toFixed(2), handoffs: `${numbers.handoffs.toFixed(0)}/s`,
      ...(known && { parallelism: `${numbers.parallelism.toFixed(2)} of ${Words.number(this.model.cpus)}` }),
    };
    for (const tile of el('tiles').children) {
      const { key } = tile.dataset;
      tile.lastElementChild.replaceChildren(...(this.selection && key in words ? [words[key]] : this.wholeTiles.get(key)));
      tile.classList.toggle('selected', this.selection !== null && key in words);
      tile.classList.toggle('whole', this.selection !== null && !(key in words));
    }
  }

  describeSelection() {
    const whole = this.selection === null;
    const [a, b] = this.range();
    const length = Words.time(b - a);
    const [from, to] = [a, b].map((time) => Words.moment(time, (b - a) / 100));
    el('selection').textContent = whole ? '' : `Selected: ${length} from ${from} to ${to}.`;
    el('selection-box').hidden = whole;
    for (const place of document.querySelectorAll('.of-selection')) place.textContent = whole ? '' : `in the selected ${length}`;
  }

  // ---- search

  // A pattern that matches these words only.
  static quoted(words) {
    return words.replace(/[\\^$.*+?()|{}[\]/]/g, '\\$&');
  }

  search(words) {
    const flags = /[A-Z]/.test(words) ? 'u' : 'iu';  // upper case asks for exactly that case
    let pattern = null;
    try {
      pattern = words === '' ? null : new RegExp(words, flags);
    } catch (unfinished) {
      pattern = new RegExp(Page.quoted(words), flags);
    }
    this.graph.search(pattern);
  }

  // A function may stand in frames of several lines: its name and file are what they share.
  find(name) {
    const words = Page.quoted(name.replace(/(:\d+)?\)$/, ''));
    el('search').value = words;
    this.search(words);
    el('graph').scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  }

  // ---- mouse, keyboard, window

  listen() {
    const click = (id, action) => el(id).addEventListener('click', action);
    click('zoom-in', () => this.main.zoom(0.5));
    click('zoom-out', () => this.main.zoom(2));
    click('more-lanes', () => this.showRows(!this.allRows));
    click('clear-selection', () => this.select(null));
    click('zoom-selection', () => this.zoomToSelection());
    click('zoom-excerpt', () => this.main.setView(...this.model.excerpt_us));
    click('help-button', () => el('help').showModal());
    click('close-help', () => el('help').close());
    click('reset-graph', () => this.graph.reset());
    el('search').addEventListener('input', () => this.search(el('search').value));
    for (const id of ['by-thread', 'with-blocked']) el(id).addEventListener('change', () => this.updateGraph());
    el('by-module').addEventListener('change', () => { this.graph.byModule = el('by-module').checked; this.graph.draw(); });
    el('tabs').addEventListener('click', (e) => { if (e.target.dataset.view) this.show(e.target.dataset.view); });
    document.addEventListener('keydown', (e) => this.key(e));
    const redraw = () => this.redraw();
    window.addEventListener('resize', redraw);
    for (const query of ['(prefers-color-scheme: dark)', 'print']) matchMedia(query).addEventListener('change', redraw);
    window.addEventListener('beforeprint', redraw);
  }

  show(view) {
    this.view = view;
    this.graph.reset();
    this.updateGraph();
  }

  redraw() {
    this.main.draw();
    this.excerpt?.draw();
    this.drawLens();
    this.graph.draw();
  }

  zoomToSelection() {
    if (this.selection) this.main.setView(...this.selection);
  }

  key(e) {
    if (e.ctrlKey || e.metaKey || e.altKey || el('help').open) return;
    if (e.target === el('search')) {
      if (e.key === 'Escape') {
        e.target.value = '';
        this.search('');
      }
      if (e.key === 'Escape' || e.key === 'Enter') e.target.blur();
      return;
    }
    const actions = {
      ArrowLeft: () => this.main.pan(-0.2), ArrowRight: () => this.main.pan(0.2), '+': () => this.main.zoom(0.5),
      '=': () => this.main.zoom(0.5), '-': () => this.main.zoom(2), 0: () => this.main.setView(0, this.model.duration_us),
      s: () => this.select(...this.main.view), z: () => this.zoomToSelection(), Escape: () => this.select(null),
      '/': () => el('search').focus(), '?': () => el('help').showModal(),
    };
    const action = actions[e.key];
    if (!action || (e.target instanceof HTMLInputElement && e.key !== 'Escape')) return;
    e.preventDefault();
    action();
  }

  // ---- for tests: numbers, never pixels

  hooks() {
    const byName = (times) => Object.fromEntries(this.model.activities.map(({ key }, kind) => [key, times[kind] / 1e6]));
    return {
      select: (from, to) => { this.select(from * 1e6, to * 1e6); this.update(); },
      reset: () => { this.select(null); this.update(); },
      selection: () => this.selection && this.selection.map((time) => time / 1e6),
      view: () => this.main.view.map((time) => time / 1e6),
      threads: () => this.model.threads.map((thread, i) => ({ name: thread.name, tid: thread.tid, activities: byName(this.times[i]) })),
      functions: () => this.functionTable.rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, key === 'name' ? value : value / 1e6]))),
      keyNumbers: () => this.keyNumbers(...this.range()),
      flame: (view) => {
        const { root, nodes } = this.treeOf(view);
        return { total: root.time / 1e6, first: root.children.map((node) => [node.text, node.time / 1e6]), frames: nodes.length };
      },
      zoomed: () => this.graph.zoomNode().text,
      focused: () => this.graph.focusNode().text,
      rows: () => this.main.rows.map((row) => Lanes.label(row)),
      stretches: () => this.model.lanes.reduce((sum, lane) => sum + lane.count, 0),
      rowMiddle: (i) => this.main.rows[i].y + this.main.rows[i].height / 2,
      textColour: () => this.main.colours.text,
      draw: () => this.redraw(),
      isUpToDate: () => this.pending === null,
    };
  }
}

async function open() {
  const profile = Data.profile();
  try {
    const model = await Data.load();
    if (!model.lanes.some((lane) => lane.count > 0)) {
      Page.withoutTimeline(profile, 'this profile has none');
      return {};
    }
    return new Page(model, profile).hooks();
  } catch (error) {
    Page.withoutTimeline(profile, error.message);
    return { error };
  }
}

window.gilspy = { ready: open().then((hooks) => Object.assign(window.gilspy, hooks, { loaded_ms: performance.now() })) };
