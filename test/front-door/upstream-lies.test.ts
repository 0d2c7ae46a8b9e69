import { afterAll, describe, expect, test } from 'vitest';
import { gzipSync } from 'node:zlib';
import { send, wellFormed } from '../support/hostile-row.js';
import { headerValues } from '../support/http-message.js';
import { repeats } from '../support/rounds.js';
import { startWorld, UPSTREAM_KEY } from '../support/start-gateway.js';

const world = await startWorld();
afterAll(() => world.close());

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const OK = '{"ok":true}';
const BODY = `${OK.length.toString(16)}\r\n${OK}\r\n0\r\n\r\n`;

/** What the caller gets when the model server answers with exactly these bytes. */
async function answerTo(bytes: string | Buffer, end: 'keep' | 'fin' = 'keep') {
  world.upstream.forget();
  world.upstream.onRequest = (exchange) => {
    exchange.raw(bytes);
    if (end === 'fin') exchange.hangUp();
  };
  const answer = await send(world, wellFormed(world.key));
  world.upstream.forget();
  return answer;
}

describe('A-UP-01 an answer whose end is a matter of opinion is 502', () => {
  const lies: [string, string][] = [
    ['a length beside chunked', `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${BODY}`],
    ['two different lengths', `${HEAD}Content-Length: 11\r\nContent-Length: 5\r\n\r\n${OK}`],
    ['an unknown transfer-encoding', `${HEAD}Transfer-Encoding: foo\r\n\r\n${BODY}`],
    ['"gzip, chunked"', `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n${BODY}`],
    ['chunked twice', `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${BODY}`],
    ['a length of "+11"', `${HEAD}Content-Length: +11\r\n\r\n${OK}`],
    ['line feeds alone', `HTTP/1.1 200 OK\nContent-Length: 11\n\n${OK}`],
    ['a folded header', `${HEAD}X-A: a\r\n b\r\nContent-Length: 11\r\n\r\n${OK}`],
    ['a carriage return in a value', `${HEAD}X-A: a\rb\r\nContent-Length: 11\r\n\r\n${OK}`],
    ['a NUL in a value', `${HEAD}X-A: a\0b\r\nContent-Length: 11\r\n\r\n${OK}`],
    ['20 KB of header', `${HEAD}X-A: ${'a'.repeat(20_000)}\r\nContent-Length: 11\r\n\r\n${OK}`],
    ['status 099', `HTTP/1.1 099 Odd\r\nContent-Length: 11\r\n\r\n${OK}`],
    ['status 999', `HTTP/1.1 999 Odd\r\nContent-Length: 11\r\n\r\n${OK}`],
    ['status 600', `HTTP/1.1 600 Odd\r\nContent-Length: 11\r\n\r\n${OK}`],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['A-UP-03 an unasked 101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ];
  test.each(lies)('%s', async (_name, bytes) => {
    const answer = await answerTo(bytes, 'fin');
    expect(answer.status, answer.text()).toBe(502);
    expect((answer.json()['error'] as Record<string, unknown>)['code']).toBe('upstream_error');
    expect((await send(world, wellFormed(world.key))).status).toBe(200);
  });

  test('a body shorter than its length never looks complete', async () => {
    const answer = await answerTo(`${HEAD}Content-Length: 100\r\n\r\n${OK}`, 'fin');
    expect(answer.status === 502 || !answer.complete).toBe(true);
  });
});

describe('A-UP-02 bytes behind an answer are never another one', () => {
  test('a poisoned keep-alive connection is not used again', { timeout: 600_000 }, async () => {
    const poison = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n"POISON"';
    for (let round = 0; round < repeats(100, 10_000); round += 1) {
      const first = await answerTo(`${HEAD}Content-Length: ${OK.length}\r\n\r\n${OK}${poison}`);
      expect(first.text()).not.toContain('POISON');
      const second = await send(world, wellFormed(world.key));
      expect(second.text()).not.toContain('POISON');
      expect(second.status).toBe(200);
    }
  });
});

describe('A-UP-03, A-UP-05 an answer that grows on the way', () => {
  test('a flood of early hints ends in 502 or in the answer, and is not passed on', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(10_000);
    world.upstream.forget();
    world.upstream.onRequest = (exchange) => exchange.raw(`${hints}${HEAD}Content-Length: ${OK.length}\r\n\r\n${OK}`);
    const client = await world.gateway.connect();
    client.write(wellFormed(world.key));
    const answer = await client.answer();
    client.close();
    world.upstream.forget();
    expect([200, 502]).toContain(answer.status);
    expect(client.interim.length).toBe(0);
  });

  test('a compressed answer that nobody asked for is 502 and never decoded', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const head = Buffer.from(`${HEAD}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
    const answer = await answerTo(Buffer.concat([head, bomb]));
    expect(answer.status).toBe(502);
  });
});

describe('A-LK-07, A-LK-03, A-CR-14 what a model server says too much', () => {
  test('its cookies, server name, CORS and alternative services stay inside', async () => {
    world.upstream.onRequest = (exchange) =>
      exchange.answer(200, { ok: true }, [
        'set-cookie',
        'a=b',
        'server',
        'uvicorn',
        'x-powered-by',
        'x',
        'alt-svc',
        'h3=":1"',
        'access-control-allow-origin',
        '*',
        'x-model-extra',
        'kept',
      ]);
    const answer = await send(world, wellFormed(world.key));
    world.upstream.forget();
    for (const name of ['set-cookie', 'x-powered-by', 'alt-svc', 'access-control-allow-origin'])
      expect(answer.header(name), name).toBeUndefined();
    expect(headerValues(answer.headers, 'server')).not.toContain('uvicorn');
    expect(answer.header('x-model-extra')).toBe('kept');
  });

  test('a 5xx that is not JSON is replaced, its status kept', async () => {
    const page = `<html>Traceback http://10.0.0.7:8000/internal ${UPSTREAM_KEY}</html>`;
    const answer = await answerTo(
      `HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
    );
    expect(answer.status).toBe(500);
    expect(answer.text()).not.toMatch(/Traceback|10\.0\.0\.7|sk-upstream/);
    expect(answer.json()).toHaveProperty('error.message');
  });

  test('a JSON error of the model server passes unchanged with its status and its retry-after', async () => {
    for (const status of [400, 404, 422, 429, 500, 503]) {
      world.upstream.onRequest = (exchange) =>
        exchange.answer(status, { error: { message: 'theirs', type: 't', param: null, code: 'c' } }, [
          'retry-after',
          '7',
        ]);
      const answer = await send(world, wellFormed(world.key));
      world.upstream.forget();
      expect([answer.status, answer.text(), answer.header('retry-after')]).toEqual([
        status,
        '{"error":{"message":"theirs","type":"t","param":null,"code":"c"}}',
        '7',
      ]);
    }
  });

  test.each(['json', 'stream'])('the injected key is never echoed in a %s answer', async (kind) => {
    world.upstream.onRequest = (exchange) => {
      const reflected = `your key is ${exchange.header('authorization') ?? ''}`;
      if (kind === 'json') return exchange.answer(400, { error: { message: reflected } }, ['x-reflected', reflected]);
      exchange.startStream(['x-reflected', reflected]);
      exchange.event({ choices: [{ delta: { content: reflected } }] });
      exchange.event('[DONE]');
      return exchange.finish();
    };
    const body = `{"model":"test-model","stream":${kind === 'stream'},"messages":[]}`;
    const answer = await send(world, wellFormed(world.key, { body }));
    world.upstream.forget();
    expect(answer.headers.join() + answer.text()).not.toContain(UPSTREAM_KEY);
  });

  test('A-SS-03 a redirect of the model server is not followed', async () => {
    world.upstream.forget();
    world.upstream.onRequest = (exchange) =>
      exchange.raw(
        `HTTP/1.1 307 Elsewhere\r\nLocation: ${world.upstream.url}/v1/embeddings\r\nContent-Length: 0\r\n\r\n`,
      );
    const answer = await send(world, wellFormed(world.key));
    expect([307, 502]).toContain(answer.status);
    expect(world.upstream.exchanges.length).toBe(1);
    world.upstream.forget();
  });
});
