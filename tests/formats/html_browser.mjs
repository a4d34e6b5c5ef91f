// node html_browser.mjs NODE_FOLDER CHROMIUM FOLDER: opens the pages that test_html_browser.py wrote to FOLDER by
// file:// and uses them as a person would. Numbers come from the page's hooks and its text, never from pixels; what they
// should be is computed here from the page's data, or by gilspy_write_page (the .tsv files).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import zlib from 'node:zlib';
import { Browser } from './browser.mjs';

const [nodeFolder, executablePath, folder] = process.argv.slice(2);
const address = (name) => pathToFileURL(path.join(folder, name + '.html')).href;

// ---- what the numbers should be

const near = (a, b, what, tolerance = 2e-4) => assert.ok(Math.abs(a - b) <= tolerance, `${what}: ${a}, not ${b}`);
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

function source(name) {
  return fs.readFileSync(path.join(folder, name + '.html'), 'utf8');
}

function between(text, begin, end) {
  const at = text.indexOf(begin) + begin.length;
  return text.slice(at, text.indexOf(end, at));
}

const profileOf = (name) => JSON.parse(between(source(name), 'id="gilspy-profile">', '</script>'));

// Lines of stacks in seconds: [{ view, frames, time }]
const folded = (name) => fs.readFileSync(path.join(folder, name + '.tsv'), 'utf8').trim().split('\n').map((line) => {
  const [view, stack, time] = line.split('\t');
  return { view, frames: stack.split(';'), time: Number(time) / 1e6 };
});
const total = (lines, view) => sum(lines.filter((line) => line.view === view).map((line) => line.time));

// The lanes of a page: [[{ from, to, activity, stack }]] in microseconds.
function lanesOf(name) {
  const bytes = zlib.inflateSync(Buffer.from(between(source(name), 'id="gilspy-data">', '</script>'), 'base64'));
  let at = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const column = (count) => Array.from({ length: count }, number);
  const length = number();
  const header = JSON.parse(bytes.subarray(at, at += length).toString());
  const stacks = number();
  column(stacks);
  const frames = [-1, ...column(stacks)];
  const lanes = Array.from({ length: number() }, () => {
    const count = number();
    const activities = column(count);
    const holes = activities.map((activity) => (activity >= 8 ? number() : 0));
    const lengths = column(count);
    const stack = column(count);
    const keys = activities.map((activity) => header.activities[activity % 8].key);
    const lock = keys.map((key) => (['waits_for_lock', 'stop_the_world', 'blocked'].includes(key) ? number() : 0));
    let now = 0;
    return activities.map((activity, i) => {
      const from = now + holes[i];
      now = from + lengths[i];
      return { from, to: now, activity: activity % 8, stack: stack[i], lock: lock[i] };
    });
  });
  return { header, frames, lanes };
}

const overlap = (stretch, a, b) => Math.max(Math.min(stretch.to, b) - Math.max(stretch.from, a), 0);

// Every pair of one who waits and one who holds, however slow that is.
function blamedOn(functionName, { header, frames, lanes }, a, b) {
  const holding = lanes.flat().filter((s) => s.activity <= 1 && overlap(s, a, b) > 0);
  const waiting = lanes.flat().filter((s) => s.activity === 2 && overlap(s, a, b) > 0);
  const mine = holding.filter((s) => s.stack > 0 && header.functions[header.function_of[frames[s.stack]]] === functionName);
  return sum(mine.map((held) => sum(waiting.map((wait) => overlap(wait, Math.max(held.from, a), Math.min(held.to, b)))))) / 1e6;
}

// ---- the tests: [page, name, what is done]

const hook = (page, name, ...args) => page.evaluate(([n, a]) => window.gilspy[n](...a), [name, args]);
const text = (page, id) => page.locator('#' + id).textContent();

// Numbers follow a selection as soon as the machine allows.
async function settled(page) {
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => setTimeout(done, 20)); }));
  await page.waitForFunction(() => window.gilspy.isUpToDate());
}

