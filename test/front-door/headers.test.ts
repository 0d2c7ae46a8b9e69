import { afterAll, describe, expect, test } from 'vitest';
import { judge, MARK, poison, send, wellFormed } from '../support/hostile-row.js';
import { headerValues } from '../support/http-message.js';
import { startWorld, UPSTREAM_KEY } from '../support/start-gateway.js';

const world = await startWorld();
afterAll(() => world.close());

/** Sends a good chat request with extra headers and answers what the model server was sent. */
async function seenUpstream(...headers: string[]): Promise<string[]> {
  world.upstream.forget();
  const answer = await send(world, wellFormed(world.key, { headers }));
  expect(answer.status, answer.text()).toBe(200);
  expect(world.upstream.exchanges.length).toBe(1);
  return world.upstream.exchanges[0]?.head.headers ?? [];
}

const names = (headers: readonly string[]): string[] =>
  headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());

describe('what belongs to one connection or to the gateway never travels on', () => {
  test('A-HD-01 naming headers in Connection takes neither the credential nor what the gateway adds away', async () => {
    const headers = await seenUpstream(
      'Connection: keep-alive, Authorization, X-Request-Id, Content-Length, Host, X-Extra',
      'X-Extra: named',
    );
    expect(headerValues(headers, 'authorization')).toEqual([`Bearer ${UPSTREAM_KEY}`]);
    expect(headerValues(headers, 'content-length').length).toBe(1);
    expect(names(headers)).not.toContain('x-extra');
  });

  test('a header that any of several Connection headers names does not travel on', async () => {
    const named = ['X-First: one', 'X-Second: two', 'X-Kept: three'];
    const headers = await seenUpstream(
      'Connection: keep-alive',
      'Connection: X-First',
      'Connection: x-second',
      ...named,
    );
    expect(names(headers)).not.toContain('x-first');
    expect(names(headers)).not.toContain('x-second');
    expect(headerValues(headers, 'x-kept')).toEqual(['three']);
  });

  test('A-HD-02 hop-by-hop headers are not sent to the model server', async () => {
    const headers = await seenUpstream(
      'Keep-Alive: timeout=5',
      'TE: trailers',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic eDp5',
      'Trailer: X-T',
    );
    for (const name of ['keep-alive', 'te', 'proxy-connection', 'proxy-authorization', 'trailer', 'upgrade'])
      expect(names(headers)).not.toContain(name);
  });

  test('A-HD-02 hop-by-hop headers of the model server are not sent to the caller', async () => {
    world.upstream.onRequest = (exchange) =>
      exchange.answer(200, { ok: true }, [
        'keep-alive',
        'timeout=99',
        'proxy-authenticate',
        'Basic',
        'trailer',
        'X-T',
        'connection',
        'keep-alive, X-Hop',
        'x-hop',
        'one',
      ]);
    const answer = await send(world, wellFormed(world.key));
    world.upstream.forget();
    for (const name of ['proxy-authenticate', 'trailer', 'x-hop']) expect(answer.header(name), name).toBeUndefined();
    expect(answer.header('keep-alive')).not.toBe('timeout=99');
  });

  test('A-CR-13 the caller’s credential reaches the model server in no form', async () => {
    for (const credential of [
      `Authorization: Bearer ${world.key}`,
      `X-Api-Key: ${world.key}`,
      `Api-Key: ${world.key}`,
      `authorization: bearer sk-${world.key}`,
    ]) {
      world.upstream.forget();
      const answer = await send(world, wellFormed('', { headers: [credential] }));
      expect(answer.status, answer.text()).toBe(200);
      expect(world.upstream.everything()).not.toContain(world.key.slice(16));
      expect(world.upstream.exchanges[0]?.header('authorization')).toBe(`Bearer ${UPSTREAM_KEY}`);
    }
  });

  test('A-HD-03 identity headers that only the gateway may set are removed', async () => {
    const headers = await seenUpstream(
      'X-Keyporter-Key-Id: forged',
      'x-keyporter-owner: forged',
      'X-KEYPORTER-SCOPES: admin',
      'X-Keyporter-Principal: forged',
      'X-Keyporter-Anything: forged',
      'X-Gateway-User: forged',
      'X-User: forged',
      'Remote-User: forged',
      'X-Remote-User: forged',
    );
    expect(headers.join('\n')).not.toContain('forged');
    expect(names(headers).filter((name) => name.startsWith('x-keyporter-'))).toEqual([]);
  });

  test('A-HD-05 rewriting and forwarding headers of an untrusted peer are removed', async () => {
    const headers = await seenUpstream(
      'X-Forwarded-For: 10.9.8.7',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: gopher',
      'X-Forwarded-Uri: /healthz',
      'X-Forwarded-Prefix: /healthz',
      'X-Real-IP: 10.9.8.7',
      'Forwarded: for=10.9.8.7',
      'X-Original-URL: /healthz',
      'X-Rewrite-URL: /healthz',
      'X-HTTP-Method-Override: DELETE',
    );
    expect(headers.join('\n')).not.toMatch(/10\.9\.8\.7|evil\.example|gopher|\/healthz|DELETE/);
  });

  test('the cookies and the host of the caller stay here', async () => {
    const headers = await seenUpstream('Cookie: session=private');
    expect(headers.join('\n')).not.toContain('session=private');
    expect(headerValues(headers, 'host')).toEqual([`127.0.0.1:${world.upstream.port}`]);
  });

  test('headers of the SDKs that the model server may want do travel on', async () => {
    const headers = await seenUpstream(
      'OpenAI-Beta: assistants=v2',
      'Anthropic-Version: 2026-10-21',
      'Anthropic-Beta: x',
      'User-Agent: some-sdk/1',
      'Accept: application/json',
    );
    expect(headerValues(headers, 'openai-beta')).toEqual(['assistants=v2']);
    expect(headerValues(headers, 'anthropic-version')).toEqual(['2026-10-21']);
  });

  test('A-UP-05 the model server is asked not to compress', async () => {
    const headers = await seenUpstream('Accept-Encoding: gzip, br, zstd');
    expect(headerValues(headers, 'accept-encoding').every((value) => value === 'identity')).toBe(true);
  });
});

