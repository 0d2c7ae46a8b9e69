import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { chatChunk } from '../support/model-answers.js';
import { within } from '../support/patience.js';
import { startWorld, type World } from '../support/start-gateway.js';
import { hasChromium, openBrowser, signIn, watchedPage, type Watched } from './browser.js';

const LIMIT_MS = 60_000;
const STEP_MS = 20_000;

describe.skipIf(!hasChromium)('the life of a key in the browser (chromium has to be installed)', () => {
  let world: World;
  let browser: Browser;
  let watched: Watched;
  let page: Page;
  /** The key that is made in the browser. */
  let secret = '';

  beforeAll(async () => {
    world = await startWorld();
    browser = await openBrowser();
    watched = await watchedPage(browser);
    page = watched.page;
    page.setDefaultTimeout(STEP_MS);
    await watched.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: world.gateway.url });
  });

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  const ask = (stream: boolean): Promise<Response> =>
    fetch(`${world.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'test-model', stream, messages: [{ role: 'user', content: 'Hello' }] }),
    });

  it(
    'a one-time link signs in, and its secret is neither in the address nor in the history',
    { timeout: LIMIT_MS },
    async () => {
      const link = String((await world.admin.must('POST', '/session/links'))['url']);
      await signIn(watched, link);
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
      expect(page.url()).toBe(`${world.gateway.url}/ui/`);
      await page.getByRole('link', { name: 'Keys', exact: true }).click();
      await page.goBack();
      expect(page.url()).not.toContain('link=');
    },
  );

  it('a key is made with what was chosen, and its secret is copied whole', { timeout: LIMIT_MS }, async () => {
    await page.getByRole('link', { name: 'Keys', exact: true }).click();
    await page.getByRole('button', { name: 'Create a key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill("ann's notebook");
    await dialog.getByLabel('Owner').fill('ann');
    await dialog.getByRole('button', { name: 'Add a limit' }).click();
    await dialog.getByRole('textbox', { name: 'Requests per minute' }).fill('60');
    await dialog.getByRole('button', { name: 'Add a limit' }).click();
    await dialog.getByLabel('No limit: Requests per day (UTC)').check();
    await dialog.getByLabel('Priority').selectOption('high');
    await dialog.getByLabel('Expires').selectOption('30');
    await dialog.getByLabel('Attributes').fill('roles=admin\nroles=user');
    const command = await dialog.locator('.kp-cli-command').textContent();
    await dialog.getByRole('button', { name: 'Create the key' }).click();
    await page.getByRole('button', { name: 'Copy the key' }).click();
    await page.getByText('Copied', { exact: true }).waitFor();
    secret = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(secret).toMatch(/^kp_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    expect(command).toBe(
      String.raw`keyporter keys create --name 'ann'\''s notebook' --owner ann --scope infer --expires 30d --limit requests_per_minute=60 --limit requests_per_day=none --limit priority=high --attribute roles=admin --attribute roles=user`,
    );
    const example = page.getByLabel('Example', { exact: true });
    for (const language of ['curl', 'Python', 'Node.js']) {
      await page.getByText(language, { exact: true }).click();
      expect(await example.textContent()).toContain(secret);
    }
    const made = await world.admin.must('GET', `/keys/${idOf(secret)}`);
    expect(made).toMatchObject({
      owner: 'ann',
      scopes: ['infer'],
      limits: { requests_per_minute: 60, requests_per_day: null, priority: 'high' },
      attributes: { roles: ['admin', 'user'] },
    });
  });

  it('once its dialog is closed the secret is nowhere in the page or the storage', { timeout: LIMIT_MS }, async () => {
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const left = await page.evaluate<string>(
      'document.documentElement.outerHTML + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage })',
    );
    expect(left).not.toContain(secret);
  });

  it(
    'a request stands on the page of its key as soon as it has finished, and its tokens in the usage',
    { timeout: LIMIT_MS },
    async () => {
      await page.getByRole('link', { name: "ann's notebook" }).click();
      await page.getByText('No requests yet').waitFor();
      await page.locator('.kp-live[data-state="live"]').waitFor();
      expect((await ask(false)).status).toBe(200);
      await page.getByRole('cell', { name: 'POST /v1/chat/completions' }).waitFor();
      const usage = page.getByRole('region', { name: 'Usage' });
      // The model server of this test says five and two for every answer.
      await usage.locator('.kp-tile', { hasText: 'Input tokens' }).getByText('5', { exact: true }).waitFor();
      await usage.locator('.kp-tile', { hasText: 'Output tokens' }).getByText('2', { exact: true }).waitFor();
    },
  );

  it(
    'revoking it says that a request runs, and that request ends in the browser and at its client',
    { timeout: LIMIT_MS },
    async () => {
      world.upstream.onRequest = (exchange) => {
        exchange.startStream();
        exchange.event(chatChunk('And so on'));
      };
      const running = await ask(true);
      const text = untilItEnds(running);
      const streams = await watched.context.newPage();
      await streams.goto(`${world.gateway.url}/ui/streams`);
      await streams.getByRole('link', { name: idOf(secret) }).waitFor();

      await page.getByRole('button', { name: 'Revoke', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('1 request that runs now will end.').waitFor();
      await dialog.getByLabel('Reason').fill('lost');
      await dialog.getByRole('button', { name: 'Revoke the key' }).click();
      await dialog.getByText('Running requests ended: 1').waitFor();

      expect(await within(STEP_MS, 'the stream of the revoked key ends', text)).toContain('key_revoked');
      await streams.getByText('Nothing runs now').waitFor();
      await dialog.getByRole('button', { name: 'Done' }).click();
      await page.getByText('revoked', { exact: true }).first().waitFor();
      expect((await ask(false)).status).toBe(401);
      expect(watched.takeErrors()).toEqual([]);
    },
  );
});

/** What came of an answer, whether it ended or was broken off. */
async function untilItEnds(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const piece of answer.body ?? []) text += decoder.decode(piece, { stream: true });
  } catch {
    // An answer that is broken off says so in its last event.
  }
  return text;
}

/** The public part of a key. */
function idOf(key: string): string {
  return key.split('_')[1] ?? '';
}