async function drag(page, chart, from, to, modifiers = []) {
  const canvas = page.locator(`#${chart} .overlay`);
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const x = (share) => box.x + 170 + (box.width - 172) * share;
  for (const key of modifiers) await page.keyboard.down(key);
  await page.mouse.move(x(from), box.y + 60);
  await page.mouse.down();
  await page.mouse.move(x((from + to) / 2), box.y + 60);
  await page.mouse.move(x(to), box.y + 62);
  await page.mouse.up();
  for (const key of modifiers) await page.keyboard.up(key);
  await settled(page);
}

// The middle of a stretch, of a page that shows all of its `duration` in microseconds.
async function hoverOver(page, thread, stretch, duration) {
  await page.locator('#timeline').scrollIntoViewIfNeeded();
  const row = (await hook(page, 'rows')).indexOf(thread);
  const box = await page.locator('#timeline .overlay').boundingBox();
  const x = box.x + 168 + (((stretch.from + stretch.to) / 2) / duration) * (box.width - 168);
  const y = await page.evaluate((i) => window.gilspy.rowMiddle(i), row);
  await page.mouse.move(x, box.y + y);
  return { tip: await text(page, 'tip'), x };
}

async function sumsAreTheProfiles(page, name) {
  const profile = profileOf(name);
  const threads = await hook(page, 'threads');
  assert.equal(threads.length, profile.threads.length);
  threads.forEach((thread, i) => {
    assert.equal(thread.tid, profile.threads[i].tid);
    for (const [key, seconds] of Object.entries(profile.threads[i].activities)) {
      near(thread.activities[key], seconds, `${thread.name} ${key}`);
    }
  });
}

async function flameGraphsAreTheFolded(page, name) {
  const lines = folded(name);
  const blocked = sum(lines.filter((l) => l.view === 'all' && l.frames[0] === 'blocked').map((l) => l.time));
  near((await hook(page, 'flame', 'all')).total, total(lines, 'all') - blocked, 'all', 2e-3);
  for (const view of ['held', 'wait', 'blame']) near((await hook(page, 'flame', view)).total, total(lines, view), view, 2e-3);
  near((await hook(page, 'flame', 'blame')).total, (await hook(page, 'flame', 'wait')).total, 'blame is wait', 1e-9);
}

const everywhere = ['turns', 'parallel', 'churn', 'hostile', 'interpreters'].flatMap((name) => [
  [name, 'sums of the whole are the profile\'s', (page) => sumsAreTheProfiles(page, name)],
  [name, 'flame graphs have the totals of the folded stacks', (page) => flameGraphsAreTheFolded(page, name)],
]);

