import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1180, height: 900 };

/** A suite that needs a browser. Where there is none, its name says that it did not run. */
export function describeInChromium(name: string, suite: (open: OpenPage) => void): void {
  if (!existsSync(EXECUTABLE)) {
    console.warn(`NOT RUN: ${name}: there is no Chromium at ${EXECUTABLE}. Install it, or set CHROMIUM_PATH.`);
    // oxlint-disable-next-line jest/no-disabled-tests
    describe.skip(`${name} [NOT RUN: no Chromium at ${EXECUTABLE}]`, () => suite(() => Promise.reject(new Error())));
    return;
  }
  describe(name, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
    }, 60_000);
    afterAll(() => browser.close());
    afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
    suite(async (url, { viewport = PHONE, colorScheme = 'light' } = {}) => {
      const context = await browser.newContext({
        viewport,
        colorScheme,
        deviceScaleFactor: process.env['SCREENSHOTS'] ? 2 : 1,
      });
      context.setDefaultTimeout(20_000);
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(`Error in the page: ${error.message}`));
      await page.goto(url);
      return page;
    });
  });
}

/** Opens an address in a browser context of its own. */
export type OpenPage = (
  url: string,
  options?: { viewport?: { width: number; height: number }; colorScheme?: 'light' | 'dark' },
) => Promise<Page>;

/** With `SCREENSHOTS=1`, keeps a picture in `test/artifacts` (ignored by git); they take a third of a browser spec's time. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  if (!process.env['SCREENSHOTS']) return;
  const directory = join(process.cwd(), 'test', 'artifacts');
  await mkdir(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`), animations: 'disabled' });
}

/** The page's own requests to such a path never leave it. (One blocked from outside may slip out while the tab closes.) */
export async function muteRequests(page: Page, path: string): Promise<void> {
  await page.evaluate((muted) => {
    const { fetch } = self;
    self.fetch = (input, init) => (String(input).endsWith(muted) ? new Promise(() => {}) : fetch(input, init));
  }, path);
}
