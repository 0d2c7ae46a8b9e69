import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createUiFiles } from '../../src/gateway/ui-files.js';
import { startWorld, type World } from '../support/start-gateway.js';
import { Browser } from './ui-browser.js';

let world: World;
let browser: Browser;
beforeAll(async () => {
  world = await startWorld({
    listen: undefined,
    listeners: [
      { listen: '127.0.0.1:0', serve: ['api', 'admin'] },
      { listen: '127.0.0.1:0', serve: ['api'] },
    ],
  });
  browser = new Browser(world.gateway.url);
});
afterAll(() => world.close());

/** The first script that the page loads. */
async function script(): Promise<string> {
  const page = (await browser.send('GET', '/ui/')).text();
  return /src="(\/ui\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? '';
}

describe('the files of the web UI', () => {
  it('are loaded by anybody: the page needs neither key nor cookie, and sets none', async () => {
    const page = await browser.send('GET', '/ui/');
    expect([page.status, page.header('content-type'), page.header('set-cookie')]).toEqual([
      200,
      'text/html; charset=utf-8',
      undefined,
    ]);
    expect(page.text()).toContain('<div id="root">');
  });

  it('are under /ui/, and /ui leads there', async () => {
    const answer = await browser.send('GET', '/ui');
    expect([answer.status, answer.header('location')]).toEqual([308, '/ui/']);
  });

  it('every page of the UI is the one page', async () => {
    const page = (await browser.send('GET', '/ui/')).text();
    for (const path of ['/ui/keys', '/ui/keys/Hx81kTzPq02a', '/ui/no-such-page'])
      expect([path, (await browser.send('GET', path)).text() === page]).toEqual([path, true]);
  });

  it('the page is asked for anew each time, and what has a digest in its name never again', async () => {
    const page = await browser.send('GET', '/ui/');
    const asset = await browser.send('GET', await script());
    expect(page.header('cache-control')).toBe('no-cache');
    expect(asset.header('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.header('content-type')).toBe('text/javascript; charset=utf-8');
    const again = await browser.send('GET', '/ui/', { headers: { 'if-none-match': page.header('etag') ?? '' } });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it('come in the smallest form that the browser takes', async () => {
    const path = await script();
    const plain = await browser.send('GET', path);
    const get = (accepted: string) => browser.send('GET', path, { headers: { 'accept-encoding': accepted } });
    const brotli = await get('gzip, deflate, br');
    const gzip = await get('gzip, br;q=0');
    expect([plain, brotli, gzip].map((one) => one.header('content-encoding'))).toEqual([undefined, 'br', 'gzip']);
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(plain.header('vary')).toBe('accept-encoding');
  });

  it('HEAD has the head of GET and no body', async () => {
    const path = await script();
    const [get, head] = [await browser.send('GET', path), await browser.open('HEAD', path)];
    const seen = await head.see('\r\n\r\n');
    expect(seen).toContain(`content-length: ${get.body.length}\r\n`);
    expect(seen.endsWith('\r\n\r\n')).toBe(true);
    head.close();
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('do not take %s', async (method) => {
    expect((await browser.send(method, '/ui/')).status).toBe(405);
  });

  it.each(['/ui/', '/ui', '/ui/keys', '/ui/assets/no-such.js', '/ui/favicon.svg'])(
    '%s tells the browser to load and frame nothing else, also when it is refused',
    async (path) => {
      const answer = await browser.send('GET', path);
      expect(answer.header('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(answer.header('x-content-type-options')).toBe('nosniff');
      expect(answer.header('x-frame-options')).toBe('DENY');
      expect(answer.header('referrer-policy')).toBe('no-referrer');
      expect(answer.header('cross-origin-opener-policy')).toBe('same-origin');
      expect(answer.header('cross-origin-resource-policy')).toBe('same-origin');
    },
  );

  it.each([
    '/ui/../package.json',
    '/ui/..%2f..%2fpackage.json',
    '/ui/%2e%2e/main.js',
    '/ui/..\\main.js',
    '/ui/%5c..%5cmain.js',
    '/ui//etc/passwd',
    '/ui/assets/../../main.js',
    '/ui/main.js',
    '/ui/.stamp',
    '/ui/%2estamp',
    '/ui/index.html.br',
    '/ui/index.html%00.js',
    '/ui/assets/',
    '/ui/assets/.',
  ])('%s leads to nothing but the files of the UI', async (path) => {
    const answer = await browser.send('GET', path);
    const page = (await browser.send('GET', '/ui/')).text();
    expect([400, 404].includes(answer.status) || answer.text() === page).toBe(true);
    expect(answer.text()).not.toMatch(/keyporterRequire|devDependencies|root:x:/);
  });

  it('load nothing from elsewhere and hold no script in the page', async () => {
    const page = (await browser.send('GET', '/ui/')).text();
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=/);
  });

  it('are only where the admin API is', async () => {
    const other = new Browser(world.gateway.running.listeners[1]?.url ?? '');
    for (const path of ['/ui', '/ui/', '/ui/index.html', '/admin/v1/session', '/admin/v1/events'])
      expect([path, (await other.send('GET', path)).status]).toEqual([path, 404]);
  });

  it('a host name that somebody else chose is refused before anything is served', async () => {
    for (const path of ['/ui/', '/admin/v1/session'])
      expect((await browser.send('GET', path, { headers: { host: 'evil.example' } })).status).toBe(421);
  });
});

describe('a folder of built files', () => {
  it('gives its files of known kinds, none that starts with a dot, and names what is missing when it was not built', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kp-'));
    await expect(createUiFiles(folder).find('index.html')).rejects.toThrow(/npm run build/);
    await mkdir(join(folder, '.hidden'));
    for (const name of ['index.html', '.env.json', '.hidden/a.js', 'key.pem', 'b.js.map'])
      await writeFile(join(folder, name), 'x');
    const files = createUiFiles(folder);
    const found = await Promise.all(
      ['index.html', '.env.json', '.hidden/a.js', 'key.pem', 'b.js.map', '../x.js', '__proto__'].map((name) =>
        files.find(name),
      ),
    );
    expect(found.map((file) => file !== null)).toEqual([true, false, false, false, false, false, false]);
    await rm(folder, { recursive: true, force: true });
  });
});
