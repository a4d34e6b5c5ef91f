// Tables that sort by a click on a column's head. Text goes in as text, never as markup.
class Table {
  static MOST = 20;  // rows, until somebody asks for all

  // columns: { key, name, title, value(row), text(row), fill(cell, row)?, name column: first }
  // sort: the columns to sort by at first; the first that has a number in it
  constructor(element, columns, { sort, onRow = null }) {
    this.element = element;
    this.columns = columns;
    this.sort = null;
    this.sorts = sort;
    this.descending = true;
    this.onRow = onRow;
    this.all = false;
    this.rows = [];
  }

  setRows(rows) {
    this.rows = rows;
    this.draw();
  }

  draw() {
    const shown = this.columns.filter((column) => !column.optional || this.rows.some((row) => column.value(row) > 0));
    const column = (key) => this.columns.find((each) => each.key === key);
    const sort = this.sort || this.sorts.find((key) => this.rows.some((row) => column(key).value(row) > 0)) || this.sorts[0];
    const by = column(sort);
    const sign = this.descending ? -1 : 1;
    const sorted = this.rows.slice().sort((x, y) => {
      const a = by.value(x);
      const b = by.value(y);
      return sign * (typeof a === 'string' ? Words.natural(a, b) : a - b) || Words.natural(x.name, y.name);
    });
    const visible = this.all ? sorted : sorted.slice(0, Table.MOST);
    const head = Table.make('thead', [Table.make('tr', shown.map((each) => this.head(each, each === by)))]);
    const body = Table.make('tbody', visible.map((row) => this.row(row, shown)));
    this.element.replaceChildren(head, body);
    if (visible.length < sorted.length) this.element.append(this.foot(sorted.length - visible.length, shown.length));
  }

  static make(tag, children = []) {
    const element = document.createElement(tag);
    element.append(...children);
    return element;
  }

  static button(text, onClick) {
    const button = Table.make('button', [text]);
    button.type = 'button';
    button.addEventListener('click', onClick);
    return button;
  }

  head(column, active) {
    const button = Table.button(column.name, () => {
      this.descending = active ? !this.descending : column.key !== 'name';
      this.sort = column.key;
      this.draw();
      this.element.querySelector('[aria-sort] button').focus();
    });
    button.title = column.title || '';
    const cell = Table.make('th', [button]);
    cell.scope = 'col';
    if (active) cell.setAttribute('aria-sort', this.descending ? 'descending' : 'ascending');
    return cell;
  }

  row(row, columns) {
    const cells = columns.map((column) => {
      const cell = Table.make(column.key === 'name' ? 'th' : 'td');
      if (column.key === 'name') cell.scope = 'row';
      if (column.fill) column.fill(cell, row);
      else cell.textContent = column.text(row);
      return cell;
    });
    const element = Table.make('tr', cells);
    if (this.onRow) {
      element.className = 'link';
      element.tabIndex = 0;
      element.addEventListener('click', () => this.onRow(row));
      element.addEventListener('keydown', (e) => { if (e.key === 'Enter') this.onRow(row); });
    }
    return element;
  }

  foot(more, columns) {
    const button = Table.button(`${Words.grouped(more)} more`, () => {
      this.all = true;
      this.draw();
    });
    const cell = Table.make('td', [button]);
    cell.colSpan = columns;
    return Table.make('tfoot', [Table.make('tr', [cell])]);
  }
}

const Tables = (() => {
  const seconds = (us) => (us > 0 ? (us / 1e6).toFixed(us < 1e4 ? 4 : us < 1e7 ? 3 : 2) : '');

  function bar(cell, times) {
    const whole = times.reduce((sum, time) => sum + time, 0);
    cell.className = 'bar-cell';
    const box = Table.make('div');
    box.className = 'bar';
    for (const kind of Paint.ORDER) {
      if (!(times[kind] > 0)) continue;
      const part = Table.make('span');
      part.className = 'a' + kind;
      part.style.width = `${(100 * times[kind]) / whole}%`;
      box.append(part);
    }
    cell.append(box);
  }

  function threads(element, model) {
    const columns = [
      { key: 'name', name: 'Thread', value: (row) => row.name, text: (row) => row.name },
      { key: 'tid', name: 'tid', value: (row) => row.tid, text: (row) => String(row.tid) },
      { key: 'inside', name: 'interpreter', title: 'Who visits others has a row in each: of its time there',
        optional: true, value: (row) => row.inside, text: (row) => row.inside },
      { key: 'shares', name: 'Share of its time', value: (row) => row.times[HOLDS] + row.times[OFF_CPU] + row.times[RUNS],
        fill: (cell, row) => bar(cell, row.times) },
      { key: 'margin', name: '± points', title: 'All shares of its time, 95 % sure',
        optional: true, value: (row) => row.margin, text: (row) => (row.margin > 0 ? row.margin.toFixed(1) : '') },
    ];
    const heads = ['holds', 'holds off CPU', 'waits', 'no GIL', 'lock', 'stop-the-world', 'blocked', 'unknown'];
    heads.forEach((name, kind) => columns.push({
      key: model.activities[kind].key, name, title: `Seconds: ${model.activities[kind].words}`,
      optional: kind !== HOLDS && kind !== WAITS, value: (row) => row.times[kind], text: (row) => seconds(row.times[kind]),
    }));
    columns.push({ key: 'cpu', name: 'CPU', title: 'Seconds on a CPU, of native threads, in the whole recording',
      optional: true, value: (row) => row.cpu, text: (row) => seconds(row.cpu) });
    return new Table(element, columns, { sort: [WAITS, HOLDS, RUNS].map((kind) => model.activities[kind].key) });
  }

  // One line for all native threads: what they did is known to the kernel only.
  function native(model) {
    const threads = model.threads.filter((thread) => !thread.python && thread.cpu_us > 0);
    if (threads.length === 0) return [];
    const cpu = threads.reduce((sum, thread) => sum + thread.cpu_us, 0);
    return [{ name: `${Words.count(threads.length, 'native thread')} without Python`, tid: '', times: new Float64Array(8), margin: 0, cpu }];
  }

  // times: by thread, from the lanes or from the profile; whole: of all the recording
  function threadRows(model, times, whole) {
    const rows = [];
    model.threads.forEach((thread, i) => {
      if (!thread.python || !times[i] || !times[i].some((time) => time > 0)) return;
      rows.push({ name: thread.name, tid: thread.tid, inside: thread.inside, times: times[i], margin: whole ? thread.margin : 0, cpu: 0 });
    });
    return rows.concat(native(model));
  }

  function functions(element, onRow) {
    const columns = [{ key: 'name', name: 'Function', value: (row) => row.name, text: (row) => row.name }];
    const column = (key, name, title) => (
      { key, name, title, optional: true, value: (row) => row[key], text: (row) => seconds(row[key]) });
    const kinds = [['blame', 'blame', 'time that others waited while it held the GIL'],
      ['held', 'held', 'time that it held the GIL'], ['wait', 'wait', 'time that it waited for the GIL'],
      ['free', 'no GIL', 'time that it ran without the GIL']];
    for (const [key, name, title] of kinds) {
      columns.push(column(key, `${name}, self`, `Seconds, the function itself: ${title}`));
      columns.push(column(key + 'Total', `${name}, total`, `Seconds, with what it calls: ${title}`));
    }
    return new Table(element, columns, { sort: ['blame', 'held', 'free'], onRow });
  }

  return { functions, threadRows, threads };
})();