const tests = [...everywhere,
  ['turns', 'blame goes to who held the GIL', async (page) => {
    const lines = folded('turns').filter((line) => line.view === 'blame');
    const functions = await hook(page, 'functions');
    for (const name of ['is_prime', 'count']) {
      const expected = sum(lines.filter((l) => l.frames.at(-2).startsWith(name + ' (')).map((l) => l.time));
      near(functions.find((f) => f.name.startsWith(name + ' (')).blame, expected, name, 1e-3);
    }
    const handOff = sum(lines.filter((l) => l.frames[0] === '(hand-off)').map((l) => l.time));
    const { first } = await hook(page, 'flame', 'blame');
    near(first.find(([frame]) => frame === '(hand-off)')[1], handOff, 'hand-off', 1e-3);
  }],

  ['turns', 'the tables show the profile\'s numbers', async (page) => {
    const profile = profileOf('turns');
    const rows = await page.locator('#threads tbody tr').allTextContents();
    const most = profile.threads.reduce((a, b) => (a.activities.waits_for_gil > b.activities.waits_for_gil ? a : b));
    assert.ok(rows[0].startsWith(most.name + most.tid), rows[0]);
    assert.ok(rows[0].includes(most.activities.waits_for_gil.toFixed(3)), rows[0]);
    await page.locator('#threads thead button', { hasText: 'Thread' }).click();
    assert.ok((await page.locator('#threads tbody tr').first().textContent()).startsWith('MainThread'));
    assert.equal(await page.locator('#threads th[aria-sort]').getAttribute('aria-sort'), 'ascending');
  }],

  ['turns', 'what is selected changes the numbers', async (page) => {
    const data = lanesOf('turns');
    const [a, b] = [412345, 730001];
    await hook(page, 'select', a / 1e6, b / 1e6);
    const threads = await hook(page, 'threads');
    threads.forEach((thread, i) => data.header.activities.forEach(({ key }, kind) => {
      const expected = sum(data.lanes[i].filter((s) => s.activity === kind).map((s) => overlap(s, a, b))) / 1e6;
      near(thread.activities[key], expected, `${thread.name} ${key}`, 1e-9);
    }));
    const functions = await hook(page, 'functions');
    for (const { name, blame } of functions) near(blame, blamedOn(name, data, a, b), name, 1e-6);
    const held = sum(threads.map((t) => t.activities.holds_gil + t.activities.holds_gil_off_cpu));
    const numbers = await hook(page, 'keyNumbers');
    near(numbers.held, held / ((b - a) / 1e6), 'held', 1e-6);
    near(numbers.waiters, sum(threads.map((t) => t.activities.waits_for_gil)) / ((b - a) / 1e6), 'waiters', 1e-6);
    near(numbers.duration, 0.317656, 'duration', 1e-6);
    assert.match(await text(page, 'tiles'), /Mean waiters7\.0/);
    assert.equal(await page.locator('.tile.whole').count(), 1);  // p99 is of the whole recording, and says so
    assert.match(await text(page, 'selection'), /^Selected: 318 ms from 0\.412\d* s to 0\.730\d* s\.$/);
    await hook(page, 'reset');
    await sumsAreTheProfiles(page, 'turns');
    assert.match(await text(page, 'tiles'), /Recorded2\.00 s/);
  }],

  ['turns', 'dragging selects, a click and Escape select everything again', async (page) => {
    await drag(page, 'timeline', 0.25, 0.5);
    const [a, b] = await hook(page, 'selection');
    near(a, 0.5, 'from', 0.02);
    near(b, 1, 'to', 0.02);
    assert.equal(await page.locator('#selection-box').isVisible(), true);
    assert.match(await page.locator('.of-selection').first().textContent(), /^in the selected 5\d\d ms|4\d\d ms$/);
    await page.keyboard.press('Escape');
    assert.equal(await hook(page, 'selection'), null);
    await drag(page, 'excerpt', 0.1, 0.9);
    const [c, d] = await hook(page, 'selection');
    near(d - c, 0.08, 'in the excerpt', 0.005);
    await page.locator('#timeline .overlay').click({ position: { x: 600, y: 100 } });
    assert.equal(await hook(page, 'selection'), null);
  }],

  ['turns', 'wheel, keys and buttons zoom and move', async (page) => {
    const view = async () => { await settled(page); return hook(page, 'view'); };
    const length = async () => { const [a, b] = await view(); return b - a; };
    const box = await page.locator('#timeline .overlay').boundingBox();
    const middle = box.x + 170 + (box.width - 170) / 2;
    await page.mouse.move(middle, box.y + 80);
    await page.mouse.wheel(0, -400);
    const [a, b] = await view();
    assert.ok(b - a < 0.9, `zoomed to ${b - a}`);
    near((a + b) / 2, 1, 'the middle stays', 0.02);
    await page.keyboard.press('ArrowRight');
    near((await view())[0], a + 0.2 * (b - a), 'moved right', 1e-3);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('+');
    near(await length(), (b - a) / 2, 'half', 1e-3);
    await page.keyboard.press('s');
    assert.deepEqual(await hook(page, 'selection'), await view());
    await page.keyboard.press('0');
    near(await length(), 2, 'everything', 1e-3);
    await page.keyboard.press('z');
    near(await length(), (b - a) / 2, 'to the selection', 1e-3);
    await drag(page, 'timeline', 0.5, 0.4, ['Shift']);
    assert.ok((await view())[0] > a, 'panned');
    await page.locator('#timeline .overlay').dblclick({ position: { x: 700, y: 90 } });
    near(await length(), 2, 'everything', 1e-3);
    await page.locator('#zoom-in').click();
    near(await length(), 1, 'button', 1e-3);
    await page.locator('#zoom-excerpt').click();
    near(await length(), 0.1, 'the excerpt', 1e-3);
  }],

  ['turns', 'hovering tells thread, activity, stack and holder', async (page) => {
    const at = lanesOf('turns').lanes[3].find((s) => s.activity === 2 && s.to - s.from > 20000);
    const { tip, x } = await hoverOver(page, 'worker-3', at, 2e6);
    assert.match(tip, /worker-3 \(21036\)\nwaits for the GIL for \d+\.?\d* ms/);
    assert.match(tip, /worker-\d \(\d+\) holds it in |it is being handed over/);
    assert.match(tip, /\n {2}(is_prime|count) \(primes\.py:\d+\)/);
    await page.mouse.move(x, 2);
    assert.equal(await page.locator('#tip').isVisible(), false);
  }],

  ['hostile', 'hovering names the lock that is waited for', async (page) => {
    const { header, lanes } = lanesOf('hostile');
    const at = lanes[1].find((s) => s.lock > 0);
    const { tip } = await hoverOver(page, header.threads[1].name, at, 1e6);
    assert.match(tip, /\nwaits for a lock for /);
    assert.match(tip, /\nwaits for: self\.<b>lock<\/b>/);
  }],

  ['turns', 'search marks frames and says how much', async (page) => {
    const place = () => page.evaluate(() => document.getElementById('flame').offsetTop);
    const before = await place();
    await page.keyboard.press('/');
    await page.keyboard.type('is_prime');
    assert.notEqual(await text(page, 'matched'), '');
    assert.equal(await place(), before);  // nothing moves
    const lines = folded('turns').filter((l) => l.view === 'all' && l.frames[0] !== 'blocked');
    const found = sum(lines.filter((l) => l.frames.some((f) => f.includes('is_prime'))).map((l) => l.time));
    const percent = Math.round((found / sum(lines.map((l) => l.time))) * 100);
    assert.equal(await text(page, 'matched'), `${percent} %`);
    await page.keyboard.press('Escape');
    assert.equal(await text(page, 'matched'), '');
    await page.keyboard.press('/');
    await page.keyboard.type('is_prime (');  // half a regular expression is plain text
    assert.equal(await text(page, 'matched'), `${percent} %`);
    await page.keyboard.press('Enter');
    await page.locator('#functions tbody tr').first().click();
    assert.match(await page.locator('#search').inputValue(), /^is_prime/);
  }],

  ['turns', 'the flame graph zooms, walks and changes its view', async (page) => {
    await page.locator('#flame canvas').focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(await hook(page, 'focused'), 'holds the GIL');
    await page.keyboard.press('ArrowRight');
    assert.equal(await hook(page, 'focused'), 'waits for the GIL');
    assert.match(await text(page, 'flame-details'), /^waits for the GIL: 14\.0\d s, 88 %$/);
    await page.keyboard.press('Enter');
    assert.equal(await hook(page, 'zoomed'), 'waits for the GIL');
    await page.keyboard.press('Escape');
    assert.equal(await hook(page, 'zoomed'), 'all');
    await page.locator('#tabs button', { hasText: 'blame' }).click();
    assert.equal(await page.locator('#tabs [aria-pressed=true]').textContent(), 'blame');
    await page.locator('#flame canvas').click({ position: { x: 200, y: 28 } });
    assert.match(await hook(page, 'zoomed'), /^Thread\.run/);
    await page.locator('#reset-graph').click();
    await page.locator('#by-thread').check();
    const { first } = await hook(page, 'flame', 'blame');
    assert.equal(first.filter(([name]) => /^worker-\d \(\d+\)$/.test(name)).length, 8);
  }],

  ['turns', 'help opens and closes by the keyboard', async (page) => {
    await page.keyboard.press('?');
    assert.equal(await page.locator('#help').isVisible(), true);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#help').isVisible(), false);
  }],

  ['turns', 'controls are reached by Tab and have names', async (page) => {
    const stops = [];
    for (let i = 0; i < 18; ++i) {
      await page.keyboard.press('Tab');
      stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.dataset.view || document.activeElement.tagName));
    }
    for (const id of ['zoom-in', 'help-button', 'zoom-excerpt', 'all', 'blame', 'by-thread', 'search']) assert.ok(stops.includes(id), `${id} in ${stops}`);
    const nameless = await page.evaluate(() => Array.from(document.querySelectorAll('button, input')).filter(
      (e) => !e.textContent && !e.ariaLabel && !e.labels?.length).map((e) => e.id));
    assert.deepEqual(nameless, []);
  }],

  ['turns', 'dark follows the system', async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    assert.equal(await paper(), 'rgb(251, 251, 249)');
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.equal(await paper(), 'rgb(29, 31, 33)');
    await page.waitForFunction(() => window.gilspy.textColour() === '#ececec');  // canvases are told a little later
  }],

  ['turns', 'prints on white, without controls, also from a dark screen', async (page) => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print' });
    await settled(page);
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor), 'rgb(255, 255, 255)');
    assert.equal(await hook(page, 'textColour'), '#000');
    assert.equal(await page.locator('#search').isVisible(), false);
    assert.equal(await page.locator('h1').isVisible(), true);
    assert.ok((await page.pdf()).length > 10000);
  }],

  ['turns', 'fits a phone', async (page) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await settled(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 360);
    assert.ok((await page.locator('#timeline canvas').first().boundingBox()).width <= 360);
    assert.equal((await hook(page, 'rows')).length, 12);
  }],

  ['parallel', 'threads side by side are not called waiting', async (page) => {
    assert.deepEqual(await hook(page, 'rows'), ['CPUs in use', 'hasher-0', 'hasher-1', 'hasher-2', 'hasher-3']);
    assert.equal((await hook(page, 'flame', 'wait')).total, 0);
    await page.locator('#tabs button', { hasText: 'wait' }).click();
    assert.equal(await page.locator('#flame-empty').isVisible(), true);
  }],

  ['churn', 'threads that follow each other share lanes', async (page) => {
    const rows = await hook(page, 'rows');
    assert.equal(rows.filter((row) => row === 'process_request_thread × 500').length, 3);
    assert.equal(await page.locator('#threads tbody tr').count(), 20);
    await page.locator('#threads tfoot button').click();
    assert.equal(await page.locator('#threads tbody tr').count(), 1501);
  }],

  ['hostile', 'names are text', async (page) => {
    assert.equal(await page.locator('main img, main b b, main i').count(), 0);
    const names = await page.locator('#threads tbody th').allTextContents();
    assert.ok(names.includes("</script><script>fetch('//x')</script>") && names.includes('__proto__'), names.join());
    assert.match(await page.title(), /^python <b>&\.py --x="1" title>: /);
    await page.locator('#threads tbody tr').first().hover();
    assert.ok((await hook(page, 'rows')).includes('<img src=x onerror=alert(1)>'));
  }],

  ['interpreters', 'lanes stand below the GIL that they belong to', async (page) => {
    assert.deepEqual((await hook(page, 'rows')).slice(1), [
      'interpreters 0 and 1 share a GIL: held 100 %, 1.0 threads waiting', 'GIL held by', 'threads waiting for it',
      'one in 1', 'zero in 0', 'two in 0',
      'interpreter 2, own GIL: held 80 %', 'GIL held by', 'two']);
    const { header, lanes } = lanesOf('interpreters');
    const at = lanes[1].find((s) => s.activity === 2);
    const { tip } = await hoverOver(page, 'one in 1', at, header.duration_us);
    assert.match(tip, /one \(21034, interpreter 1\)\nwaits for the GIL/);
    assert.match(tip, /zero \(21033, interpreter 0\) holds it in spin/);
  }],

  ['interpreters', 'a row of the table says in which interpreter', async (page) => {
    const heads = await page.locator('#threads thead th').allTextContents();
    assert.equal(heads[2], 'interpreter');
    const cells = await page.locator('#threads tbody tr').evaluateAll((rows) => rows.map((row) => [0, 1, 2].map((i) => row.cells[i].textContent).join(' ')));
    assert.deepEqual(cells.sort(), ['one 21034 1', 'two 21035 0', 'two 21035 2', 'zero 21033 0']);
  }],

  ['turns', 'of one interpreter nobody is told which', async (page) => {
    assert.ok(!(await page.locator('#threads thead th').allTextContents()).includes('interpreter'));
    assert.ok(!(await hook(page, 'rows')).some((row) => row.includes('interpreter')));
  }],

  ['hour', 'a large page is coarse, says so, and its sums stay', async (page) => {
    const profile = profileOf('hour');
    (await hook(page, 'threads')).forEach((thread, i) => {
      for (const [key, seconds] of Object.entries(profile.threads[i].activities)) near(thread.activities[key], seconds, key, 0.01);
    });
    assert.match(await text(page, 'quality'), /times are dated to \d+ ms/);
    near((await hook(page, 'flame', 'blame')).total, (await hook(page, 'flame', 'wait')).total, 'blame is wait', 1e-3);
    const lines = folded('hour').filter((line) => line.view === 'blame');
    const expected = sum(lines.filter((l) => (l.frames.at(-2) || '').startsWith('is_prime')).map((l) => l.time));
    const found = (await hook(page, 'functions')).find((f) => f.name.startsWith('is_prime')).blame;
    assert.ok(Math.abs(found / expected - 1) < 0.02, `blame ${found}, not ${expected}`);
  }],

  ['empty', 'a profile without a timeline still has its tables', async (page) => {
    assert.match(await text(page, 'trouble'), /^No timeline/);
    assert.equal(await page.locator('#threads tbody tr').count(), 9);
    assert.equal(await page.locator('#timeline-box').isVisible(), false);
  }],
];