describe('a header that two readers could take differently is refused', () => {
  const rows: [string, string[]][] = [
    ['A-HD-04 a name with an underscore', ['X_Gateway_User: root']],
    ['A-HD-04 a name with a space behind it', ['X-Gateway-User : root']],
    ['A-HD-04 a name outside ASCII', ['X-Gateway-User\x85: root']],
    ['A-HD-04 an empty name', [': root']],
    ['A-HD-04 a line without a colon', ['X-Gateway-User']],
  ];
  test.each(rows)('%s', (name, headers) =>
    judge(world, {
      name,
      bytes: (key) => Buffer.from(wellFormed(key, { headers }) + poison(key), 'latin1'),
      status: [400, 0],
      closes: true,
    }),
  );

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'A-HD-10 a header called %s changes nothing',
    async (name) => {
      world.upstream.forget();
      const answer = await send(world, wellFormed(world.key, { headers: [`${name}: x`] }));
      expect([200, 400]).toContain(answer.status);
      await judge(world, { name, bytes: () => wellFormed('', { headers: [`${name}: ${MARK}`] }), status: [400, 401] });
    },
  );

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'A-HD-10 a model called %s is unknown',
    (name) =>
      judge(world, {
        name,
        bytes: (key) => wellFormed(key, { body: `{"model":"${name}","messages":["${MARK}"]}` }),
        status: [404],
        code: 'model_not_found',
      }),
  );
});

