import { spawnSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** False where the tests in a browser have to be left out. */
export const hasChromium = spawnSync(CHROMIUM, ['--version']).status === 0;
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SCREENSHOTS = fileURLToPath(new URL('../../.cache/ui-screenshots', import.meta.url));

/** Before the link is used a page asks who is signed in: nobody, which the console calls an error. */
const NOBODY_YET = /status of 401 .*\/admin\/v1\/session\)/;

export type Scheme = 'light' | 'dark';

export const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

/** A page that keeps what its console said in anger. */
export interface Watched {
  page: Page;
  context: BrowserContext;
  /** Errors of the console and of scripts since they were taken last. */
  takeErrors(): string[];
}

export async function watchedPage(
  browser: Browser,
  { scheme = 'light', viewport = DESKTOP }: { scheme?: Scheme; viewport?: { width: number; height: number } } = {},
): Promise<Watched> {
  const context = await browser.newContext({ colorScheme: scheme, viewport, reducedMotion: 'reduce', locale: 'en-GB' });
  // Below the limit of a test, so that what was waited for is named.
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    const said = `${message.text()} (${message.location().url})`;
    if (message.type() === 'error' && !NOBODY_YET.test(said)) errors.push(said);
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  return { page, context, takeErrors: () => errors.splice(0) };
}

/** Opens the link and waits for a page behind the sign-in. */
export async function signIn({ page }: Watched, link: string): Promise<void> {
  await page.goto(link);
  await page.locator('.kp-frame').getByRole('heading', { level: 1 }).waitFor();
}

interface AxeViolation {
  id: string;
  impact: string | null;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** Violations of accessibility that axe calls serious or critical, each in a sentence. */
export async function seriousViolations(page: Page): Promise<string[]> {
  // As the debugger runs it: the content security policy forbids the page itself scripts of others.
  await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations } = await page.evaluate(
    async () => await (globalThis as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.html}`).join('\n')}`);
}

/** Keeps a picture of the page, by name and scheme. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const file = join(SCREENSHOTS, `${name}.png`);
  await mkdir(dirname(file), { recursive: true });
  await page.screenshot({ path: file, animations: 'disabled' });
}
