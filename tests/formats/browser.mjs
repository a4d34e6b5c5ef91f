// What the tests of graphs and pages share: a browser, and tests that fail when a page complains or loads anything.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export class Browser {
  static async launch(nodeFolder, executablePath) {
    const { chromium } = createRequire(pathToFileURL(nodeFolder + '/'))('playwright-core');
    const started = new Browser();
    started.browser = await chromium.launch({ executablePath, args: ARGS });
    started.failures = 0;
    return started;
  }

  // A page of its own, which may load `address` and nothing else.
  async run(name, address, options, test) {
    const context = await this.browser.newContext(options);
    const page = await context.newPage();
    const trouble = [];
    page.on('console', (message) => trouble.push('console: ' + message.text()));
    page.on('pageerror', (error) => trouble.push('error: ' + error));
    page.on('dialog', (dialog) => trouble.push('dialog: ' + dialog.message()));
    page.on('request', (request) => { if (!request.url().startsWith(address)) trouble.push('request: ' + request.url()); });
    try {
      await test(page);
      assert.deepEqual(trouble, []);
      console.log('ok     ' + name);
    } catch (error) {
      ++this.failures;
      console.log('FAILED ' + name + '\n' + error.stack + '\n' + trouble.join('\n'));
    }
    await context.close();
  }

  async exit() {
    await this.browser.close();
    process.exit(this.failures ? 1 : 0);
  }
}
