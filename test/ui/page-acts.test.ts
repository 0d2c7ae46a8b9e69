import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/patience.js';
import { UPSTREAM_KEY } from '../support/start-gateway.js';
import {
  hasChromium,
  keepPicture,
  openBrowser,
  seriousViolations,
  signIn,
  watchedPage,
  type Watched,
} from './browser.js';
import { ENDLESS, NARROW, startPeopledGateway, type PeopledGateway } from './peopled-gateway.js';

const PATIENCE_MS = 20_000;

describe.skipIf(!hasChromium)('what can be done on the pages (chromium has to be installed)', () => {
  let world: PeopledGateway;
  let browser: Browser;
  let watched: Watched;
  let page: Page;

  beforeAll(async () => {
    world = await startPeopledGateway({ unusedKeys: 0 });
    browser = await openBrowser();
    watched = await watchedPage(browser);
    page = watched.page;
    page.setDefaultTimeout(PATIENCE_MS);
    await signIn(watched, await world.link());
  });

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  const open = (path: string): Promise<unknown> => page.goto(`${world.gateway.url}/ui/${path}`);
  const noBarrier = async (picture: string): Promise<void> => {
    expect(await seriousViolations(page)).toEqual([]);
    await keepPicture(page, picture);
  };

  test('the CSV has the sums of the admin API, and no cell that a spreadsheet would run', async () => {
    const { id, key } = await world.gateway.admin.createKey({ name: '=HYPERLINK("http://evil")', scopes: ['infer'] });
    await fetch(`${world.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'qwen3-32b', messages: [{ role: 'user', content: 'Hello' }] }),
    }).then((answer) => answer.text());
    await until(PATIENCE_MS, 'the request is booked', async () => (await sumsOf(id)) !== undefined);
    await open('usage');
    await page.getByRole('table', { name: 'keys' }).getByText('HYPERLINK').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    const lines = (await readFile(await download.path(), 'utf8')).split('\r\n');
    const [names = '', ...rows] = lines.filter((line) => line !== '');
    expect(names.split(',').slice(0, 4)).toEqual(['key_id', 'key_name', 'requests', 'failed']);
    expect(rows.find((row) => row.startsWith(id))).toContain(`${id},"'=HYPERLINK(""http://evil"")",1,0,5,2,7`);
    const known = (await world.gateway.admin.must('GET', '/usage?since=1&limit=1000'))['data'] as unknown[];
    expect(rows).toHaveLength(known.length);
  });

  async function sumsOf(id: string): Promise<unknown> {
    const { data } = await world.gateway.admin.must('GET', `/usage?by=key&key_id=${id}`);
    return (data as unknown[])[0];
  }

  test('a limit is tried on the past, and the sentence is what the admin API says', async () => {
    await open('usage');
    await page.getByRole('textbox', { name: 'At most' }).fill('20000');
    await page.getByRole('button', { name: 'Try it' }).click();
    const sentence = page.locator('.kp-verdict');
    await sentence.waitFor();
    const outcome = await world.gateway.admin.must('POST', '/usage/replay', { limits: { tokens_per_day: 20_000 } });
    const number = (name: string): string => Number(outcome[name]).toLocaleString('en');
    expect(Number(outcome['refused'])).toBeGreaterThan(0);
    expect(await sentence.innerText()).toContain(
      `${number('refused')} of ${number('requests')} requests would have been refused`,
    );
    await page.getByText('keyporter usage replay --limit tokens_per_day=20000').waitFor();
    await sentence.scrollIntoViewIfNeeded();
    await noBarrier('usage-what-if-light');
  });

  test('a request that finishes appears by itself, is held while paused, and tells what became of it', async () => {
    await open(`requests?key_id=${world.keyId}`);
    await page.getByText('Live').waitFor();
    const rows = page.getByRole('table', { name: 'requests' }).getByText('qwen3-32b');
    await page.getByText('0 requests').waitFor();
    await world.chat('Hello.');
    await rows.first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await world.chat('Hello.');
    await page.getByRole('button', { name: 'Resume (1 new)' }).click();
    await rows.nth(1).waitFor();
    await page.getByRole('button', { name: 'details of the request' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('It was admitted and answered.').waitFor();
    await dialog.getByRole('button', { name: 'Explain' }).click();
    await dialog.getByText('It would pass.').waitFor();
    await noBarrier('request-details-light');
  });

  test('what a page is narrowed to stands in its address: going back and loading again show the same', async () => {
    await open('requests');
    await page.getByRole('textbox', { name: 'Owner' }).fill('alice');
    await page.waitForURL('**/ui/requests?owner=alice');
    await page.getByRole('table', { name: 'requests' }).getByRole('link').first().click();
    await page.getByText('Rights and life').waitFor();
    await page.goBack();
    await page.reload();
    expect(await page.getByRole('textbox', { name: 'Owner' }).inputValue()).toBe('alice');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Requests' }).click();
    await expect.poll(() => page.getByRole('textbox', { name: 'Owner' }).inputValue()).toBe('');
    await open('usage?by=owner');
    await page.getByRole('button', { name: 'Only this: bob' }).click();
    await page.waitForURL('**/ui/usage?by=day&owner=bob');
    await open('keys?show=disabled');
    await page.getByText('alice-chat-app').waitFor();
  });

  test('a key tells of each request what became of it, and of the old secret only what showed that one', async () => {
    const { id, key } = await world.gateway.admin.createKey({ name: 'rotated', scopes: ['infer'] });
    const list = async (): Promise<void> => {
      const asked = await fetch(`${world.gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
      expect(asked.status).toBe(200);
    };
    await world.gateway.admin.must('POST', `/keys/${id}/rotate`, {});
    await list();
    await open(`keys/${id}`);
    await page.getByText('1 of these requests showed the old secret').waitFor();
    await page.getByRole('button', { name: 'details of the request' }).click();
    await page.getByRole('dialog').getByText('the one before the last rotation').waitFor();
    await page.keyboard.press('Escape');
    // The times of rows and of rotations are whole seconds: the next rotation is in another one.
    const { rotated_at: before } = await world.gateway.admin.must('GET', `/keys/${id}`);
    await until(PATIENCE_MS, 'another second', () => Promise.resolve(Date.now() / 1000 > Number(before) + 2));
    await world.gateway.admin.must('POST', `/keys/${id}/rotate`, {});
    await page.reload();
    await page.getByText('None of these requests showed the old secret.').waitFor();
  });

  test('what waits tells its place in line, and the end of each is in reach without scrolling sideways', async () => {
    await world.chat(ENDLESS, NARROW);
    const waiting = world.chat(ENDLESS, NARROW).catch((error: Error) => error);
    await open('streams');
    const table = page.getByRole('table', { name: 'requests' });
    const queued = table.getByRole('row', { name: 'queued' });
    await queued.getByText('#1').waitFor();
    const hidden = await page.evaluate<number>(
      `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('.kp-table-scroll'))`,
    );
    expect(hidden).toBeLessThanOrEqual(0);
    await noBarrier('streams-queue-light');
    for (const row of [queued, table.getByRole('row', { name: 'streaming' })]) {
      await row.getByRole('button', { name: 'End the request' }).click();
      await page.getByRole('button', { name: 'End the request', exact: true }).last().click();
      await row.waitFor({ state: 'detached' });
    }
    await waiting;
  });

  test('a page that is opened while the gateway is away is there as soon as it answers again', async () => {
    const { context, page: other, takeErrors } = await watchedPage(browser);
    await other.goto(await world.link());
    await other.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await context.setOffline(true);
    await other.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Replicas' }).click();
    await other.getByText('The gateway did not answer').waitFor();
    await context.setOffline(false);
    await other.getByRole('region', { name: 'Replica gemma3-4b-0' }).waitFor();
    takeErrors();
    await context.close();
  });

  test('a model server is drained and resumed after a question, and the log of a process is followed', async () => {
    await open('replicas');
    const card = page.getByRole('region', { name: 'Replica gemma3-4b-0' });
    await card.getByRole('button', { name: 'Drain' }).click();
    await page.getByText('keyporter replicas drain gemma3-4b-0').waitFor();
    await noBarrier('replica-drain-light');
    await page.getByRole('button', { name: 'Drain it' }).click();
    await card.getByText('draining').waitFor();
    await card.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Resume it' }).click();
    await card.getByText('ready', { exact: true }).waitFor();
    await card.getByRole('button', { name: 'Logs' }).click();
    await page
      .getByRole('log')
      .getByText(/engine \d+ begins/)
      .waitFor();
    await noBarrier('replica-logs-light');
  });

  test('the chain of the audit trail is verified, with what that cannot prove, and a change shows both sides', async () => {
    await open('audit');
    await page.getByRole('button', { name: 'Verify the chain' }).click();
    await page.getByText(/The audit trail is intact: \d+ entries/).waitFor();
    await page.getByText('leaves no row here').waitFor();
    const [exported] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Export all' }).click(),
    ]);
    const [newest = ''] = (await readFile(await exported.path(), 'utf8')).split('\n');
    expect(JSON.parse(newest)).toMatchObject({ sequence: expect.any(Number), hash: expect.any(String) });
    await page.getByRole('textbox', { name: 'Action' }).fill('key.update');
    await page.getByText('2 entries').waitFor();
    await page.getByRole('button', { name: 'details of the entry' }).last().click();
    const changed = page.getByRole('group', { name: 'What changed' });
    expect(await changed.getByRole('row', { name: 'models' }).innerText()).toMatch(/\[\]\s+\["qwen3-\*"\]/);
    await noBarrier('audit-entry-light');
  });

  test('a chat is streamed with a key made for an hour, stopped by its button, and the key is kept nowhere', async () => {
    await open('playground');
    await page.getByRole('button', { name: 'Make one for an hour' }).click();
    await page.getByRole('combobox', { name: 'Model' }).selectOption('qwen3-32b');
    await page.getByRole('textbox', { name: 'Message' }).fill('Hello');
    await page.keyboard.press('Enter');
    const turns = page.getByRole('list', { name: 'Conversation' });
    await turns.getByText('Hello there').waitFor();
    await turns.getByText('5 tokens in, 2 out').waitFor();
    await noBarrier('playground-chat-light');
    await page.getByRole('textbox', { name: 'Message' }).fill(ENDLESS);
    await page.getByRole('button', { name: 'Send' }).click();
    await turns.getByText('And so on').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await turns.getByText('stopped').waitFor();
    await until(PATIENCE_MS, 'nothing runs', async () => (await world.gateway.admin.streams()).length === 0);
    const kept = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])',
    );
    expect(kept).not.toContain('kp_');
    const { data } = await world.gateway.admin.must('GET', '/keys?search=playground');
    expect(data).toMatchObject([{ name: 'playground', scopes: ['infer'] }]);
    await page.getByRole('button', { name: 'Revoke it now' }).click();
    await page.getByRole('button', { name: 'Make one for an hour' }).waitFor();
  });

  test('a key that is not known is refused in the words of the gateway', async () => {
    await open('playground');
    await page.getByRole('textbox', { name: 'Paste a key' }).fill('kp_unknown');
    await page.getByRole('button', { name: 'Use it' }).click();
    await page.getByText('This key is not accepted').waitFor();
    watched.takeErrors();
  });

  test('the configuration is searched, holds no secret, and is read anew', async () => {
    await open('settings');
    await page.getByRole('searchbox', { name: 'Search the settings' }).fill('api_key');
    await page.getByRole('table', { name: 'settings' }).getByText('replicas[0].api_key').first().waitFor();
    expect(await page.content()).not.toContain(UPSTREAM_KEY);
    await page.getByRole('searchbox', { name: 'Search the settings' }).fill('listen');
    await page.getByRole('table', { name: 'settings' }).getByText('listeners[0].serve').waitFor();
    await page.getByRole('button', { name: 'Read the file again' }).click();
    await page.getByRole('button', { name: 'Read it again' }).click();
    await page.getByText('The configuration was read anew').waitFor();
    await noBarrier('settings-reloaded-light');
  });

  test('none of this made the console speak of an error', () => {
    expect(watched.takeErrors()).toEqual([]);
  });

  test('a session with few rights sees the pages it may see, and is told why not another', async () => {
    const { key } = await world.gateway.admin.createKey({ name: 'watcher', owner: 'alice', scopes: ['usage:read'] });
    const other = await watchedPage(browser);
    await other.page.goto(`${world.gateway.url}/ui/`);
    await other.page.getByRole('textbox', { name: 'Admin key' }).fill(key);
    await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    const menu = other.page.getByRole('navigation', { name: 'Pages' });
    await menu.waitFor();
    expect((await menu.innerText()).split('\n').filter((line) => line !== '')).toEqual([
      'Overview',
      'Streams',
      'Usage',
      'Requests',
      'Playground',
      'Settings',
    ]);
    for (const [path, awaited] of [
      ['usage', 'alice-notebook'],
      ['requests', 'Live'],
      ['playground', 'Paste a key'],
      ['settings', 'This session'],
    ] as const) {
      await other.page.goto(`${world.gateway.url}/ui/${path}`);
      await other.page.getByText(awaited).first().waitFor();
      await other.page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' });
      expect(await seriousViolations(other.page)).toEqual([]);
    }
    await other.page.goto(`${world.gateway.url}/ui/replicas`);
    await other.page.getByText('Needs the scope replicas:read').waitFor();
    expect(other.takeErrors()).toEqual([]);
    await other.context.close();
  });
});
