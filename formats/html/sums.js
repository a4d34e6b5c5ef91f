// What the lanes add up to in a range of time [a, b), in microseconds. Nothing here knows the document.
const HOLDS = 0, OFF_CPU = 1, WAITS = 2, RUNS = 3, LOCK = 4, STOP = 5, BLOCKED = 6, UNKNOWN = 7;
const NOBODY = -1;

const Sums = (() => {
  // The first stretch that ends after `time`.
  function firstAfter(lane, time) {
    let low = 0;
    let high = lane.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lane.to[middle] > time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  // visit(index, from, to): what of it lies in the range
  function each(lane, a, b, visit) {
    for (let i = firstAfter(lane, a); i < lane.count && lane.from[i] < b; ++i) {
      visit(i, Math.max(lane.from[i], a), Math.min(lane.to[i], b));
    }
  }

  function at(lane, time) {
    const i = firstAfter(lane, time);
    return i < lane.count && lane.from[i] <= time ? i : -1;
  }

  // By thread, by activity.
  function activities(model, a, b) {
    return model.lanes.map((lane) => {
      const times = new Float64Array(model.activities.length);
      each(lane, a, b, (i, from, to) => { times[lane.activity[i]] += to - from; });
      return times;
    });
  }

  // Rows { thread, activity, stack, time }, each combination once.
  function rows(model, a, b) {
    const found = [];
    model.lanes.forEach((lane, thread) => {
      const times = new Map();
      each(lane, a, b, (i, from, to) => {
        const key = lane.stack[i] * 8 + lane.activity[i];
        times.set(key, (times.get(key) || 0) + to - from);
      });
      for (const [key, time] of times) found.push({ thread, activity: key % 8, stack: Math.floor(key / 8), time });
    });
    return found;
  }

  // ---- blame: the time of those who wait goes to the account of the stack that holds their GIL meanwhile

  // All holding of each GIL in the order of time.
  function holdings(model) {
    return model.gils.map((_, gil) => {
      const all = [];
      model.lanes.forEach((lane, thread) => {
        if (model.threads[thread].gil !== gil) return;
        for (let i = 0; i < lane.count; ++i) {
          if (lane.activity[i] <= OFF_CPU) all.push([lane.from[i], lane.to[i], lane.stack[i], thread]);
        }
      });
      all.sort((x, y) => x[0] - y[0]);
      return {
        count: all.length, from: Float64Array.from(all, (x) => x[0]), to: Float64Array.from(all, (x) => x[1]),
        stack: Int32Array.from(all, (x) => x[2]), thread: Int32Array.from(all, (x) => x[3]),
      };
    });
  }

  // As sampled: one thread holds it at a time.
  function blameExactly(held, a, b, give) {
    let at = a;
    each(held, a, b, (i, from, to) => {
      const begin = Math.max(from, at);
      if (begin > at) give(NOBODY, 0, begin - at);
      if (to > begin) give(held.thread[i], held.stack[i], to - begin);
      at = Math.max(at, to);
    });
    if (b > at) give(NOBODY, 0, b - at);
  }

  // Put together in windows, the order within them is lost: every holder is blamed for its share of the window.
  function blameByShare(held, window, waiter, a, b, give) {
    for (let begin = a; begin < b;) {
      const start = Math.floor(begin / window) * window;
      const end = Math.min(b, start + window);
      let own = 0;
      let others = 0;
      const holders = [];
      each(held, start, start + window, (i, from, to) => {
        if (held.thread[i] === waiter) own += to - from;
        else others += holders.push([i, to - from]) && to - from;
      });
      const whole = Math.max(window - own, others);
      for (const [i, time] of holders) give(held.thread[i], held.stack[i], ((end - begin) * time) / whole);
      if (whole > others) give(NOBODY, 0, ((end - begin) * (whole - others)) / whole);
      begin = end;
    }
  }

  // Rows { thread, stack, leaf, time }: of the holder, and the frame that waited (-1: none).
  function blame(model, a, b) {
    const times = new Map();
    const frames = model.frames.length + 1;
    const stacks = model.stacks.count;
    model.lanes.forEach((lane, waiter) => {
      const held = model.held[model.threads[waiter].gil];
      if (!held) return;
      each(lane, a, b, (i, from, to) => {
        if (lane.activity[i] !== WAITS) return;
        const leaf = model.stacks.frame[lane.stack[i]] + 1;
        const give = (thread, stack, time) => {
          const key = ((thread + 1) * stacks + stack) * frames + leaf;
          times.set(key, (times.get(key) || 0) + time);
        };
        if (model.window_us > 0) blameByShare(held, model.window_us, waiter, from, to, give);
        else blameExactly(held, from, to, give);
      });
    });
    return Array.from(times, ([key, time]) => {
      const holder = Math.floor(key / frames);
      return { thread: Math.floor(holder / stacks) - 1, stack: holder % stacks, leaf: (key % frames) - 1, time };
    });
  }

  // ---- tables

  // By function: own time (innermost frame) and total (anywhere on the stack, once).
  function functions(model, rows, blamed) {
    const { parent, frame, count } = model.stacks;
    const kinds = ['held', 'wait', 'blame', 'free'];
    const own = {};
    for (const kind of kinds) own[kind] = new Float64Array(count);
    for (const row of rows) {
      if (row.activity <= OFF_CPU) own.held[row.stack] += row.time;
      if (row.activity === WAITS) own.wait[row.stack] += row.time;
      if (row.activity === RUNS) own.free[row.stack] += row.time;
    }
    let handOff = 0;
    for (const row of blamed) {
      if (row.thread === NOBODY) handOff += row.time;
      else own.blame[row.stack] += row.time;
    }
    const table = model.functions.concat('(no Python frame)').map((name) => {
      const row = { name };
      for (const kind of kinds) row[kind] = row[kind + 'Total'] = 0;
      return row;
    });
    const lastSeen = new Int32Array(table.length).fill(-1);
    const functionOf = (stack) => (stack === 0 ? table.length - 1 : model.function_of[frame[stack]]);
    for (let stack = 0; stack < count; ++stack) {
      if (kinds.every((kind) => own[kind][stack] === 0)) continue;
      const leaf = table[functionOf(stack)];
      for (const kind of kinds) leaf[kind] += own[kind][stack];
      let up = stack;
      do {
        const index = functionOf(up);
        if (lastSeen[index] !== stack) {
          lastSeen[index] = stack;
          for (const kind of kinds) table[index][kind + 'Total'] += own[kind][stack];
        }
        up = parent[up];
      } while (up !== 0);
    }
    return { functions: table.filter((row) => kinds.some((kind) => row[kind + 'Total'] > 0)), handOff };
  }

  // ---- key numbers of a range

  function handoffs(model, a, b) {
    let count = 0;
    for (const tenures of model.tenures) {
      for (let i = firstAfter(tenures, a); i < tenures.count && tenures.from[i] < b; ++i) {
        if (tenures.from[i] >= a) count += 1 + tenures.unseen[i];
      }
    }
    return count;
  }

  function cpus(model, a, b) {
    let time = 0;
    each(model.cpuUse, a, b, (i, from, to) => { time += (to - from) * model.cpuUse.used[i]; });
    return time / Math.max(b - a, 1);
  }

  // How many wait for a GIL, as steps: { count, from, to, value }.
  function waiterSteps(model, gil) {
    const changes = [];
    model.lanes.forEach((lane, thread) => {
      if (model.threads[thread].gil !== gil) return;
      for (let i = 0; i < lane.count; ++i) {
        if (lane.activity[i] !== WAITS) continue;
        if (i > 0 && lane.activity[i - 1] === WAITS && lane.to[i - 1] === lane.from[i]) changes.pop();
        else changes.push([lane.from[i], 1]);
        changes.push([lane.to[i], -1]);
      }
    });
    changes.sort((x, y) => x[0] - y[0] || x[1] - y[1]);  // who leaves makes room first
    const from = new Float64Array(changes.length);
    const to = new Float64Array(changes.length);
    const value = new Float64Array(changes.length);
    let waiting = 0;
    changes.forEach(([time, change], i) => {
      from[i] = time;
      to[i] = i + 1 < changes.length ? changes[i + 1][0] : time;
      value[i] = waiting += change;
    });
    return { count: changes.length, from, to, value, most: value.reduce((x, y) => Math.max(x, y), 0) };
  }

  return { activities, at, blame, cpus, each, firstAfter, functions, handoffs, holdings, rows, waiterSteps };
})();
