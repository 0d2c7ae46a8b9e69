import { afterAll, describe, expect, test } from 'vitest';
import {
  CHAT,
  CHUNKED_CHAT,
  headOnly,
  judge,
  poison,
  send,
  wellFormed,
  type HostileRow,
} from '../support/hostile-row.js';
import { watchEventLoop } from '../support/event-loop.js';
import { staysPending, within } from '../support/patience.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld();
afterAll(() => world.close());

const SMUGGLED = '0\r\n\r\nG';
const REFUSED = { status: [400, 501, 0], closes: true } as const;

const transferEncodings: [string, string[]][] = [
  ['A-FR-01 content-length beside chunked is refused', ['Content-Length: 6', 'Transfer-Encoding: chunked']],
  [
    'A-FR-02 chunked beside a content-length is refused in the other order too',
    ['Transfer-Encoding: chunked', 'Content-Length: 4'],
  ],
  ['A-FR-02 chunked named in two headers is refused', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
  ['A-FR-02 "chunked, identity" is refused', ['Transfer-Encoding: chunked, identity']],
  ['A-FR-02 "xchunked" is refused', ['Transfer-Encoding: xchunked']],
  ['A-FR-02 "chunked;a=b" is refused', ['Transfer-Encoding: chunked;a=b']],
  ['A-FR-02 ",chunked" is refused', ['Transfer-Encoding: ,chunked']],
  ['A-FR-02 "chunked," is refused', ['Transfer-Encoding: chunked,']],
  ['A-FR-02 "gzip, chunked" is refused', ['Transfer-Encoding: gzip, chunked']],
  ['A-FR-02 identity is refused', ['Transfer-Encoding: identity']],
  ['A-FR-02 a vertical tab before chunked is refused', ['Transfer-Encoding: \x0bchunked']],
  ['A-FR-02 a form feed after chunked is refused', ['Transfer-Encoding: chunked\x0c']],
  ['A-FR-02 a folded chunked is refused', ['Transfer-Encoding:\r\n chunked']],
  ['A-FR-02 a space before the colon is refused', ['Transfer-Encoding : chunked']],
  ['A-FR-02 an empty transfer-encoding is refused', ['Transfer-Encoding:']],
  [
    'A-FR-05 Transfer_Encoding is refused, not taken for an ordinary header',
    ['Transfer_Encoding: chunked', `Content-Length: ${CHAT.length}`],
  ],
  ['A-FR-05 Content_Length is refused', ['Content_Length: 5', `Content-Length: ${CHAT.length}`]],
  ['A-FR-05 X_Forwarded_For is refused', ['X_Forwarded_For: 127.0.0.1', `Content-Length: ${CHAT.length}`]],
  ['A-FR-05 Authorization_ is refused', ['Authorization_: x', `Content-Length: ${CHAT.length}`]],
];

describe('a body that two readers could end in two places is refused and nothing behind it is read', () => {
  test.each(transferEncodings)('%s', async (_name, headers) => {
    const row: HostileRow = {
      name: _name,
      bytes: (key) => headOnly(key, ...headers) + CHUNKED_CHAT + SMUGGLED + poison(key),
      ...REFUSED,
    };
    await judge(world, row);
  });

  const lengths = ['01', '+1', '-0', '-1', '1, 1', '1 1', '', '0x1', '1_0', '18446744073709551617', '1e2', '٣'];
  test.each(lengths)('A-FR-03 a content-length of "%s" is refused', async (length) => {
    await judge(world, {
      name: length,
      bytes: (key) => Buffer.from(headOnly(key, `Content-Length: ${length}`) + CHAT + poison(key)),
      ...REFUSED,
    });
  });

  test.each(['Content-Length', 'content-length'])(
    'A-FR-03 a second content-length spelled "%s" is refused even when equal',
    async (name) => {
      const bytes = (key: string) =>
        headOnly(key, `Content-Length: ${CHAT.length}`, `${name}: ${CHAT.length}`) + CHAT + poison(key);
      await judge(world, { name, bytes, ...REFUSED });
    },
  );
});

describe('only HTTP/1.1 as it is written in the standard is spoken', () => {
  const versions: [string, (key: string) => string][] = [
    [
      'A-FR-04 a transfer-encoding on HTTP/1.0 is refused',
      (key) => headOnly(key, 'Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0') + CHUNKED_CHAT + poison(key),
    ],
    ['A-FR-04 HTTP/1.2 is refused', (key) => wellFormed(key).replace('HTTP/1.1', 'HTTP/1.2') + poison(key)],
    ['A-FR-04 HTTP/01.1 is refused', (key) => wellFormed(key).replace('HTTP/1.1', 'HTTP/01.1') + poison(key)],
    ['A-FR-04 HTTP/0.9 gets no answer of the API', (key) => `GET /v1/models\r\n\r\n${poison(key)}`],
    ['A-FR-04 a lower-case method is refused', (key) => wellFormed(key, { method: 'post' }) + poison(key)],
    [
      'A-FR-04 a line feed without carriage return is refused',
      (key) => wellFormed(key).replace('\r\nHost', '\nHost') + poison(key),
    ],
    ['A-FR-04 a NUL in a header is refused', (key) => wellFormed(key, { headers: ['X-A: a\0b'] }) + poison(key)],
    [
      'A-FR-04 a bare carriage return in a header is refused',
      (key) => wellFormed(key, { headers: ['X-A: a\rb'] }) + poison(key),
    ],
    ['A-FR-04 a folded header is refused', (key) => wellFormed(key, { headers: ['X-A: a', ' b'] }) + poison(key)],
    ['A-FR-04 the preface of HTTP/2 is refused', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ];
  test.each(versions)('%s', (name, bytes) => judge(world, { name, bytes, status: [400, 505, 0], closes: true }));

  test('A-FR-14 an upgrade to h2c is refused and its headers go nowhere', () =>
    judge(world, {
      name: 'h2c',
      bytes: (key) =>
        wellFormed(key, {
          headers: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
        }),
      status: [400, 426, 501],
    }));

  test('A-FR-14 a WebSocket upgrade on a route without one is refused', () =>
    judge(world, {
      name: 'ws',
      bytes: (key) =>
        wellFormed(key, {
          method: 'GET',
          body: '',
          path: '/v1/models',
          headers: [
            'Connection: Upgrade',
            'Upgrade: websocket',
            'Sec-WebSocket-Version: 13',
            'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
          ],
        }),
      status: [400, 426, 501],
    }));

  test('A-FR-14 CONNECT opens no tunnel', () =>
    judge(world, {
      name: 'connect',
      bytes: (key) =>
        `CONNECT 127.0.0.1:${world.upstream.port} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\n\r\n${poison(key)}`,
      status: [400, 405, 501, 0],
      closes: true,
    }));
});

describe('a body that breaks off or turns to garbage never becomes a request', () => {
  const garbage: [string, string][] = [
    ['0x1', '0x1\r\nA\r\n0\r\n\r\n'],
    ['1_0', '1_0\r\nA\r\n0\r\n\r\n'],
    ['a leading space', ' 1\r\nA\r\n0\r\n\r\n'],
    ['a trailing space', '1 \r\nA\r\n0\r\n\r\n'],
    ['a line feed alone', '1\nA\n0\n\n'],
    ['more data than the size says', '1\r\nAAAA\r\n0\r\n\r\n'],
    ['no line end after the data', '1\r\nA0\r\n\r\n'],
    ['a size beyond all numbers', 'FFFFFFFFFFFFFFFFF\r\nA\r\n0\r\n\r\n'],
    ['a negative size', '-1\r\nA\r\n0\r\n\r\n'],
  ];
  test.each(garbage)('A-FR-06 a second chunk with %s is refused before anything is sent on', async (name, second) => {
    const first = `${CHAT.length.toString(16)}\r\n${CHAT}\r\n`;
    await judge(world, {
      name,
      bytes: (key) => headOnly(key, 'Transfer-Encoding: chunked') + first + second + poison(key),
      ...REFUSED,
    });
  });

  test('A-FR-07 a flood of chunk extensions is refused long before the body is complete', async () => {
    const loop = watchEventLoop();
    const flood = Array.from({ length: 2000 }, () => `1;${'e'.repeat(4000)}\r\n \r\n`).join('');
    const bytes = (key: string) => headOnly(key, 'Transfer-Encoding: chunked') + flood + CHUNKED_CHAT;
    await judge(world, { name: 'extensions', bytes, status: [400, 413, 0], closes: true });
    loop.stop();
  });

  test('A-FR-08 a credential in a trailer signs nobody in', async () => {
    const body = `${CHAT.length.toString(16)}\r\n${CHAT}\r\n0\r\nAuthorization: Bearer ${world.key}\r\n\r\n`;
    const bytes = () =>
      `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n${body}`;
    await judge(world, { name: 'trailer', bytes, status: [400, 401] });
  });

  test('A-FR-08 trailers of a good request are not sent on', async () => {
    world.upstream.forget();
    const body = `${CHAT.length.toString(16)}\r\n${CHAT}\r\n0\r\nX-Smuggled: trailer-value\r\nHost: evil.example\r\n\r\n`;
    const answer = await send(world, headOnly(world.key, 'Transfer-Encoding: chunked') + body);
    expect([200, 400]).toContain(answer.status);
    expect(world.upstream.everything()).not.toContain('trailer-value');
    expect(world.upstream.everything()).not.toContain('evil.example');
  });
});

describe('several requests on one connection are judged each by itself', () => {
  test('A-FR-09 three pipelined requests are answered in order: with a key, without one, with another', async () => {
    world.upstream.forget();
    const other = await world.admin.createKey({ name: 'second', scopes: ['infer'] });
    const client = await world.gateway.connect();
    client.write(wellFormed(world.key) + wellFormed('') + wellFormed(other.key));
    const statuses = [(await client.answer()).status, (await client.answer()).status, (await client.answer()).status];
    client.close();
    expect(statuses).toEqual([200, 401, 200]);
    expect(world.upstream.exchanges.length).toBe(2);
  });

  test('A-FR-10 a request behind a malformed one is never executed', async () => {
    const before = await world.admin.must('GET', '/keys?limit=1000');
    const admin = await world.admin.createKey({ name: 'admin', scopes: ['admin'] });
    const create = wellFormed(admin.key, { path: '/admin/v1/keys', body: '{"name":"smuggled","scopes":["infer"]}' });
    await judge(world, { name: 'poison', bytes: (key) => headOnly(key, 'Content-Length: 01') + create, ...REFUSED });
    const after = await world.admin.must('GET', '/keys?limit=1000');
    expect((after['data'] as unknown[]).length).toBe((before['data'] as unknown[]).length + 1);
  });

  test('A-FR-13 the body of a GET is framed exactly and never becomes a request', async () => {
    const inner = poison(world.key);
    const bytes = (key: string) =>
      `GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`;
    await judge(world, { name: 'get with body', bytes, status: [400] });
  });

  test.each(['HEAD', 'OPTIONS', 'DELETE'])('A-FR-13 the body of %s never becomes a request', async (method) => {
    const inner = poison(world.key);
    const client = await world.gateway.connect();
    world.upstream.forget();
    client.write(
      `${method} /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${world.key}\r\nContent-Length: ${inner.length}\r\nConnection: close\r\n\r\n${inner}`,
    );
    await within(2000, 'the connection closes', client.closed);
    expect(client.unread.match(/HTTP\/1\.1 /g)?.length).toBe(1);
    expect(world.upstream.exchanges.length).toBe(0);
  });

  test('A-FR-13 the unread body of a refused POST never becomes a request', async () => {
    const inner = poison(world.key);
    world.upstream.forget();
    const client = await world.gateway.connect();
    client.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    );
    expect((await client.answer()).status).toBe(401);
    client.write(wellFormed(world.key));
    const second = await client.answer().catch(() => null);
    if (second !== null) expect(second.status).toBe(200);
    expect(world.upstream.exchanges.map((exchange) => exchange.target)).not.toContain('/v1/embeddings');
    client.close();
  });
});

describe('Expect: 100-continue', () => {
  test('A-FR-11 without a key the refusal comes at once, no 100 is sent and the connection closes', async () => {
    world.upstream.forget();
    const client = await world.gateway.connect();
    client.write(
      'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n',
    );
    const answer = await client.answer(1000);
    expect([401, 413]).toContain(answer.status);
    expect(client.interim).toEqual([]);
    await within(1000, 'the connection closes', client.closed);
    expect(world.upstream.exchanges.length).toBe(0);
  });

  test('A-FR-11 with a key a body too large is refused without a 100', async () => {
    const client = await world.gateway.connect();
    client.write(headOnly(world.key, 'Content-Length: 10000000000', 'Expect: 100-continue'));
    expect((await client.answer(1000)).status).toBe(413);
    expect(client.interim).toEqual([]);
    await within(1000, 'the connection closes', client.closed);
  });

  test('A-FR-11 with a key the body is invited and the request served; the expectation is not sent on', async () => {
    world.upstream.forget();
    const client = await world.gateway.connect();
    client.write(headOnly(world.key, `Content-Length: ${CHAT.length}`, 'Expect: 100-continue'));
    await client.see('100 Continue', 2000);
    client.write(CHAT);
    const answer = await client.answer();
    client.close();
    expect(client.interim).toEqual([100]);
    expect(answer.status).toBe(200);
    expect(world.upstream.exchanges[0]?.header('expect')).toBeUndefined();
  });

  const expectations: [string, string[]][] = [
    ['y 100-continue', ['Expect: y 100-continue']],
    ['100-Continue, x', ['Expect: 100-Continue, x']],
    ['two headers', ['Expect: 100-continue', 'Expect: 100-continue']],
    ['another word', ['Expect: 200-ok']],
  ];
  test.each(expectations)('A-FR-12 an expectation of %s is refused', (name, headers) =>
    judge(world, {
      name,
      bytes: (key) => headOnly(key, `Content-Length: ${CHAT.length}`, ...headers) + CHAT,
      status: [400, 417],
    }),
  );
});

describe('a client that stops in the middle', () => {
  test('X-CL-04 nothing reaches the model server before the body is whole', async () => {
    world.upstream.forget();
    const client = await world.gateway.connect();
    client.write(headOnly(world.key, 'Content-Length: 1000') + CHAT);
    expect(await staysPending(200, world.upstream.next())).toBe(true);
    client.reset();
    await judge(world, { name: 'after', bytes: () => wellFormed(''), status: [401] });
  });
});
