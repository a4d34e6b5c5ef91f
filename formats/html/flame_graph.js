// The flame graph: the root on top, a click or Enter zooms, arrow keys walk, what matches the search is marked.
class FlameGraph {
  static ROW = 19;
  static ROWS = 200;  // of a graph at a time: what is deeper, a click on a deep frame shows
  static ABOVE = 12;  // rows above the zoomed frame, where it is deep

  constructor(box, details, on) {
    this.box = box;
    this.details = details;
    this.on = on;
    this.canvas = box.appendChild(document.createElement('canvas'));
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'application');
    this.canvas.setAttribute('aria-describedby', details.id);
    this.zoomed = this.focused = '';  // keys: frames come and go with the selection
    this.hovered = null;
    this.pattern = null;
    this.byModule = false;
    this.canvas.addEventListener('pointermove', (e) => this.hover(this.nodeAt(e.offsetX, e.offsetY)));
    this.canvas.addEventListener('pointerleave', () => this.hover(null));
    this.canvas.addEventListener('click', (e) => this.visit(this.nodeAt(e.offsetX, e.offsetY)));
    this.canvas.addEventListener('keydown', (e) => this.key(e));
    this.canvas.addEventListener('focus', () => this.draw());
    this.canvas.addEventListener('blur', () => this.draw());
  }

  setTree(tree) {
    this.tree = tree;
    this.byKey = new Map(tree.nodes.map((node) => [node.key, node]));
    this.draw();
  }

  search(pattern) {
    this.pattern = pattern;
    this.draw();
  }

  zoomNode() {
    return this.byKey.get(this.zoomed) || this.tree.root;
  }

  focusNode() {
    return this.byKey.get(this.focused) || this.zoomNode();
  }

  matches(node) {
    return this.pattern !== null && node !== this.tree.root && this.pattern.test(node.text);
  }

  matched() {
    const zoom = this.zoomNode();
    return zoom.time > 0 ? Flame.covered(zoom, (node) => this.matches(node)) / zoom.time : 0;
  }

  // ---- geometry

  // The depth of the first row.
  base() {
    const depth = this.zoomNode().depth;
    return depth > FlameGraph.ROWS / 2 ? depth - FlameGraph.ABOVE : 0;
  }

  isInRows(node) {
    const row = node.depth - this.base();
    return row >= 0 && row < FlameGraph.ROWS;
  }

  place(node) {
    const zoom = this.zoomNode();
    const scale = this.width / Math.max(zoom.time, 1e-9);
    if (node.depth <= zoom.depth) return { x: 0, width: this.width };  // the zoomed frame and what it stands on
    return { x: (node.x - zoom.x) * scale, width: node.time * scale };
  }

  isShown(node) {
    const zoom = this.zoomNode();
    if (node.depth > zoom.depth) return node.x >= zoom.x - 1e-6 && node.x + node.time <= zoom.x + zoom.time + 1e-6;
    for (let up = zoom; up; up = up.parent) if (up === node) return true;
    return false;
  }

  nodeAt(x, y) {
    const depth = Math.floor(y / FlameGraph.ROW) + this.base();
    return this.drawn.find((entry) => entry.node.depth === depth && x >= entry.x && x < entry.x + entry.width)?.node || null;
  }

  // ---- drawing

  draw() {
    if (!this.tree) return;
    this.width = Math.max(this.box.clientWidth, 200);
    this.colours = Look.colours();
    this.drawn = [];
    let cut = 0;
    for (const node of this.tree.nodes) {
      if (!this.isShown(node) || (!this.isInRows(node) && ++cut)) continue;
      const { x, width } = this.place(node);
      if (width >= 0.7) this.drawn.push({ node, x, width });
    }
    // What is too narrow to be read needs no rows of its own: zooming in shows it.
    const depth = this.drawn.reduce((most, { node, width }) => (width >= 5 ? Math.max(most, node.depth) : most), 0);
    this.drawn = this.drawn.filter(({ node }) => node.depth <= depth);
    this.on.cut(cut > 0);
    const height = (depth - this.base() + 1) * FlameGraph.ROW + 2;
    const { context } = Look.sized(this.canvas, this.width, height, 32000);
    context.font = Look.small;
    context.textBaseline = 'middle';
    for (const entry of this.drawn) this.drawNode(context, entry);
    this.canvas.setAttribute('aria-label', this.describe(this.focusNode()));
    this.on.matched(this.pattern === null ? null : this.matched());
  }

  drawNode(context, { node, x, width }) {
    const y = (node.depth - this.base()) * FlameGraph.ROW;
    const inner = Math.max(width - (width > 3 ? 1 : 0), 0.7);
    const above = node.depth < this.zoomNode().depth;
    const hit = this.matches(node);
    context.globalAlpha = above ? 0.55 : 1;
    context.fillStyle = hit ? 'rgb(230,0,230)' : this.colourOf(node);
    context.fillRect(x, y, inner, FlameGraph.ROW - 1);
    if (node.family === OFF_CPU && !hit) this.hatch(context, x, y, inner);
    const marked = node === this.hovered || (node === this.focusNode() && document.activeElement === this.canvas);
    if (marked) {
      context.strokeStyle = this.colours.text;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, Math.max(inner - 2, 1), FlameGraph.ROW - 3);
    }
    if (width > 24) {
      const dark = hit || (node.family === STOP && node.depth === 1 && !this.byModule);
      context.fillStyle = dark ? '#fff' : '#000';
      context.fillText(this.label(context, node, width - 8), x + 4, y + FlameGraph.ROW / 2);
    }
    context.globalAlpha = 1;
  }

  // On the first level with its share, as far as there is room.
  label(context, node, room) {
    const share = Words.percent(this.tree.root.time > 0 ? node.time / this.tree.root.time : 0);
    const longer = node.depth > 1 ? [] : [`${node.text}: ${Words.time(node.time)}, ${share}`, `${node.text}: ${share}`];
    return longer.find((text) => context.measureText(text).width <= room) || Words.cut(context, node.text, room);
  }

  colourOf(node) {
    if (this.byModule && node.depth > 0) return Paint.byModule(node.text);
    if (node.family === UNKNOWN) return '#e4e4e4';
    const activity = node.family >= 0 && node.parent === this.tree.root && node.text === this.on.words(node.family);
    return activity ? Paint.css(Paint.LOOKS[node.family].colour) : Paint.shade(node.family, node.text);
  }

  hatch(context, x, y, width) {
    context.save();
    context.beginPath();
    context.rect(x, y, width, FlameGraph.ROW - 1);
    context.clip();
    context.strokeStyle = 'rgba(58,40,0,0.35)';
    context.lineWidth = 1.5;
    context.beginPath();
    for (let at = x - FlameGraph.ROW; at < x + width; at += 7) {
      context.moveTo(at, y + FlameGraph.ROW);
      context.lineTo(at + FlameGraph.ROW, y);
    }
    context.stroke();
    context.restore();
  }

  describe(node) {
    const share = (whole) => Words.percent(whole > 0 ? node.time / whole : 0);
    const zoom = this.zoomNode();
    const ofZoom = zoom === this.tree.root ? '' : `, ${share(zoom.time)} of the zoomed frame`;
    return `${node.text}: ${Words.time(node.time)}, ${share(this.tree.root.time)}${ofZoom}`;
  }

  // ---- mouse and keyboard

  hover(node) {
    if (node === this.hovered) return;
    this.hovered = node;
    this.details.textContent = node ? this.describe(node) : '\u00a0';
    this.draw();
  }

  visit(node) {
    if (!node) return;
    this.zoomed = this.focused = node === this.zoomNode() && node.parent ? node.parent.key : node.key;
    this.draw();
  }

  reset() {
    this.zoomed = this.focused = '';
    this.draw();
  }

  isZoomed() {
    return this.zoomNode() !== this.tree.root;
  }

  // Down to the widest child, up to the parent, sideways among its siblings.
  neighbour(node, key) {
    const siblings = node.parent ? node.parent.children : [node];
    switch (key) {
      case 'ArrowDown': return node.children[0];
      case 'ArrowUp': return node.parent;
      case 'ArrowLeft': return siblings[siblings.indexOf(node) - 1];
      case 'ArrowRight': return siblings[siblings.indexOf(node) + 1];
      case 'Home': return this.tree.root;
      default: return undefined;
    }
  }

  key(e) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const node = this.focusNode();
    if (e.key === 'Enter' || e.key === ' ') this.visit(node);
    else if (e.key === 'Escape' && this.isZoomed()) this.reset();
    else {
      const next = this.neighbour(node, e.key);
      if (!next) return;
      this.focused = next.key;
      if (!this.isShown(next) || !this.isInRows(next)) this.zoomed = next.key;
    }
    this.details.textContent = this.describe(this.focusNode());
    this.draw();
    e.preventDefault();
    e.stopPropagation();
  }
}
