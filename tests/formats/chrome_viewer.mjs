// The viewer that Chrome had at chrome://tracing, of which its trace events are the format.
//   node chrome_viewer.mjs NODE_FOLDER CHROMIUM TRACE_VIEWER.html TRACE.json
// Prints what it imports: lanes with sums by name in nanoseconds, counters, and its warnings.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [nodeFolder, executablePath, viewer, trace] = process.argv.slice(2);
const require = createRequire(pathToFileURL(nodeFolder + '/'));
const { chromium } = require('playwright-core');

// It was written for web components as they were before they became a standard.
const old = fs.readFileSync(path.join(nodeFolder, 'node_modules/webcomponents.js/webcomponents.min.js'), 'utf8');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gilspy-chrome-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
const page = path.join(folder, 'viewer.html');
fs.writeFileSync(page, `<!DOCTYPE html><meta charset="utf-8"><script>${old}</script>${fs.readFileSync(viewer, 'utf8')}`);

function imported(text) {
  /* global tr */
  const model = new tr.Model();
  new tr.importer.Import(model).importTraces([text]);
  const lanes = model.getAllThreads().map((thread) => {
    const sums = {};
    for (const slice of thread.sliceGroup.slices) {
      sums[slice.title] = (sums[slice.title] || 0) + Math.round(slice.duration * 1e6);
    }
    return { tid: thread.tid, name: thread.name, order: thread.sortIndex, sums };
  });
  const counters = model.getAllProcesses().flatMap((process) => Object.values(process.counters).map((counter) => (
    { name: counter.name, values: counter.series.map((series) => series.samples.map((sample) => sample.value)) })));
  return { lanes, counters, warnings: model.importWarnings.map((warning) => warning.message) };
}

const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
try {
  const tab = await browser.newPage();
  await tab.goto(pathToFileURL(page).href);
  console.log(JSON.stringify(await tab.evaluate(imported, fs.readFileSync(trace, 'utf8'))));
} finally {
  await browser.close();
}
