// Zoom, search and keyboard for the flame graph. Every frame is a <g> of <title>, <rect fg:x fg:w> and <text>; fg:x and
// fg:w count samples, widths are percentages, so only labels depend on the size of the window.
(function () {
  'use strict';
  const FG = 'http://github.com/jonhoo/inferno';
  const HTML = 'http://www.w3.org/1999/xhtml';
  const SVG = 'http://www.w3.org/2000/svg';
  let root, box, frames, byNode, rows, base, zoomed, focused = null, pattern = '', input = null;
  const el = (id) => document.getElementById(id);

  window.init = function () {
    root = document.documentElement;
    box = el('frames');
    frames = Array.from(box.children).map(read);
    byNode = new Map(frames.map((f) => [f.g, f]));
    rows = new Map();
    for (const f of frames) {
      if (!rows.has(f.y)) rows.set(f.y, []);
      rows.get(f.y).push(f);
    }
    for (const row of rows.values()) row.sort((a, b) => a.x - b.x);
    base = frames.reduce((lowest, f) => (f.y > lowest.y ? f : lowest));
    zoomed = base;
    root.setAttribute('role', 'group');  // as an image it would hide its frames from screen readers
    base.g.setAttribute('tabindex', '0');
    listen();
    if (fluiddrawing) {
      root.removeAttribute('viewBox');
      root.setAttribute('width', '100%');
      window.addEventListener('resize', resize);
    }
    restore();
    resize();
  };

  function read(g) {
    const title = g.querySelector('title').textContent;
    const parts = /^([^]*) \([\d,]+ [^]*?([\d.]+)%(?:; [-+]?[\d.]+%)?\)$/.exec(title);
    const rect = g.querySelector('rect');
    const text = g.querySelector('text');
    return {
      g, title, rect, text, label: text.textContent, hidden: false,
      name: parts ? parts[1] : title, share: parts ? parts[2] : '',
      family: text.classList.contains('f'), y: Number(rect.getAttribute('y')),
      x: Number(rect.getAttributeNS(FG, 'x')), w: Number(rect.getAttributeNS(FG, 'w')),
    };
  }

  function frameOf(node) {
    const g = node instanceof Element ? node.closest('#frames > g') : null;
    return byNode.get(g) || null;
  }

  // ---- zoom

  function zoom(target) {
    zoomed = target;
    const end = target.x + target.w;
    for (const f of frames) {
      const ancestor = f.y > target.y && f.x <= target.x && f.x + f.w >= end;
      const part = f.y <= target.y && f.x >= target.x && f.x + f.w <= end && (f.w > 0 || f === target);
      f.hidden = !ancestor && !part;
      f.g.classList.toggle('hide', f.hidden);
      f.g.classList.toggle('parent', ancestor);
      if (!f.hidden) place(f, ancestor ? 0 : percent(f.x - target.x), ancestor ? 100 : percent(f.w));
    }
    el('unzoom').classList.toggle('hide', target === base);
    labels();
    search(pattern);
    remember();
  }

  function percent(samples) {
    return zoomed.w > 0 ? (100 * samples) / zoomed.w : 100;
  }

  function place(f, x, width) {
    f.rect.setAttribute('x', x.toFixed(4) + '%');
    f.rect.setAttribute('width', width.toFixed(4) + '%');
    f.text.setAttribute('x', (x + 0.25).toFixed(4) + '%');
    f.width = width;
  }

  // ---- labels

  function labels() {
    const pixels = Number(box.getAttribute('width'));
    for (const f of frames) {
      if (f.hidden) continue;
      const words = label(f, Math.floor((pixels * f.width) / 100 / (fontsize * fontwidth)));
      if (words !== f.label) f.text.textContent = f.label = words;  // writing costs a layout even if nothing changes
    }
  }

  function label(f, room) {
    const longer = f.name + ': ' + Number(f.share).toFixed(1) + ' %';
    return f.family && longer.length <= room ? longer : cut(f.name, room);
  }

  function cut(text, room) {
    if (room < 3) return '';
    const letters = Array.from(text);
    if (letters.length <= room) return text;
    return truncate_text_right ? '..' + letters.slice(2 - room).join('') : letters.slice(0, room - 2).join('') + '..';
  }

  function resize() {
    const width = Math.max(root.clientWidth || window.innerWidth, 100);
    box.setAttribute('width', width - 2 * xpad);
    for (const id of ['search', 'matched']) el(id).setAttribute('x', width - xpad);
    const searching = input && !input.parentNode.classList.contains('hide');
    const field = Math.min(260, width / 3);
    if (input) {
      input.parentNode.setAttribute('x', width - xpad - field);
      input.parentNode.setAttribute('width', field);
    }
    shrink(el('title'), width - 2 * (searching ? field + 2 * xpad : 100));
    shrink(el('subtitle'), width - 2 * xpad);
    for (const f of frames) if (f.width === undefined) f.width = parseFloat(f.rect.getAttribute('width'));
    labels();
  }

  // Titles are drawn for the usual width: in a narrower window they get smaller.
  function shrink(text, room) {
    if (!text) return;
    text.dataset.size = text.dataset.size || parseFloat(getComputedStyle(text).fontSize);
    text.style.fontSize = text.dataset.size + 'px';
    const length = text.getComputedTextLength();
    if (length > room) text.style.fontSize = Math.max((text.dataset.size * room) / length, 5) + 'px';
  }

  // ---- search

  function matcher(words) {
    // Upper case in the pattern asks for exactly that case. What is no regular expression yet is taken as it stands.
    const flags = /[A-Z]/.test(words) ? 'u' : 'iu';
    try {
      return new RegExp(words, flags);
    } catch (unfinished) {
      return new RegExp(words.replace(/[\\^$.*+?()|{}\[\]\/]/g, '\\$&'), flags);
    }
  }

  function search(words) {
    pattern = words;
    const expression = words === '' ? null : matcher(words);
    const found = [];
    for (const f of frames) {
      const hit = expression !== null && expression.test(f.name);
      // As a style, because a class may have given the frame a pattern, which is stronger than the fill attribute.
      if (hit || f.hit) {
        f.rect.style.fill = hit ? searchcolor : '';
        f.text.style.stroke = hit ? 'none' : '';
      }
      f.hit = hit;
      if (hit && !f.hidden) found.push(f);
    }
    const where = zoomed === base ? '' : ' of the zoomed frame';
    el('matched').textContent = expression ? 'Matched: ' + percent(covered(found)).toFixed(1) + '%' + where : ' ';
    el('search').textContent = expression ? 'Reset Search' : 'Search';
    el('search').classList.toggle('show', expression !== null);
  }

  // Samples of the zoomed frame that lie in any of these: a frame within another one counts once.
  function covered(found) {
    let sum = 0;
    let at = zoomed.x;
    for (const f of found.sort((a, b) => a.x - b.x || b.w - a.w)) {
      const end = Math.min(f.x + f.w, zoomed.x + zoomed.w);
      sum += Math.max(end - Math.max(f.x, at), 0);
      at = Math.max(at, end);
    }
    return sum;
  }

  function openSearch() {
    if (!input) {
      const holder = document.createElementNS(SVG, 'foreignObject');
      for (const [name, value] of [['id', 'searchbox'], ['y', 7], ['height', 24]]) {
        holder.setAttribute(name, value);
      }
      input = document.createElementNS(HTML, 'input');
      input.setAttribute('type', 'text');
      input.setAttribute('aria-label', 'Search frames by regular expression');
      input.setAttribute('placeholder', 'regular expression');
      input.addEventListener('input', () => { search(input.value); remember(); });
      holder.appendChild(input);
      root.appendChild(holder);
    }
    input.parentNode.classList.remove('hide');
    el('search').classList.add('hide');
    input.value = pattern;
    resize();
    input.focus();
    input.select();
  }

  function closeSearch(clear) {
    if (input) input.parentNode.classList.add('hide');
    el('search').classList.remove('hide');
    if (clear) search('');
    remember();
    resize();
    (focused || base).g.focus({ preventScroll: true });
  }

  // ---- state in the address: ?x=&y= name the zoomed frame, s= the search

  function remember() {
    const query = new URLSearchParams();
    if (zoomed !== base) {
      query.set('x', zoomed.x);
      query.set('y', zoomed.y);
    }
    if (pattern !== '') query.set('s', pattern);
    const text = query.toString();
    try {
      history.replaceState(null, '', location.pathname + (text ? '?' + text : ''));
    } catch (forbidden) {
      // Inside another page's frame the address is not ours to change.
    }
  }

  function restore() {
    const query = new URLSearchParams(location.search);
    pattern = query.get('s') || '';
    const x = query.get('x');
    const target = frames.find((f) => x !== null && f.x === Number(x) && f.y === Number(query.get('y')));
    if (target || pattern !== '') zoom(target || base);
  }

  // ---- mouse and keyboard

  function listen() {
    box.addEventListener('mouseover', (e) => describe(frameOf(e.target)));
    box.addEventListener('mouseleave', () => describe(frameOf(document.activeElement)));
    box.addEventListener('focusin', (e) => describe(frameOf(e.target)));
    box.addEventListener('click', (e) => { const f = frameOf(e.target); if (f) visit(f); });
    el('unzoom').addEventListener('click', () => visit(base));
    el('search').addEventListener('click', () => (pattern === '' ? openSearch() : closeSearch(true)));
    for (const id of ['unzoom', 'search']) {
      el(id).setAttribute('tabindex', '0');
      el(id).setAttribute('role', 'button');
    }
    document.addEventListener('keydown', key);
  }

  function describe(f) {
    if (!f) return void (el('details').textContent = ' ');
    const room = root.clientWidth - 3 * xpad - el('matched').getComputedTextLength();
    el('details').textContent = cut(nametype + ' ' + f.title, Math.floor(room / (fontsize * fontwidth)));
  }

  function key(e) {
    const find = e.key.toLowerCase() === 'f' && (e.ctrlKey || e.metaKey);
    if (e.target === input) {
      if (e.key === 'Escape' || e.key === 'Enter') closeSearch(e.key === 'Escape');
      return;  // a second Ctrl-F is the browser's
    }
    if (find || (e.key === '/' && !e.ctrlKey && !e.metaKey)) return act(e, openSearch);
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === 'Escape') return act(e, pattern !== '' ? () => closeSearch(true) : () => visit(base));
    const button = e.target.id === 'search' || e.target.id === 'unzoom';
    if (e.key === 'Enter' || e.key === ' ') {
      if (button) act(e, () => e.target.dispatchEvent(new MouseEvent('click')));
      else if (focused || frameOf(e.target)) act(e, () => visit(frameOf(e.target) || focused));
      return;
    }
    const next = neighbour(focused && !focused.hidden ? focused : zoomed, e.key);
    if (next) act(e, () => walk(next));
  }

  function act(e, action) {
    e.preventDefault();
    action();
  }

  // Up to the widest child, down to the parent, sideways within the row: the picture grows upwards.
  function neighbour(from, direction) {
    const shown = (y) => (rows.get(y) || []).filter((f) => !f.hidden);
    const step = fontsize + 4;
    const row = shown(from.y);
    const holds = (a, b) => a.x <= b.x && a.x + a.w >= b.x + b.w;
    switch (direction) {
      case 'ArrowUp': return shown(from.y - step).filter((f) => holds(from, f)).sort((a, b) => b.w - a.w)[0];
      case 'ArrowDown': return shown(from.y + step).find((f) => holds(f, from));
      case 'ArrowLeft': return row[row.indexOf(from) - 1];
      case 'ArrowRight': return row[row.indexOf(from) + 1];
      case 'Home': return base;
      default: return undefined;
    }
  }

  // One frame at a time can be reached with Tab: fifteen thousand stops would lock a keyboard user in.
  function walk(f) {
    (focused || base).g.removeAttribute('tabindex');
    focused = f;
    f.g.setAttribute('tabindex', '0');
    f.g.focus();
  }

  function visit(f) {
    zoom(f);
    walk(f);
  }
})();
