// node flamegraph_browser.mjs NODE_FOLDER CHROMIUM GRAPH.svg: opens the graph of test_flamegraph_browser.py by file://
// and uses it as a person would. Numbers come from the document, never from pixels.
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { Browser } from './browser.mjs';

const [nodeFolder, executablePath, svg] = process.argv.slice(2);
const ADDRESS = pathToFileURL(svg).href;

// What a test may ask of the page, run inside it.
function look() {
  const text = (id) => document.getElementById(id).textContent;
  const shown = (id) => getComputedStyle(document.getElementById(id)).display !== 'none';
  const frames = Array.from(document.querySelectorAll('#frames > g')).map((g) => {
    const rect = g.querySelector('rect');
    return {
      title: g.querySelector('title').textContent,
      label: g.querySelector('text').textContent,
      hidden: getComputedStyle(g).display === 'none',
      parent: g.classList.contains('parent'),
      focused: document.activeElement === g,
      fill: getComputedStyle(rect).fill,
      x: parseFloat(rect.getAttribute('x')),
      width: parseFloat(rect.getAttribute('width')),
      right: rect.getBoundingClientRect().right,
    };
  });
  const { search } = location;
  return { details: text('details'), matched: text('matched'), unzoom: shown('unzoom'), frames, search };
}

const named = (state, start) => {
  const found = state.frames.find((f) => f.title.startsWith(start));
  assert.ok(found, 'no frame ' + start);
  return found;
};
const focusedFrame = (state) => (state.frames.find((f) => f.focused) || { title: 'nothing' }).title;
const clickFrame = (page, start) => page.locator('#frames > g', { has: page.locator('title', { hasText: start }) })
  .first().locator('rect').click({ position: { x: 5, y: 5 } });

