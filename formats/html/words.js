// Numbers and times as people read them, and what the style sheet says about canvases.
const Words = (() => {
  // A round step not below `least`: 1, 2 or 5 times a power of ten.
  function tick(least) {
    const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-3)));
    return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= least);
  }

  // How long, from microseconds.
  function time(us) {
    if (us < 999.5) return `${us < 10 && us > 0 ? us.toFixed(1) : us.toFixed(0)} µs`;
    if (us < 999500) return `${(us / 1e3).toPrecision(3)} ms`;
    return `${(us / 1e6).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} s`;
  }

  // When, precise to the step.
  function moment(us, step) {
    const digits = Math.min(Math.max(6 - Math.floor(Math.log10(Math.max(step, 1))), 0), 6);
    return `${(us / 1e6).toFixed(digits)} s`;
  }

  function percent(share) {
    if (!(share >= 0.0005)) return '0 %';
    if (share < 0.0095 || (share >= 0.995 && share < 0.9995)) return `${(share * 100).toFixed(1)} %`;
    return share < 1 && share >= 0.9995 ? '99.9 %' : `${(share * 100).toFixed(0)} %`;
  }

  const number = (value) => String(Number(value.toFixed(2)));
  const grouped = (value) => value.toLocaleString('en');
  const count = (value, noun) => `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;

  const natural = new Intl.Collator('en', { numeric: true }).compare;
  const thread = ({ name, tid, inside }) => `${name} (${tid}${inside >= 0 ? `, interpreter ${inside}` : ''})`;

  // What fits into so many pixels, with an ellipsis where something is missing.
  function cut(context, text, room) {
    if (context.measureText(text).width <= room) return text;
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(text.slice(0, middle) + '…').width <= room) low = middle;
      else high = middle - 1;
    }
    return low < 2 ? '' : text.slice(0, low) + '…';
  }

  return { count, cut, grouped, moment, natural, number, percent, thread, tick, time };
})();

const Look = (() => {
  const small = '11px system-ui, "DejaVu Sans", "Segoe UI", sans-serif';
  const normal = '12px system-ui, "DejaVu Sans", "Segoe UI", sans-serif';

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const get = (name) => style.getPropertyValue('--' + name).trim();
    return {
      text: get('text'), quiet: get('quiet'), grid: get('grid'), line: get('line'), paper: get('paper'),
      veil: get('veil'), accent: get('accent'), lens: get('lens'), cpu: get('cpu').split(',').map(Number),
    };
  }

  // A context that counts in CSS pixels, and how many pixels of the screen one of those has.
  function sized(canvas, width, height, most = Infinity) {
    const dpr = Math.max(1, Math.round(window.devicePixelRatio || 1));
    canvas.width = width * dpr;
    canvas.height = Math.min(height * dpr, most);
    canvas.style.width = width + 'px';
    canvas.style.height = height + 'px';
    const context = canvas.getContext('2d');
    context.scale(dpr, dpr);
    return { context, dpr };
  }

  return { colours, normal, sized, small };
})();