// ---- browsers that lack something

async function withoutDecompression(page) {
  await page.addInitScript(() => { delete window.DecompressionStream; });
  await page.goto(address('turns'));
  await page.evaluate(() => window.gilspy.ready);
  assert.match(await text(page, 'trouble'), /DecompressionStream.*All else on this page is complete/);
  assert.equal(await page.locator('#threads tbody tr').count(), 9);
  assert.match(await page.locator('h1').textContent(), /^8 threads did the work/);
}

async function withoutScript(page) {
  await page.goto(address('turns'));
  assert.equal(await page.locator('noscript').isVisible(), true);
  assert.match(await page.locator('.lead').textContent(), /causes \d+ % of the waiting/);
}

// ---- running them

const browser = await Browser.launch(nodeFolder, executablePath);
const run = (name, file, options, test) => browser.run(name, address(file),
  { viewport: { width: 1240, height: 900 }, colorScheme: 'light', ...options }, test);

for (const [file, name, test] of tests) {
  await run(`${file}: ${name}`, file, {}, async (page) => {
    await page.goto(address(file));
    await page.evaluate(() => window.gilspy.ready);
    assert.equal(await page.evaluate(() => String(window.gilspy.error?.stack || '')), '');
    await test(page);
  });
}
await run('a browser that cannot unpack', 'turns', {}, withoutDecompression);
await run('a browser without scripts', 'turns', { javaScriptEnabled: false }, withoutScript);
for (const file of ['turns', 'minute', 'hour']) {
  await run(`${file}: is opened`, file, {}, async (page) => {
    await page.goto(address(file));
    await page.evaluate(() => window.gilspy.ready);
    const [ms, stretches] = await page.evaluate(() => [window.gilspy.loaded_ms, window.gilspy.stretches()]);
    const draw = await page.evaluate(() => { const begin = performance.now(); window.gilspy.draw(); return performance.now() - begin; });
    const size = fs.statSync(path.join(folder, file + '.html')).size;
    console.log(`       ${file}: ${(size / 1e6).toFixed(2)} MB, ${stretches} stretches, opened in ${ms.toFixed(0)} ms, drawn in ${draw.toFixed(0)} ms`);
  });
}
await browser.exit();
