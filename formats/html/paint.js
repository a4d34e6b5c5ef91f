// Colours, and lanes as pixels: each column of pixels shows the shares of its time, so that a lane tells the truth at
// every zoom. Height means progress: who holds the GIL or runs has the full height, who waits for something half.
const Paint = (() => {
  // By activity. The same palette as in all pictures of gilspy; heights are shares of the lane, or pixels below 0.
  const LOOKS = [
    { colour: [0xe6, 0x9f, 0x00], height: 1 },
    { colour: [0xe6, 0x9f, 0x00], height: 1, texture: 'hatched' },
    { colour: [0xd5, 0x5e, 0x00], height: 0.5 },
    { colour: [0x00, 0x9e, 0x73], height: 1 },
    { colour: [0xcc, 0x79, 0xa7], height: 0.5 },
    { colour: [0x00, 0x72, 0xb2], height: 0.5 },
    { colour: [0xbb, 0xbb, 0xbb], height: -2 },
    { colour: [0x88, 0x88, 0x88], height: -2, texture: 'dotted' },
  ];
  // From the bottom: progress first.
  const ORDER = [HOLDS, OFF_CPU, RUNS, WAITS, LOCK, STOP, BLOCKED, UNKNOWN];
  const DARK = [0x3a, 0x28, 0x00];

  // The owner lane: neighbours in it are told apart by shades.
  const OWNERS = [[0xe6, 0x9f, 0x00], [0xf6, 0xc7, 0x5e], [0xc4, 0x82, 0x00], [0xfb, 0xdf, 0xa6]];

  const css = (colour) => `rgb(${colour.join(',')})`;
  const lighter = (colour, share) => colour.map((channel) => Math.round(channel + (255 - channel) * share));

  // Shades between two mixtures with white, by the name; vermilion may only become a little lighter: to red-blind eyes
  // it differs from orange by lightness alone.
  const SHADES = [[0.06, 0.46], [0.06, 0.46], [0.03, 0.26], [0.08, 0.46], [0.06, 0.48], [0.16, 0.52], [0.08, 0.56], [0, 0]];
  const NEUTRAL = [0xb9, 0xc4, 0xce];
  const MODULES = [[0x8d, 0xd3, 0xc7], [0xff, 0xed, 0x9f], [0xbe, 0xba, 0xda], [0xfb, 0x9a, 0x8a], [0x80, 0xb1, 0xd3],
    [0xfd, 0xb4, 0x62], [0xb3, 0xde, 0x69], [0xfc, 0xcd, 0xe5], [0xd9, 0xd9, 0xd9], [0xcc, 0xeb, 0xc5]];

  function hash(text) {
    let h = 0x811c9dc5;
    for (let i = 0; i < text.length; ++i) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    return (h ^ (h >>> 15)) >>> 0;
  }

  function shade(family, text) {
    const step = (hash(text) % 7) / 6;
    if (family < 0) return css(lighter(NEUTRAL, step / 2));
    const [least, most] = SHADES[family];
    return css(lighter(LOOKS[family].colour, least + (most - least) * step));
  }

  // "json" of "dumps (json/encoder.py:200)", "primes.py" of "is_prime (primes.py:4)"
  function moduleOf(text) {
    const place = /\(([^()]*?)(?::\d+)?\)$/.exec(text);
    return place ? place[1].replace(/^\/+/, '').split('/')[0] : '';
  }

  const byModule = (text) => css(MODULES[hash(moduleOf(text)) % MODULES.length]);

  // ---- shares of the columns

  // Adds the time of [from, to), in columns, to one class of what the columns show.
  function spread(shares, classes, kind, from, to) {
    const first = Math.floor(from);
    const last = Math.min(Math.floor(to), shares.length / classes - 1);
    if (first === last) {
      shares[first * classes + kind] += to - from;
      return;
    }
    shares[first * classes + kind] += first + 1 - from;
    for (let column = first + 1; column < last; ++column) shares[column * classes + kind] += 1;
    shares[last * classes + kind] += to - last;
  }

  // kindOf(lane, index): which class a stretch belongs to
  function shares(lanes, classes, kindOf, { a, b, columns, dpr }) {
    const into = new Float32Array(columns * classes);
    const scale = columns / (b - a);
    let stretches = 0;
    for (const lane of lanes) {
      Sums.each(lane, a, b, (i, from, to) => {
        if (to > from) spread(into, classes, kindOf(lane, i), (from - a) * scale, (to - a) * scale);
        ++stretches;
      });
    }
    if (stretches > 2 * columns) evenOut(into, classes, columns, 4 * dpr);
    return into;
  }

  // Where no single stretch can be seen any more, a few columns together show calmer shares.
  function evenOut(shares, classes, columns, group) {
    for (let begin = 0; begin < columns; begin += group) {
      const end = Math.min(begin + group, columns);
      for (let kind = 0; kind < classes; ++kind) {
        let sum = 0;
        for (let column = begin; column < end; ++column) sum += shares[column * classes + kind];
        for (let column = begin; column < end; ++column) shares[column * classes + kind] = sum / (end - begin);
      }
    }
  }

  function textured(look, column, row, dpr) {
    if (look.texture === 'hatched' && (column + row) % (5 * dpr) < 2 * dpr) return DARK;
    return look.colour;
  }

  // One lane of `height` pixels into an image, from the bottom up; the edges of the shares are blended.
  function stack(image, shares, looks, order, top, height, dpr) {
    const { data, width } = image;
    const classes = looks.length;
    for (let column = 0; column < width; ++column) {
      let bottom = 0;
      for (const kind of order) {
        const share = shares[column * classes + kind];
        if (share <= 0) continue;
        const look = looks[kind];
        const full = look.height > 0 ? look.height * height : -look.height * dpr;
        if (bottom >= 2 * dpr && full * share >= 2 * dpr) bottom += dpr / 2;  // a seam: neighbours may look alike to some eyes
        const end = Math.min(bottom + Math.min(share, 1) * full, height);
        if (look.texture !== 'dotted' || column % (4 * dpr) < 2 * dpr) {
          for (let row = Math.floor(bottom); row < end; ++row) {
            const cover = Math.min(end, row + 1) - Math.max(bottom, row);
            blend(data, ((top + height - 1 - row) * width + column) * 4, textured(look, column, row, dpr), cover);
          }
        }
        bottom = end;
      }
    }
  }

  function blend(data, at, colour, cover) {
    const before = data[at + 3] / 255;
    const after = Math.min(before + cover, 1);
    if (after <= 0) return;
    for (let i = 0; i < 3; ++i) data[at + i] = (data[at + i] * before + colour[i] * cover) / (before + cover);
    data[at + 3] = after * 255;
  }

  // A mean value per column as an area; `most` is the full height.
  function area(image, steps, value, most, colour, top, height, { a, b }) {
    const columns = image.width;
    const mean = new Float32Array(columns);
    const scale = columns / (b - a);
    Sums.each(steps, a, b, (i, begin, end) => {
      const from = (begin - a) * scale;
      const to = (end - a) * scale;
      const last = Math.min(Math.floor(to), columns - 1);
      for (let column = Math.floor(from); column <= last; ++column) {
        mean[column] += value[i] * (Math.min(to, column + 1) - Math.max(from, column));
      }
    });
    for (let column = 0; column < columns; ++column) {
      const end = Math.min((mean[column] / most) * height, height);
      for (let row = 0; row < end; ++row) {
        blend(image.data, ((top + height - 1 - row) * columns + column) * 4, colour, Math.min(end - row, 1));
      }
    }
  }

  return { LOOKS, ORDER, OWNERS, area, byModule, css, shade, shares, stack };
})();
