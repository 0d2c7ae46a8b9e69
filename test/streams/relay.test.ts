import { createHash } from 'node:crypto';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { requestOn, STREAMING_ROUTES } from '../support/dialect-routes.js';
import { chatChunk } from '../support/model-answers.js';
import { staysPending } from '../support/patience.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld({}, { record: false });
afterAll(() => world.close());
afterEach(() => world.upstream.forget());

const [chat] = STREAMING_ROUTES;
if (chat === undefined) throw new Error('no routes');

async function openStream() {
  world.upstream.onRequest = () => {};
  const client = await world.gateway.connect();
  client.write(requestOn(chat as (typeof STREAMING_ROUTES)[number], world.key));
  return { client, exchange: await world.upstream.next() };
}

describe('a stream passes as it is and as it comes', () => {
  test('each event arrives before the next one is made', async () => {
    const { client, exchange } = await openStream();
    exchange.startStream();
    for (let at = 0; at < 20; at += 1) {
      exchange.event(chatChunk(`token-${at}-`));
      await client.see(`token-${at}-`, 1000);
    }
    exchange.event('[DONE]');
    exchange.finish();
    expect((await client.answer()).complete).toBe(true);
    client.close();
  });

  const odd: [string, string[]][] = [
    ['line ends of CR LF', ['data: {"a":1}\r\n\r\n', 'data: {"a":2}\r\n\r\n', 'data: [DONE]\r\n\r\n']],
    ['comments and heartbeats', [': ping\n\n', 'data: {"a":1}\n\n', ': still here\n\n', 'data: [DONE]\n\n']],
    ['data of several lines', ['data: {"a":\ndata: 1}\n\n', 'data: [DONE]\n\n']],
    ['ids, retries and names', ['id: 7\nretry: 10\nevent: x\ndata: {}\n\n', 'data: [DONE]\n\n']],
    [
      'events cut anywhere, also inside a character',
      cutAnywhere('data: {"a":"Grüße 😀 漢字"}\n\ndata: {"b":"é"}\n\ndata: [DONE]\n\n'),
    ],
    ['many events in one piece', ['data: {"a":1}\n\ndata: {"a":2}\n\ndata: {"a":3}\n\ndata: [DONE]\n\n']],
    ['a fake end mark inside a text', ['data: {"a":"[DONE] data: [DONE]"}\n\n', 'data: [DONE]\n\n']],
    ['no space behind the colon', ['data:{"a":1}\n\n', 'data:[DONE]\n\n']],
    ['an end mark without its last line end', ['data: {"a":1}\n\n', 'data: [DONE]\n']],
  ];
  test.each(odd)('%s arrive byte for byte', async (_name, pieces) => {
    const { client, exchange } = await openStream();
    exchange.startStream();
    for (const piece of pieces) exchange.chunk(Buffer.from(piece, 'latin1'));
    exchange.finish();
    const answer = await client.answer();
    client.close();
    expect(answer.complete).toBe(true);
    expect(answer.body.toString('latin1')).toBe(pieces.join(''));
  });

  test('its headers keep every proxy on the way from holding it back', async () => {
    const { client, exchange } = await openStream();
    exchange.startStream(['x-engine', 'kept']);
    exchange.event('[DONE]');
    exchange.finish();
    const answer = await client.answer();
    client.close();
    expect(answer.header('content-type')).toMatch(/^text\/event-stream/);
    expect(answer.header('cache-control')).toContain('no-transform');
    expect(answer.header('x-accel-buffering')).toBe('no');
    expect(answer.header('content-length')).toBeUndefined();
    expect(answer.header('x-engine')).toBe('kept');
  });

  test('the head arrives before the first event is there', async () => {
    const { client, exchange } = await openStream();
    exchange.startStream();
    await client.see('\r\n\r\n', 1000);
    expect(client.unread).toMatch(/^HTTP\/1\.1 200/);
    exchange.event('[DONE]');
    exchange.finish();
    client.close();
  });
});

describe('each side is held back by the other', () => {
  test('a reader who stops reading stops the model server, and loses nothing', { timeout: 60_000 }, async () => {
    const piece = `data: ${JSON.stringify({ x: 'y'.repeat(32_000) })}\n\n`;
    const { client, exchange } = await openStream();
    exchange.startStream();
    await client.see('\r\n\r\n');
    client.socket.pause();
    let pieces = 0;
    for (let full = false; !full && pieces < 4000;) {
      pieces += 1;
      if (exchange.chunk(piece)) continue;
      full = await staysPending(500, new Promise((resolve) => exchange.socket.once('drain', resolve)));
    }
    expect(pieces * piece.length, 'bytes taken from the model server while nobody read').toBeLessThan(64_000_000);
    client.socket.resume();
    exchange.event('[DONE]');
    exchange.finish();
    const answer = await client.answer(30_000);
    client.close();
    expect(answer.complete).toBe(true);
    const sent = createHash('sha256')
      .update(`${piece.repeat(pieces)}data: [DONE]\n\n`)
      .digest('hex');
    expect(createHash('sha256').update(answer.body).digest('hex')).toBe(sent);
  });

  test('one slow reader does not hold the others back', async () => {
    const slow = await openStream();
    slow.exchange.startStream();
    slow.client.socket.pause();
    for (let at = 0; at < 500; at += 1) slow.exchange.event({ x: 'y'.repeat(32_000) });
    const quick = await openStream();
    quick.exchange.startStream();
    quick.exchange.event(chatChunk('quick-token'));
    await quick.client.see('quick-token', 1000);
    slow.client.reset();
    quick.exchange.event('[DONE]');
    quick.exchange.finish();
    quick.client.close();
    await slow.exchange.gone;
  });
});

/** The bytes of a text one by one, as Latin-1 strings. */
function cutAnywhere(text: string): string[] {
  return [...Buffer.from(text, 'utf8')].map((byte) => String.fromCharCode(byte));
}