const tests = {
  async 'the first row says how much time was lost'(page) {
    const { frames } = await page.evaluate(look);
    assert.equal(frames.filter((f) => f.hidden).length, 0);
    assert.equal(named({ frames }, 'waits for the GIL').label, 'waits for the GIL: 70.0 %');
    assert.equal(named({ frames }, 'waits for the GIL').fill, 'rgb(213, 94, 0)');
    assert.match(named({ frames }, 'holds the GIL off CPU').fill, /url\("#t\d+"\)/);
    assert.match(named({ frames }, 'unknown').fill, /url\("#t\d+"\)/);
    assert.ok(named({ frames }, '<lambda> & "q" (a.py:7) (50 ms, 5.00%)'));
    assert.equal(await page.title(), 'primes.py');
  },

  async 'hovering shows the details and leaving hides them'(page) {
    await page.locator('#frames > g rect').first().hover();
    assert.match((await page.evaluate(look)).details, /^Frame: .* ms, [\d.]+%\)$/);
    await page.locator('#title').hover();
    assert.equal((await page.evaluate(look)).details, ' ');
  },

  async 'a click zooms, ancestors stay, reset brings all back'(page) {
    const before = await page.evaluate(look);
    await clickFrame(page, 'waits for the GIL');
    const zoomed = await page.evaluate(look);
    assert.equal(named(zoomed, 'waits for the GIL').width, 100);
    assert.equal(named(zoomed, 'all').parent, true);
    assert.equal(named(zoomed, 'holds the GIL (').hidden, true);
    assert.equal(named(zoomed, 'worker-1 (400 ms').width.toFixed(2), '57.14');
    assert.equal(zoomed.unzoom, true);
    assert.match(zoomed.search, /^\?x=300&y=\d+$/);
    await page.locator('#unzoom').click();
    const after = await page.evaluate(look);
    const places = (state) => state.frames.map((f) => [f.x, f.width, f.label]);
    assert.deepEqual(places(after), places(before));
    assert.equal(after.unzoom, false);
    assert.equal(after.search, '');
  },

  async 'search marks frames and counts nested ones once'(page) {
    await page.locator('#search').click();
    await page.keyboard.type('^f \\(');
    const state = await page.evaluate(look);
    assert.equal(state.matched, 'Matched: 81.0%');
    assert.equal(named(state, 'f (a.py:1) (60 ms').fill, 'rgb(230, 0, 230)');  // over the hatching, too
    assert.equal(named(state, 'g (a.py:9)').fill.startsWith('rgb(230, 0'), false);
    assert.equal(new URLSearchParams(state.search).get('s'), '^f \\(');
    await page.keyboard.press('Escape');
    const cleared = await page.evaluate(look);
    assert.equal(cleared.matched, ' ');
    assert.match(named(cleared, 'f (a.py:1) (60 ms').fill, /url/);
    assert.equal(cleared.search, '');
  },

  async 'search within a zoom counts within it; half a regular expression is plain text'(page) {
    await clickFrame(page, 'holds the GIL (');
    await page.keyboard.press('Control+f');
    await page.keyboard.type('f (A');
    assert.equal((await page.evaluate(look)).matched, 'Matched: 0.0% of the zoomed frame');
    await page.keyboard.press('Backspace');
    assert.equal((await page.evaluate(look)).matched, 'Matched: 75.0% of the zoomed frame');
    await page.keyboard.press('Enter');  // closes the field, keeps the marks
    assert.equal((await page.evaluate(look)).matched, 'Matched: 75.0% of the zoomed frame');
    await page.locator('#search').click();  // now "Reset Search"
    assert.equal((await page.evaluate(look)).matched, ' ');
  },

  async 'the address restores zoom and search'(page) {
    await clickFrame(page, 'waits for the GIL');
    await page.keyboard.press('/');
    await page.keyboard.type('^g');
    const state = await page.evaluate(look);
    assert.match(state.search, /^\?x=300&y=\d+&s=%5Eg$/);
    await page.goto(ADDRESS + state.search);
    const restored = await page.evaluate(look);
    assert.equal(restored.matched, 'Matched: 14.3% of the zoomed frame');
    assert.deepEqual(restored.frames.map((f) => f.x), state.frames.map((f) => f.x));
  },

  async 'the keyboard walks, zooms and resets'(page) {
    await page.keyboard.press('ArrowUp');  // from the root to its widest child
    let state = await page.evaluate(look);
    assert.match(focusedFrame(state), /^waits for the GIL/);
    assert.match(state.details, /^Frame: waits for the GIL/);
    await page.keyboard.press('ArrowLeft');
    assert.match(focusedFrame(await page.evaluate(look)), /^unknown/);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    state = await page.evaluate(look);
    assert.match(focusedFrame(state), /^worker-1/);
    assert.equal(named(state, 'worker-1 (400 ms').width, 100);
    await page.keyboard.press('ArrowDown');
    assert.match(focusedFrame(await page.evaluate(look)), /^waits for the GIL/);
    await page.keyboard.press('Escape');
    state = await page.evaluate(look);
    assert.equal(state.unzoom, false);
    assert.match(focusedFrame(state), /^all/);
  },

  async 'one frame is reached by Tab, and the controls'(page) {
    await page.locator('#title').click();
    const stops = new Set();
    for (let i = 0; i < 6; ++i) {
      await page.keyboard.press('Tab');
      stops.add(await page.evaluate(() => document.activeElement?.id || document.activeElement?.tagName));
    }
    assert.ok(stops.has('search') && stops.has('g'), [...stops].join());
    assert.equal(await page.locator('#frames > g[tabindex="0"]').count(), 1);
  },

  async 'the graph fills the window and relabels'(page) {
    await page.setViewportSize({ width: 500, height: 500 });
    await page.waitForFunction(() => Number(document.getElementById('frames').getAttribute('width')) === 480);
    const narrow = await page.evaluate(look);
    assert.ok(Math.abs(named(narrow, 'all').right - 490) < 1.5);
    assert.equal(named(narrow, 'g (a.py:9)').label, 'g (a..');
    await page.setViewportSize({ width: 1800, height: 500 });
    await page.waitForFunction(() => Number(document.getElementById('frames').getAttribute('width')) === 1780);
    const wide = await page.evaluate(look);
    assert.ok(Math.abs(named(wide, 'all').right - 1790) < 1.5);
    assert.equal(named(wide, 'g (a.py:9)').label, 'g (a.py:9)');
  },

  async 'titles stay readable in a dark page'(page) {
    await page.emulateMedia({ colorScheme: 'dark' });
    const fills = await page.evaluate(() => [getComputedStyle(document.getElementById('title')).fill,
      getComputedStyle(document.querySelector('#background stop')).stopColor]);
    assert.deepEqual(fills, ['rgb(236, 236, 236)', 'rgb(29, 31, 33)']);
  },
};

const browser = await Browser.launch(nodeFolder, executablePath);
for (const [name, test] of Object.entries(tests)) {
  await browser.run(name, ADDRESS, { viewport: { width: 1200, height: 500 } }, async (page) => {
    await page.goto(ADDRESS);
    await test(page);
  });
}
await browser.exit();
