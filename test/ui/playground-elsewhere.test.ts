import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startTestGateway, type TestGateway } from '../support/start-gateway.js';
import { hasChromium, openBrowser, seriousViolations, signIn, watchedPage } from './browser.js';

describe.skipIf(!hasChromium)('a listener that serves the admin API alone (chromium has to be installed)', () => {
  let upstream: RecordingUpstream;
  let gateway: TestGateway;
  let browser: Browser;

  beforeAll(async () => {
    upstream = await RecordingUpstream.start();
    gateway = await startTestGateway({
      listen: undefined,
      listeners: [
        { listen: '127.0.0.1:0', serve: ['admin'] },
        { listen: '127.0.0.1:0', serve: ['api'] },
      ],
      models: { 'test-model': { replicas: [{ url: upstream.url }] } },
    });
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
    await upstream?.close();
  });

  test('its playground and the examples for a new key say where chats are served', async () => {
    const watched = await watchedPage(browser);
    const link = new URL(String((await gateway.admin.must('POST', '/session/links'))['url']));
    await signIn(watched, link.href);
    await watched.page.goto(new URL('/ui/playground', link).href);
    const notice = watched.page.getByText('This address does not serve the inference API');
    await notice.waitFor();
    const status = await gateway.admin.must('GET', '/status');
    const listeners = status['listeners'] as { url: string; serve: string[] }[];
    const elsewhere = listeners.find(({ serve }) => serve.includes('api'))?.url ?? 'there is none';
    expect(new URL(elsewhere).port).not.toBe(link.port);
    await watched.page.getByText(elsewhere, { exact: true }).waitFor();
    expect(await seriousViolations(watched.page)).toEqual([]);
    await watched.page.goto(new URL('/ui/keys', link).href);
    await watched.page.getByRole('button', { name: 'Create a key' }).first().click();
    await watched.page.getByLabel('Name').fill('first');
    await watched.page.getByRole('button', { name: 'Create the key' }).click();
    // An example that asked this address would not work.
    await watched.page.getByLabel('Example', { exact: true }).getByText(`curl ${elsewhere}/v1/`).waitFor();
    expect(watched.takeErrors()).toEqual([]);
  });
});
