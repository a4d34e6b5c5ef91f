// node speedscope.mjs NODE_FOLDER CHROMIUM FILE...: opens each file in speedscope's own app, as its npm package has it,
// and prints what the app then holds: [{file, error, title, active, milliseconds, profiles: [...], rows}]. Of each
// profile: its name, unit, whole weight, that outside of gaps, and of each frame its own time and that with callees.
// `rows` is the text of the table of functions of the profile that is shown first.
//
// Files are also held against the schema that the package brings along: the app and the schema each let pass what the
// other refuses.
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [nodeFolder, executablePath, ...files] = process.argv.slice(2);
const require = createRequire(pathToFileURL(nodeFolder + '/'));
const { chromium } = require('playwright-core');
const Ajv = require('ajv').default;
const app = path.join(nodeFolder, 'node_modules/speedscope/dist/release');
const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.wasm': 'application/wasm' };

const matches = new Ajv({ strict: false }).compile(JSON.parse(fs.readFileSync(path.join(app, 'file-format-schema.json'))));

// The app's files, and the profiles by their place in `files`.
const server = http.createServer((request, response) => {
  const name = new URL(request.url, 'http://x').pathname;
  const profile = name.match(/^\/profile\/(\d+)\//);
  const file = profile ? files[Number(profile[1])] : path.join(app, path.normalize(name === '/' ? '/index.html' : name));
  fs.readFile(file, (error, bytes) => {
    response.writeHead(error ? 404 : 200, { 'content-type': TYPES[path.extname(file)] || 'application/octet-stream' });
    response.end(error ? '' : bytes);
  });
});

// Runs in the page. The app has no interface for others: what it holds is found where it hands it to its views.
function held() {
  const seen = new Set();
  const find = (node) => {
    if (!node || typeof node !== 'object' || seen.has(node)) return null;
    seen.add(node);
    const state = node.props && node.props.activeProfileState;
    if (state && state.profile && node.props.profileGroup) return node.props;
    const children = Array.isArray(node) ? node : node.__k;
    for (const child of Array.isArray(children) ? children : []) {
      const found = find(child);
      if (found) return found;
    }
    return null;
  };
  for (const element of [document.body, ...document.body.querySelectorAll('*')]) {
    const props = find(element.__k);
    if (!props) continue;
    return {
      active: props.profileGroup.indexToView,
      profiles: props.profileGroup.profiles.map(({ profile }) => {
        const frames = [];
        profile.forEachFrame((frame) => frames.push({ name: frame.name, file: frame.file || null, line: frame.line || null,
          self: frame.getSelfWeight(), total: frame.getTotalWeight() }));
        return { name: profile.getName(), unit: profile.getWeightUnit(), weight: profile.getTotalWeight(),
          shown: profile.getTotalNonIdleWeight(), frames };
      }),
    };
  }
  return null;
}

async function open(browser, port, index) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('dialog', (dialog) => { errors.push(dialog.message()); dialog.dismiss(); });
  const start = Date.now();
  const address = `http://127.0.0.1:${port}/profile/${index}/x.speedscope.json`;
  await page.goto(`http://127.0.0.1:${port}/#profileURL=${encodeURIComponent(address)}`);
  let found = null;
  while (!found && !errors.length && Date.now() - start < 120000) {
    await page.waitForTimeout(50);
    if (/went wrong|Unrecognized/i.test(await page.evaluate(() => document.body.innerText))) errors.push('the app gave up');
    found = await page.evaluate(held);
  }
  const result = { file: files[index], error: errors[0] || (found ? null : 'not shown'), title: await page.title(),
    milliseconds: Date.now() - start, ...found };
  if (found) {
    await page.keyboard.press('3');  // the table of functions
    await page.waitForTimeout(200);
    result.rows = await page.evaluate(() => [...document.querySelectorAll('tr')].map((row) => row.innerText.replace(/\s+/g, ' ').trim()));
  }
  await page.close();
  return result;
}

await new Promise((listening) => { server.listen(0, '127.0.0.1', listening); });
const browser = await chromium.launch({ executablePath, headless: true, args: ARGS });
const results = [];
for (const index of files.keys()) {
  const result = await open(browser, server.address().port, index);
  const valid = matches(JSON.parse(fs.readFileSync(files[index])));
  if (!valid) result.error = `not as the schema says: ${matches.errors.map((e) => `${e.instancePath} ${e.message}`)[0]}`;
  results.push(result);
}
await browser.close();
server.close();
console.log(JSON.stringify(results));
