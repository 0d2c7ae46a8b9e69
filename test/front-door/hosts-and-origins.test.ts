import { hostname } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { judge, MARK, poison, send, wellFormed } from '../support/hostile-row.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld({
  allowed_hosts: ['llm.example.org'],
  cors: { allow_origins: ['https://app.example.org'] },
});
afterAll(() => world.close());

describe('A-HD-12 a name that this server does not answer for is refused before anything else', () => {
  const foreign = [
    'evil.example',
    'evil.example:5390',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'llm.example.org.evil.example',
  ];
  test.each(foreign)('Host: %s gets 421', (host) =>
    judge(world, { name: host, bytes: (key) => wellFormed(key, { host }), status: [421], code: 'forbidden_host' }),
  );

  test.each(['/v1/models', '/healthz', '/readyz', '/admin/v1/keys', '/metrics', '/me', '/'])('421 for %s too', (path) =>
    judge(world, {
      name: path,
      bytes: (key) => wellFormed(key, { host: 'evil.example', method: 'GET', path, body: '' }),
      status: [421],
    }),
  );

  test.each([
    '127.0.0.1',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:5390',
    'localhost',
    'LOCALHOST:5390',
    '10.1.2.3:80',
    hostname(),
    'llm.example.org',
    'LLM.example.org:443',
  ])('Host: %s is served', async (host) => {
    const answer = await send(world, wellFormed(world.key, { host, method: 'GET', path: '/v1/models', body: '' }));
    expect(answer.status, answer.text()).toBe(200);
  });
});

describe('A-HD-08 a Host that two readers could take differently is refused', () => {
  const odd = [
    'a,b',
    '127.0.0.1/v1/models?x=',
    '127.0.0.1?x',
    'u@127.0.0.1',
    '127.0.0.1:99999',
    '127.0.0.1:',
    '127.0.0.1:80:80',
    '',
    '127.0.0.1#x',
    '[::1',
    '127.0.0.1 evil',
  ];
  test.each(odd)('Host: "%s" gets 400', (host) =>
    judge(world, { name: host, bytes: (key) => wellFormed(key, { host }), status: [400] }),
  );

  test('two Host headers are refused even when equal', () =>
    judge(world, {
      name: 'two',
      bytes: (key) => wellFormed(key, { headers: ['Host: 127.0.0.1'] }) + poison(key),
      status: [400],
    }));

  test('HTTP/1.1 without a Host is refused', () =>
    judge(world, { name: 'none', bytes: (key) => wellFormed(key).replace('Host: 127.0.0.1\r\n', ''), status: [400] }));

  test('A-PA-10 a path hidden in the Host takes no part in the decision', async () => {
    for (const host of ['127.0.0.1/healthz?', '127.0.0.1/v1']) {
      await judge(world, {
        name: host,
        bytes: () => wellFormed('', { host, method: 'GET', path: '/admin/v1/keys', body: '' }),
        status: [400],
      });
    }
  });
});

describe('A-HD-15 pages of other origins', () => {
  const preflight = (origin: string, ...headers: string[]): string =>
    `OPTIONS /v1/chat/completions HTTP/1.1\r\n${['Host: 127.0.0.1', `Origin: ${origin}`, 'Access-Control-Request-Method: POST', ...headers].join('\r\n')}\r\n\r\n`;

  test.each(['https://evil.example', 'null', 'https://app.example.org.evil.example', 'http://app.example.org'])(
    'a preflight from %s is granted nothing',
    async (origin) => {
      const answer = await send(world, preflight(origin));
      expect(answer.header('access-control-allow-origin')).toBeUndefined();
    },
  );

  test('a preflight from an allowed origin is answered before authentication, with the headers the SDKs send', async () => {
    const wanted = 'authorization,content-type,x-stainless-retry-count,anthropic-version';
    const answer = await send(world, preflight('https://app.example.org', `Access-Control-Request-Headers: ${wanted}`));
    expect([200, 204]).toContain(answer.status);
    expect(answer.header('access-control-allow-origin')).toBe('https://app.example.org');
    const allowed = (answer.header('access-control-allow-headers') ?? '').toLowerCase();
    for (const name of wanted.split(',')) expect(allowed).toContain(name);
    expect(Number(answer.header('access-control-max-age'))).toBeGreaterThan(0);
  });

  test('an allowed origin may use models, and not administer', async () => {
    const origin = 'Origin: https://app.example.org';
    for (const [method, more] of [
      ['OPTIONS', ['Access-Control-Request-Method: GET']],
      ['GET', []],
    ] as const) {
      const head = [`${method} /admin/v1/keys HTTP/1.1`, 'Host: 127.0.0.1', origin, ...more];
      const answer = await send(world, `${head.join('\r\n')}\r\n\r\n`);
      expect(answer.header('access-control-allow-origin')).toBeUndefined();
    }
  });

  test('a header name that no SDK sends is not allowed by echo', async () => {
    const answer = await send(
      world,
      preflight('https://app.example.org', 'Access-Control-Request-Headers: x-keyporter-key-id, bad name, x-evil\x7f'),
    );
    expect((answer.header('access-control-allow-headers') ?? '').toLowerCase()).not.toMatch(
      /x-keyporter-key-id|bad name|x-evil/,
    );
  });

  test('a refusal carries the CORS headers, so that a page can read it, and varies by origin', async () => {
    const answer = await send(world, wellFormed('', { headers: ['Origin: https://app.example.org'] }));
    expect(answer.status).toBe(401);
    expect(answer.header('access-control-allow-origin')).toBe('https://app.example.org');
    expect((answer.header('access-control-expose-headers') ?? '').toLowerCase()).toContain('x-request-id');
    expect((answer.header('vary') ?? '').toLowerCase()).toContain('origin');
  });

  test('an answer for another origin carries none, and never a wildcard', async () => {
    const answer = await send(world, wellFormed(world.key, { headers: ['Origin: https://evil.example'] }));
    expect(answer.header('access-control-allow-origin')).toBeUndefined();
    expect(answer.header('access-control-allow-credentials')).toBeUndefined();
  });

  test('OPTIONS authorises nothing', () =>
    judge(world, {
      name: 'options',
      bytes: () => wellFormed('', { headers: ['Origin: https://app.example.org', `X-Mark: ${MARK}`] }),
      status: [401],
    }));
});