describe('counts and sizes have a bound and nothing is cut off silently', () => {
  const padding = (count: number): string[] => Array.from({ length: count }, (_, at) => `x${at}: a`);

  test.each([101, 999, 1000, 1001, 2000])('A-HD-09 %i headers are refused with 431', (count) =>
    judge(world, {
      name: String(count),
      bytes: (key) =>
        `GET /v1/models HTTP/1.1\r\n${[...padding(count - 2), 'Host: 127.0.0.1', `Authorization: Bearer ${key}`].join('\r\n')}\r\n\r\n`,
      status: [431],
    }),
  );

  test('A-HD-09 a credential behind 90 other headers counts', async () => {
    const answer = await send(
      world,
      `GET /v1/models HTTP/1.1\r\n${[...padding(90), 'Host: 127.0.0.1', `Authorization: Bearer ${world.key}`].join('\r\n')}\r\n\r\n`,
    );
    expect(answer.status).toBe(200);
  });

  const oversize: [string, (key: string) => string, number[]][] = [
    ['A-HD-11 one header of 16 KB', (key) => wellFormed(key, { headers: [`X-Big: ${'a'.repeat(16_384)}`] }), [431]],
    [
      'A-HD-11 17 KB of headers together',
      (key) => wellFormed(key, { headers: Array.from({ length: 17 }, (_, at) => `X-${at}: ${'a'.repeat(1000)}`) }),
      [431],
    ],
    ['A-HD-11 a URL of 9 KB', (key) => wellFormed(key, { path: `/v1/${'a'.repeat(9000)}` }), [414]],
    ['A-HD-11 a query of 9 KB', (key) => wellFormed(key, { path: `/v1/chat/completions?${'a'.repeat(9000)}` }), [414]],
    ['A-HD-11 a method of 1 KB', (key) => wellFormed(key, { method: 'A'.repeat(1024) }), [400, 405, 501]],
  ];
  test.each(oversize)('%s is refused', (name, bytes, status) => judge(world, { name, bytes, status }));
});

describe('nothing a client says about itself opens a door', () => {
  const doors: [string, string[]][] = [
    ['A-HD-14 the user agent of a health check', ['User-Agent: kube-probe/1.3']],
    ['A-HD-14 the user agent of a load balancer', ['User-Agent: GoogleHC/1.0', 'X-Healthcheck: 1']],
    [
      'A-HD-05 the path of a public route in a rewriting header',
      ['X-Original-URL: /healthz', 'X-Rewrite-URL: /healthz', 'X-Forwarded-Uri: /healthz'],
    ],
    ['A-HD-05 another method in an override header', ['X-HTTP-Method-Override: OPTIONS', 'X-Middleware-Subrequest: 1']],
    ['A-HD-06 a loopback address in X-Forwarded-For', ['X-Forwarded-For: 127.0.0.1']],
    [
      'A-HD-06 a loopback address in Forwarded',
      ['Forwarded: for=127.0.0.1', 'X-Real-IP: 127.0.0.1', 'True-Client-IP: ::1', 'CF-Connecting-IP: 127.0.0.1'],
    ],
  ];
  test.each(doors)('%s does not replace a key', (name, headers) =>
    judge(world, { name, bytes: () => wellFormed('', { headers }), status: [401], code: 'missing_api_key' }),
  );

  test('A-HD-13 a request id with line breaks or markup in it is never sent back', async () => {
    for (const id of ['a%0d%0aX-Injected: 1', '<script>', 'x'.repeat(500), "' OR 1=1--"]) {
      const answer = await send(world, wellFormed(world.key, { headers: [`X-Request-Id: ${id}`] }));
      expect(answer.header('x-request-id')).toMatch(/^req_[0-9A-Za-z]+$/);
      expect(answer.header('x-injected')).toBeUndefined();
    }
  });

  test('an own request id is on every answer, good or refused, and no two are equal', async () => {
    const answers = [
      await send(world, wellFormed(world.key)),
      await send(world, wellFormed('')),
      await send(world, wellFormed(world.key, { path: '/v1/nothing' })),
    ];
    const ids = answers.map((answer) => answer.header('x-request-id'));
    for (const id of ids) expect(id).toMatch(/^req_/);
    expect(new Set(ids).size).toBe(3);
  });
});
