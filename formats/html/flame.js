// Rows of stacks become a tree of frames, the widest first. Nothing here knows the document.
const Flame = (() => {
  const NO_FRAME = '(no Python frame)';

  class Node {
    constructor(parent, text, family, key) {
      this.parent = parent;
      this.text = text;
      this.family = family;  // the activity that colours it; -1: neutral
      this.key = key;        // the same frame after the selection has changed
      this.depth = parent ? parent.depth + 1 : 0;
      this.time = 0;
      this.children = new Map();
    }

    child(text, family) {
      let node = this.children.get(text);
      if (!node) this.children.set(text, node = new Node(this, text, family, this.key + '\n' + text));
      return node;
    }

    add(time) {
      for (let node = this; node; node = node.parent) node.time += time;
    }
  }

  // Every stack below a prefix is looked up once, not frame by frame for each of its rows.
  class Builder {
    constructor(model) {
      this.model = model;
      this.root = new Node(null, 'all', -1, '');
      this.places = new Map();
    }

    place(prefix, stack, family) {
      if (stack === 0) return prefix.child(NO_FRAME, family);
      let known = this.places.get(prefix);
      if (!known) this.places.set(prefix, known = new Map());
      let node = known.get(stack);
      if (!node) {
        const { parent, frame } = this.model.stacks;
        const below = parent[stack] === 0 ? prefix : this.place(prefix, parent[stack], family);
        known.set(stack, node = below.child(this.model.frames[frame[stack]], family));
      }
      return node;
    }
  }

  function tree(model, view, rows, blamed, { blocked, threads }) {
    const builder = new Builder(model);
    const byThread = (node, thread, family) => (threads && thread >= 0
      ? node.child(Words.thread(model.threads[thread]), family) : node);
    const add = (row, prefix, family) => builder.place(prefix, row.stack, family).add(row.time);
    if (view === 'blame') {
      for (const row of blamed) {
        const waiter = row.leaf < 0 ? NO_FRAME : model.frames[row.leaf];
        const holder = row.thread === NOBODY ? builder.root.child('(hand-off)', -1)
          : builder.place(byThread(builder.root, row.thread, HOLDS), row.stack, HOLDS);
        holder.child('waiting: ' + waiter, WAITS).add(row.time);
      }
      return arranged(builder.root);
    }
    for (const row of rows) {
      const family = row.activity;
      if (view === 'held' && family <= OFF_CPU) add(row, byThread(builder.root, row.thread, HOLDS), HOLDS);
      if (view === 'wait' && family === WAITS) add(row, byThread(builder.root, row.thread, WAITS), WAITS);
      if (view === 'all' && (blocked || family !== BLOCKED)) {
        const start = builder.root.child(model.activities[family].words, family);
        add(row, byThread(start, row.thread, family), family);
      }
    }
    return arranged(builder.root);
  }

  // Gives every node its place; the first level of all activities keeps the order of the palette.
  function arranged(root) {
    const nodes = [root];
    root.x = 0;
    for (let i = 0; i < nodes.length; ++i) {
      const node = nodes[i];
      let x = node.x;
      node.children = Array.from(node.children.values()).sort((a, b) => b.time - a.time || (a.text < b.text ? -1 : 1));
      if (node === root) node.children.sort((a, b) => a.family - b.family);
      for (const child of node.children) {
        child.x = x;
        x += child.time;
        nodes.push(child);
      }
    }
    return { root, nodes, depth: nodes.reduce((most, node) => Math.max(most, node.depth), 0) };
  }

  // Time of the frames that match, each moment once although frames are nested.
  function covered(node, matches) {
    if (matches(node)) return node.time;
    return node.children.reduce((sum, child) => sum + covered(child, matches), 0);
  }

  return { covered, tree };
})();
