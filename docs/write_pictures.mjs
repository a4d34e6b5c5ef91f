// node write_pictures.mjs GILSPY RECORDING: writes docs/pictures/*.png, the recording as each viewer shows it.
// Called by ./dev pictures, which gets the viewers: GILSPY_NODE_MODULES, GILSPY_PERFETTO_UI, GILSPY_PPROF, CHROMIUM.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';

const [gilspy, recording] = process.argv.slice(2);
const { GILSPY_NODE_MODULES, GILSPY_PERFETTO_UI, GILSPY_PPROF, CHROMIUM } = process.env;
const { chromium } = createRequire(pathToFileURL(GILSPY_NODE_MODULES + '/'))('playwright-core');
const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.wasm': 'application/wasm' };
const pictures = path.join(path.dirname(fileURLToPath(import.meta.url)), 'pictures');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gilspy-pictures-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));

function render(format, ending) {
  const file = path.join(folder, 'lab' + ending);
  execFileSync(gilspy, ['report', recording, '-f', format, '-o', file], { stdio: 'ignore' });
  return file;
}

// Serves a viewer's folder, and the file as /profile/...
async function serve(viewer, file) {
  const server = http.createServer((request, response) => {
    const name = new URL(request.url, 'http://x').pathname;
    const wanted = name.startsWith('/profile/') ? file : path.join(viewer, path.normalize(name === '/' ? '/index.html' : name));
    fs.readFile(wanted, (error, bytes) => {
      response.writeHead(error ? 404 : 200, { 'content-type': TYPES[path.extname(wanted)] || 'application/octet-stream' });
      response.end(error ? '' : bytes);
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });

async function shoot(name, address, size, act = async () => {}) {
  const context = await browser.newContext({ viewport: { width: size[0], height: size[1] } });
  const page = await context.newPage();
  await page.goto(address);
  await act(page);
  await page.screenshot({ path: path.join(pictures, name + '.png') });
  await context.close();
  console.log(name + '.png');
}

const settle = (page) => page.waitForTimeout(1500);

fs.mkdirSync(pictures, { recursive: true });
await shoot('flamegraph', pathToFileURL(render('flamegraph', '.svg')).href, [1000, 210], settle);
await shoot('page', pathToFileURL(render('html', '.html')).href, [1000, 760], settle);

const speedscope = await serve(path.join(GILSPY_NODE_MODULES, 'node_modules/speedscope/dist/release'),
  render('speedscope', '.speedscope.json'));
await shoot('speedscope', `${speedscope.address}/#profileURL=${encodeURIComponent(speedscope.address + '/profile/lab.json')}`,
  [1000, 310], async (page) => {
    await page.getByText('Left Heavy').click();
    await settle(page);
  });
speedscope.close();

const perfetto = await serve(GILSPY_PERFETTO_UI, render('perfetto', '.pftrace'));
await shoot('perfetto', `${perfetto.address}/#!/?url=${perfetto.address}/profile/lab`, [1000, 560], async (page) => {
  await page.getByText('Perf Sample Flamegraph').waitFor({ timeout: 60_000 });
  await page.getByText('menu', { exact: true }).first().click();  // away with the sidebar
  await page.getByText('keyboard_arrow_down').last().click();     // and with the flame graph
  await page.getByText('python3.13 primes.py').first().click();   // its threads
  await settle(page);
});
perfetto.close();

const port = 1024 + (process.pid % 50_000);
const pprof = spawn(GILSPY_PPROF, [`-http=127.0.0.1:${port}`, '-no_browser', render('pprof', '.pb.gz')], { stdio: 'ignore' });
for (let tries = 0; tries < 50; ++tries) {
  if (await fetch(`http://127.0.0.1:${port}/ui/`).then((got) => got.ok, () => false)) break;
  await new Promise((later) => setTimeout(later, 200));
}
await shoot('pprof', `http://127.0.0.1:${port}/ui/flamegraph?si=gil_blame`, [1000, 235], settle);
pprof.kill();

await browser.close();
