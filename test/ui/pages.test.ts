import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OverviewBody } from '../../src/admin/contract-live.js';
import {
  hasChromium,
  keepPicture,
  openBrowser,
  PHONE,
  seriousViolations,
  signIn,
  watchedPage,
  type Watched,
} from './browser.js';
import { exampleHour } from './example-hour.js';
import { measured } from './interaction.js';
import { ENDLESS, startPeopledGateway, type PeopledGateway } from './peopled-gateway.js';

const UNUSED_KEYS = 10_000;
/** Of a machine that is busy with other tests; bench/ui.ts holds the 100 ms. */
const GENEROUS_MS = 1500;

describe.skipIf(!hasChromium)('the pages in a real browser (chromium has to be installed)', () => {
  let world: PeopledGateway;
  let browser: Browser;
  let shown: Watched;

  beforeAll(async () => {
    world = await startPeopledGateway({ unusedKeys: UNUSED_KEYS });
    for (const content of ['Hello.', 'And again.', 'Once more.']) await world.chat(content);
    await world.chat(ENDLESS);
    await world.chat(ENDLESS, 'llama-3.3-70b');
    browser = await openBrowser();
    shown = await watchedPage(browser);
    await signIn(shown, await world.link());
  });

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  /** Every page of the menu, with what shows that its data came. */
  const PAGES = [
    ['overview', '', 'Replicas ready'],
    ['keys', 'keys', '/10,0\\d\\d keys/'],
    ['key', 'keys/KEY', 'visitor'],
    ['streams', 'streams', 'alice'],
    ['usage', 'usage', 'alice-notebook'],
    ['requests', 'requests', 'qwen3-32b'],
    ['replicas', 'replicas', 'gemma3-4b-0'],
    ['audit', 'audit', 'session.begin'],
    ['playground', 'playground', 'Make one for an hour'],
    ['settings', 'settings', 'What the doctor finds'],
  ] as const;

  async function visit({ page }: Watched, path: string, awaited?: string): Promise<void> {
    await page.goto(`${world.gateway.url}/ui/${path.replace('KEY', world.keyId)}`);
    if (awaited === undefined) await page.getByRole('heading', { level: 1 }).waitFor();
    else
      await page
        .getByText(awaited.startsWith('/') ? new RegExp(awaited.slice(1, -1)) : awaited)
        .first()
        .waitFor();
    // Skeletons are gone when everything that was asked for has come.
    await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' });
  }

  describe.each(['light', 'dark'] as const)('in %s colours', (scheme) => {
    let watched: Watched;
    beforeAll(async () => {
      watched = await watchedPage(browser, { scheme });
      await signIn(watched, await world.link());
    });
    afterAll(() => watched?.context.close());

    test.each(PAGES)(
      'the page %s shows its data, without an error and without a barrier',
      async (name, path, awaited) => {
        watched.takeErrors();
        await visit(watched, path, awaited);
        expect(await seriousViolations(watched.page)).toEqual([]);
        await keepPicture(watched.page, `${name}-${scheme}`);
        expect(watched.takeErrors()).toEqual([]);
      },
    );

    // One of the two in each scheme: what they are made of is the same.
    const how = scheme === 'light' ? 'is read' : 'cannot be read';
    describe(`while its data ${how}`, () => {
      beforeAll(() =>
        watched.page.route(/\/admin\/v1\/(?!session)/, (route) => (how === 'is read' ? undefined : route.abort())),
      );
      afterAll(async () => {
        await watched.page.unrouteAll({ behavior: 'ignoreErrors' });
        watched.takeErrors();
      });

      test.each(PAGES)('the page %s has no barrier', async (name, path) => {
        const { page } = watched;
        await page.goto(`${world.gateway.url}/ui/${path.replace('KEY', world.keyId)}`);
        await page.locator('.kp-frame').getByRole('heading', { level: 1 }).waitFor();
        if (how === 'cannot be read' && name !== 'playground') await page.getByRole('alert').first().waitFor();
        expect(await seriousViolations(page)).toEqual([]);
        await keepPicture(page, `${name}-${how.replaceAll(' ', '-')}-${scheme}`);
      });
    });

    test('the sign-in page has no barrier', async () => {
      const stranger = await watchedPage(browser, { scheme });
      await stranger.page.goto(`${world.gateway.url}/ui/`);
      await stranger.page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(await seriousViolations(stranger.page)).toEqual([]);
      await keepPicture(stranger.page, `sign-in-${scheme}`);
      expect(stranger.takeErrors()).toEqual([]);
      await stranger.context.close();
    });
  });

  describe('on a phone', () => {
    let phone: Watched;
    beforeAll(async () => {
      phone = await watchedPage(browser, { viewport: PHONE });
      await signIn(phone, await world.link());
    });
    afterAll(() => phone?.context.close());

    test.each(PAGES)('the page %s is as wide as the screen', async (name, path) => {
      await visit(phone, path);
      expect(await phone.page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
        PHONE.width,
      );
      await keepPicture(phone.page, `${name}-phone`);
      expect(phone.takeErrors()).toEqual([]);
    });
  });

  test('two pictures for the README: an hour of work as an example, and ten thousand keys', async () => {
    const { page } = shown;
    await page.route('**/admin/v1/overview', async (route) => {
      const answer = await route.fetch();
      const overview = (await answer.json()) as OverviewBody;
      await route.fulfill({ response: answer, json: { ...overview, buckets: exampleHour(overview.buckets) } });
    });
    await visit(shown, '', 'Replicas ready');
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('canvas').nth(3).waitFor();
    await keepPicture(page, 'readme-overview');
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.emulateMedia({ colorScheme: 'dark' });
    await visit(shown, 'keys', 'alice-notebook');
    await keepPicture(page, 'readme-keys');
    await page.emulateMedia({ colorScheme: 'light' });
    expect(shown.takeErrors()).toEqual([]);
  });

  describe('with 10,000 keys and 90 days of use', () => {
    test('sorting, searching and scrolling the table of keys keep the page busy for a moment only', async () => {
      const { page } = shown;
      await visit(shown, 'keys', '/10,0\\d\\d keys/');
      const sorted = await measured(page, () => page.getByRole('columnheader').getByRole('button').first().click());
      const searched = await measured(page, () => page.getByRole('searchbox').first().pressSequentially('device-0999'));
      await page.getByText('device-09990').first().waitFor();
      for (const { longTasksMs, slowestEventMs } of [sorted, searched]) {
        expect(longTasksMs).toBeLessThan(GENEROUS_MS);
        expect(slowestEventMs).toBeLessThan(GENEROUS_MS);
      }
      expect(await page.getByRole('row').count()).toBeLessThan(100);
    });

    test('another measure in the chart of 90 days is drawn from what is there, at once', async () => {
      const { page } = shown;
      await visit(shown, 'usage', 'alice-notebook');
      const chart = page.getByRole('figure').first();
      await chart.locator('canvas').waitFor();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      const switched = await measured(page, () =>
        page.getByRole('radiogroup', { name: 'What the chart shows' }).getByText('GPU seconds').click(),
      );
      const hovered = await measured(page, () => chart.locator('.u-over').hover());
      page.removeAllListeners('request');
      for (const { longTasksMs, slowestEventMs } of [switched, hovered]) {
        expect(longTasksMs).toBeLessThan(GENEROUS_MS);
        expect(slowestEventMs).toBeLessThan(GENEROUS_MS);
      }
      expect(asked.filter((url) => url.includes('/usage'))).toEqual([]);
    });
  });
});
