import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/start-gateway.js';
import { hasChromium, openBrowser } from '../ui/browser.js';
import { linkSecret } from './ui-browser.js';

/** A page of another site in the same browser: another host, and another port of the same host. */
describe.skipIf(!hasChromium)('another site in the browser that is signed in (chromium has to be installed)', () => {
  let world: World;
  let site: Server;
  let browser: Browser;
  let page: Page;
  let made: { id: string };
  beforeAll(async () => {
    world = await startWorld();
    site = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>another site</title><p>hello</p>');
    });
    await new Promise<void>((resolve) => site.listen(0, '0.0.0.0', resolve));
    browser = await openBrowser();
    page = await browser.newPage();
    made = await world.admin.createKey({ name: 'the target' });
    await page.goto(`${world.gateway.url}/ui/favicon.svg`);
    const link = linkSecret((await world.admin.must('POST', '/session/links'))['url']);
    expect(await ask(page, 'POST', '/admin/v1/session', { link })).toBe(201);
    expect(await ask(page, 'GET', '/admin/v1/session')).toBe(200);
  });
  afterAll(async () => {
    await browser.close();
    site.close();
    await world.close();
  });

  const ofSite = (host: string): string => `http://${host}:${(site.address() as AddressInfo).port}/`;
  const keyState = async (): Promise<unknown> => (await world.admin.must('GET', `/keys/${made.id}`))['state'];
  const target = (): string => `${world.gateway.url}/admin/v1/keys/${made.id}/disable`;

  it('our own page does act, so that what follows is refused for its site alone', async () => {
    await page.goto(`${world.gateway.url}/ui/favicon.svg`);
    expect(await ask(page, 'POST', `/admin/v1/keys/${made.id}/disable`, {})).toBe(200);
    expect(await ask(page, 'POST', `/admin/v1/keys/${made.id}/enable`, {})).toBe(200);
  });

  it.each(['127.0.0.2', '127.0.0.1'])('changes nothing by a form or by fetch in any mode, from %s', async (host) => {
    await page.goto(ofSite(host));
    await page.evaluate(attack, target());
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      await page.goto(ofSite(host));
      await page.evaluate(submit, { url: target(), type });
      await page.waitForURL(target());
    }
    expect(await keyState()).toBe('active');
    await page.goto(`${world.gateway.url}/ui/favicon.svg`);
    expect(await ask(page, 'GET', '/admin/v1/session')).toBe(200);
  });

  it.each(['127.0.0.2', '127.0.0.1'])('reads nothing from %s, and can frame no page of ours', async (host) => {
    await page.goto(ofSite(host));
    expect(await page.evaluate(read, `${world.gateway.url}/admin/v1/keys`)).toBe('nothing');
    const framed = await page.evaluate(frame, `${world.gateway.url}/ui/`);
    expect(framed).toBe('closed');
    const [, inner] = page.frames();
    expect(await inner?.content().catch(() => '')).not.toContain('id="root"');
  });
});

/** As the page that is open asks its own site; answers the status. */
function ask(page: Page, method: string, path: string, body?: object): Promise<number> {
  return page.evaluate(
    async (asked) => {
      const headers = { 'x-keyporter-ui': '1', 'content-type': 'application/json' };
      const sent = asked.body === null ? {} : { body: asked.body };
      return (await fetch(asked.path, { method: asked.method, headers, ...sent })).status;
    },
    { method, path, body: body === undefined ? null : JSON.stringify(body) },
  );
}

/** Everything a page can send without being allowed to. Resolves when the browser has done with all of it. */
async function attack(url: string): Promise<void> {
  const json = { 'content-type': 'application/json' };
  const ways: RequestInit[] = [
    { method: 'POST', mode: 'no-cors', body: '{}' },
    { method: 'POST', mode: 'no-cors' },
    { method: 'POST', mode: 'cors', body: '{}', headers: json },
    { method: 'POST', mode: 'cors', headers: { 'x-keyporter-ui': '1' } },
    { method: 'DELETE', mode: 'cors' },
    { method: 'GET', mode: 'no-cors' },
  ];
  for (const way of ways) await fetch(url, { credentials: 'include', ...way }).catch(() => undefined);
}

/** As a page does by itself. The browser leaves the page for the answer. */
function submit({ url, type }: { url: string; type: string }): void {
  const page = globalThis as unknown as {
    document: { createElement(name: string): FormElement; body: { append(one: object): void } };
  };
  const form = page.document.createElement('form');
  Object.assign(form, { method: 'POST', action: url, enctype: type });
  page.document.body.append(form);
  form.submit();
}

interface FormElement {
  submit(): void;
}

async function read(url: string): Promise<string> {
  const plain = await fetch(url, { credentials: 'include' }).then(
    (answer) => answer.text(),
    () => 'nothing',
  );
  const opaque = await fetch(url, { credentials: 'include', mode: 'no-cors' }).then((answer) => answer.text());
  return opaque === '' ? plain : opaque;
}

/** Puts the page into a frame; answers whether its content can be reached from outside. */
async function frame(url: string): Promise<string> {
  const page = globalThis as unknown as {
    document: {
      createElement(name: string): { src: string; onload: () => void; contentDocument: object | null };
      body: { append(one: object): void };
    };
  };
  const inner = page.document.createElement('iframe');
  const loaded = new Promise<void>((resolve) => (inner.onload = resolve));
  inner.src = url;
  page.document.body.append(inner);
  await loaded;
  return inner.contentDocument === null ? 'closed' : 'open';
}
