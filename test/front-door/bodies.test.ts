import { gzipSync, brotliCompressSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { headOnly, judge, MARK, send, wellFormed } from '../support/hostile-row.js';
import { watchEventLoop } from '../support/event-loop.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld();
afterAll(() => world.close());

const post =
  (body: string | Buffer, ...headers: string[]) =>
  (key: string): Buffer => {
    const bytes = Buffer.from(body);
    const type = headers.some((header) => /^content-type:/i.test(header)) ? [] : ['Content-Type: application/json'];
    const lines = [
      'POST /v1/chat/completions HTTP/1.1',
      'Host: 127.0.0.1',
      `Authorization: Bearer ${key}`,
      ...type,
      `Content-Length: ${bytes.length}`,
      ...headers,
    ];
    return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
  };

const messages = `"messages":[{"role":"user","content":"${MARK}"}]`;

describe('what was checked is what is sent', () => {
  const twice: [string, string][] = [
    ['an allowed model, then a forbidden one', `{"model":"test-model","model":"secret-model",${messages}}`],
    ['a forbidden model, then an allowed one', `{"model":"secret-model","model":"test-model",${messages}}`],
    ['the second time in escapes', `{"model":"test-model","\\u006dodel":"secret-model",${messages}}`],
    ['the same model twice', `{"model":"test-model","model":"test-model",${messages}}`],
    ['stream twice', `{"model":"test-model","stream":false,"stream":true,${messages}}`],
    ['stream once in escapes', `{"model":"test-model","stream":false,"stre\\u0061m":true,${messages}}`],
    ['far apart', `{"model":"test-model",${messages},"pad":"${'x'.repeat(200_000)}","model":"secret-model"}`],
  ];
  test.each(twice)('A-BD-02 a body that names the model or the way of answering twice is refused: %s', (name, body) =>
    judge(world, { name, bytes: post(body), status: [400] }),
  );

  test('A-BD-02 a second model in another case is refused: some servers read names without regard to case', async () => {
    const body = `{"Model":"secret-model","model":"test-model",${messages}}`;
    await judge(world, { name: 'case', bytes: post(body), status: [400] });
  });

  test('A-BD-02 a model inside another object does not decide', async () => {
    await judge(world, {
      name: 'nested',
      bytes: post(`{"metadata":{"model":"test-model"},"model":"secret-model",${messages}}`),
      status: [404],
      code: 'model_not_found',
    });
    world.upstream.forget();
    const answer = await send(
      world,
      post(`{"metadata":{"model":"secret-model"},"model":"test-model",${messages}}`)(world.key),
    );
    expect(answer.status).toBe(200);
  });

  test('the body arrives byte for byte when the model keeps its name', async () => {
    world.upstream.forget();
    const body = `{ "model" : "test-model",\n "messages":[{"role":"user","content":"Gr\\u00fc\u00dfe \ud83d\ude00 \\ud83d\\ude00"}], "n":1.0e0, "seed":9007199254740993, "unknown_member":{"a":[1,2,{"b":null}]} }`;
    expect((await send(world, post(body)(world.key))).status).toBe(200);
    expect(world.upstream.exchanges[0]?.body.toString('utf8')).toBe(body);
  });

  test('an alias and an upstream_model change the name of the model and no other byte', async () => {
    for (const [asked, sent] of [
      ['test-alias', 'test-model'],
      ['renamed', 'Vendor/Real-Name'],
    ] as const) {
      world.upstream.forget();
      const body = (name: string): string =>
        `{"seed":9007199254740993,  "model" :"${name}","messages":[{"content":"${asked} is not changed here"}]}`;
      const answer = await send(world, post(body(asked))(world.key));
      expect(answer.status, answer.text()).toBe(200);
      expect(world.upstream.exchanges[0]?.body.toString('utf8')).toBe(body(sent));
    }
  });

  test('A-SS-01 no member or header chooses another upstream', async () => {
    world.upstream.forget();
    const body = `{"model":"test-model","api_base":"http://127.0.0.1:1","base_url":"http://127.0.0.1:1","custom_host":"http://127.0.0.1:1",${messages}}`;
    const answer = await send(world, post(body, 'X-Portkey-Custom-Host: http://127.0.0.1:1')(world.key));
    expect(answer.status).toBe(400);
    expect(world.upstream.exchanges.length).toBe(0);
    const named = await send(
      world,
      post('{"model":"test-model"}', 'X-Portkey-Custom-Host: http://127.0.0.1:1')(world.key),
    );
    expect(named.status).toBe(200);
    expect(world.upstream.exchanges.length).toBe(1);
  });
});

describe('a body of the wrong kind is a clear 400, never a crash', () => {
  const wrong: [string, string, number[]][] = [
    ['an array', `["${MARK}"]`, [400]],
    ['a string', `"${MARK}"`, [400]],
    ['a number', '42', [400]],
    ['null', 'null', [400]],
    ['true', 'true', [400]],
    ['nothing', '', [400]],
    ['white space', '   ', [400]],
    ['half an object', `{"model":"test-model","messages":[`, [400]],
    ['an object and more', `{"model":"test-model",${messages}} {"model":"secret-model"}`, [400]],
    ['a comma too many', `{"model":"test-model",${messages},}`, [400]],
    ['single quotes', `{'model':'test-model'}`, [400]],
    ['NaN', `{"model":"test-model","temperature":NaN,${messages}}`, [400]],
    ['a comment', `{"model":"test-model" /* x */,${messages}}`, [400]],
    ['a model that is an array', `{"model":["test-model"],${messages}}`, [400]],
    ['a model that is a number', `{"model":1,${messages}}`, [400]],
    ['a model that is an object', `{"model":{"toString":"test-model"},${messages}}`, [400]],
    ['a stream that is a word', `{"model":"test-model","stream":"yes",${messages}}`, [400]],
    ['a raw line break in a string', `{"model":"test-model","x":"a\nb",${messages}}`, [400]],
    ['a model with a NUL at its end', `{"model":"test-model\\u0000",${messages}}`, [400, 404]],
    ['a model with a space before it', `{"model":" test-model",${messages}}`, [404]],
    ['a model in another case', `{"model":"Test-Model",${messages}}`, [404]],
    ['a look-alike model', `{"model":"t\u0435st-model",${messages}}`, [404]],
    ['a model with a path', `{"model":"../test-model",${messages}}`, [404]],
    ['an empty model', `{"model":"",${messages}}`, [400, 404]],
  ];
  test.each(wrong)('A-BD-03, A-TN-07 %s', (name, body, status) => judge(world, { name, bytes: post(body), status }));

  test('the sentence names where reading stopped, and nothing of the body', async () => {
    const answer = await send(world, post('{"model":"test-model","private prompt')(world.key));
    expect(answer.status).toBe(400);
    expect(answer.text()).not.toContain('private prompt');
  });
});

describe('A-BD-04 names of the language are ordinary names', () => {
  test.each([
    '{"__proto__":{"scopes":["admin"],"model":"secret-model"}',
    '{"constructor":{"prototype":{"scopes":["admin"]}}',
  ])('%s... gives nobody anything', async (start) => {
    world.upstream.forget();
    const answer = await send(world, post(`${start},"model":"test-model",${messages}}`)(world.key));
    expect([200, 400]).toContain(answer.status);
    const low = await world.admin.createKey({ scopes: ['infer:embeddings'] });
    expect((await send(world, wellFormed(low.key))).status).toBe(403);
    expect((await send(world, wellFormed(low.key, { method: 'GET', path: '/admin/v1/keys', body: '' }))).status).toBe(
      403,
    );
    expect('scopes' in {}).toBe(false);
  });
});

describe('A-BD-05 depth, width and size cost the caller, not the others', () => {
  const padded = (pad: string): string => `{"model":"test-model","x":${pad},${messages}}`;

  test('a nesting of 100,000 arrays is refused and blocks nobody', async () => {
    const loop = watchEventLoop();
    await judge(world, { name: 'deep', bytes: post(padded('['.repeat(100_000) + ']'.repeat(100_000))), status: [400] });
    loop.stop();
    expect(loop.p99Ms()).toBeLessThan(50);
  });

  test('a nesting that is never closed is refused', () =>
    judge(world, { name: 'open', bytes: post(`{"x":${'['.repeat(100_000)}`), status: [400] }));

  test('10 MB of small objects block the event loop for far less than parsing them would', async () => {
    const body = `[${'{"a":1},'.repeat(1_250_000)}{}]`;
    const begun = performance.now();
    JSON.parse(body);
    const parsingMs = performance.now() - begun;
    const bytes = post(padded(body))(world.key);
    world.upstream.forget();
    world.upstream.onRequest = (exchange) => exchange.answer(200, {});
    const loop = watchEventLoop();
    const answer = await send(world, bytes);
    loop.stop();
    expect([200, 400, 413]).toContain(answer.status);
    // A share of the same run, since what the machine does besides is in both.
    expect(loop.maxMs()).toBeLessThan(parsingMs / 2);
  });

  test('10 MB in one string, as an image has it, pass', async () => {
    world.upstream.forget();
    const body = padded(`"${'A'.repeat(10_000_000)}"`);
    expect((await send(world, post(body)(world.key))).status).toBe(200);
    expect(world.upstream.exchanges[0]?.body.length).toBe(Buffer.byteLength(body));
  });

  test('a body said to have 100 MB is refused before it is read', () =>
    judge(world, {
      name: 'large',
      bytes: (key) => headOnly(key, 'Content-Length: 104857600') + MARK,
      status: [413],
      code: 'request_too_large',
      closes: true,
    }));

  test('a small body that is too large still ends its connection', async () => {
    const small = await startWorld({ server: { max_body_bytes: 1024 } });
    try {
      const bytes = (key: string): string =>
        wellFormed(key, { body: `{"model":"test-model","x":"${'y'.repeat(2000)}"}` });
      await judge(small, { name: 'small', bytes, status: [413], code: 'request_too_large', closes: true });
    } finally {
      await small.close();
    }
  });

  test('a chunked body is refused as soon as it passes the bound', async () => {
    world.upstream.forget();
    const client = await world.gateway.connect();
    client.write(headOnly(world.key, 'Transfer-Encoding: chunked'));
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 0x20), Buffer.from('\r\n')]);
    const drained = (): Promise<unknown> =>
      new Promise((resolve) => {
        client.socket.once('drain', resolve);
        client.socket.once('close', resolve);
      });
    let sent = 0;
    const answer = client.answer();
    while (sent < 100 && !client.socket.destroyed && client.unread === '') {
      sent += 1;
      if (!client.write(chunk)) await drained();
    }
    const refusal = await answer.catch(() => null);
    if (refusal !== null) expect(refusal.status).toBe(413);
    expect(sent).toBeLessThan(64);
    expect(world.upstream.exchanges.length).toBe(0);
    client.close();
  });

  test('A-RX-06 the body of a stranger is not waited for: 401 before it came', async () => {
    const client = await world.gateway.connect();
    client.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 20000000\r\n\r\n{`,
    );
    expect((await client.answer(1000)).status).toBe(401);
    client.close();
  });
});

describe('A-BD-07, A-BD-09 only plain UTF-8 JSON is read', () => {
  const json = `{"model":"test-model",${messages}}`;
  const encodings: [string, string | Buffer, string[], number[]][] = [
    ['UTF-16', Buffer.from(json, 'utf16le'), [], [400, 415]],
    ['a byte order mark', `\ufeff${json}`, [], [400]],
    [
      'invalid UTF-8',
      Buffer.concat([
        Buffer.from(`{"model":"test-model","x":"`),
        Buffer.from([0xc0, 0xaf, 0xff]),
        Buffer.from(`",${messages}}`),
      ]),
      [],
      [400],
    ],
    [
      'invalid UTF-8 in the name of the model',
      Buffer.concat([Buffer.from('{"model":"test-model'), Buffer.from([0xff]), Buffer.from(`",${messages}}`)]),
      [],
      [400, 404],
    ],
    ['a lone surrogate in the name of the model', `{"model":"test-model\\ud800",${messages}}`, [], [400, 404]],
    ['charset utf-7', json, ['Content-Type: application/json; charset=utf-7'], [415]],
    ['text/plain', json, ['Content-Type: text/plain'], [415]],
    ['a form', 'model=test-model', ['Content-Type: application/x-www-form-urlencoded'], [415]],
    ['multipart', json, ['Content-Type: multipart/form-data; boundary=x'], [415]],
    ['gzip', gzipSync(json), ['Content-Encoding: gzip'], [415]],
    ['a brotli bomb', brotliCompressSync(Buffer.alloc(10_000_000)), ['Content-Encoding: br'], [415]],
    ['gzip thrice', json, ['Content-Encoding: gzip, gzip, gzip'], [415]],
    ['deflate', json, ['Content-Encoding: deflate'], [415]],
  ];
  test.each(encodings)('%s is refused', (name, body, headers, status) =>
    judge(world, { name, bytes: post(body, ...headers), status }),
  );

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'Application/JSON',
  ])('content-type "%s" is served', async (type) => {
    expect((await send(world, post(json, `Content-Type: ${type}`)(world.key))).status).toBe(200);
  });
});
