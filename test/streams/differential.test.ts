import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { Client } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { createTransport } from '../../src/upstream/transport.js';
import { repeats } from '../support/rounds.js';

/** What one reader makes of an answer; null = it refuses it or finds it cut. */
type Reading = { status: number; headers: string[]; body: string } | null;

let server: Server;
let origin = '';
/** What the next request is answered with, in so many writes, before the connection is closed. */
let pieces: readonly Buffer[] = [];
const transport = createTransport(systemClock);

beforeAll(async () => {
  server = createServer((socket: Socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.once('data', () => {
      for (const piece of pieces) socket.write(piece);
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await transport.close();
  await new Promise((resolve) => server.close(resolve));
});

function ours(): Promise<Reading> {
  return new Promise((resolve) => {
    const found: NonNullable<Reading> = { status: 0, headers: [], body: '' };
    const request = {
      origin,
      path: '/',
      method: 'POST',
      headers: [],
      body: Buffer.from('{}'),
      connectMs: 5000,
      caFile: null,
    };
    transport.send(request, {
      started: () => {},
      head(status, headers) {
        found.status = status;
        found.headers = [...headers];
        return true;
      },
      data(chunk) {
        found.body += chunk.toString('latin1');
        return true;
      },
      end: () => resolve(found),
      fail: () => resolve(null),
    });
  });
}

async function theirs(): Promise<Reading> {
  const client = new Client(origin, { headersTimeout: 0, bodyTimeout: 0 });
  try {
    return await new Promise((resolve) => {
      const found: NonNullable<Reading> = { status: 0, headers: [], body: '' };
      client.dispatch(
        { path: '/', method: 'POST', body: '{}' },
        {
          onConnect() {},
          onHeaders(status, headers) {
            if (status < 200) return true;
            found.status = status;
            // Space behind a value is no part of it; this reader leaves it there.
            found.headers = headers.map((part) => part.toString('latin1').replace(/[ \t]+$/, ''));
            return true;
          },
          onData(chunk) {
            found.body += chunk.toString('latin1');
            return true;
          },
          onComplete: () => resolve(found),
          onError: () => resolve(null),
        },
      );
    });
  } finally {
    await client.destroy().catch(() => {});
  }
}

const line = fc.constantFrom(
  'Content-Type: text/plain',
  'Content-Length: 5',
  'Content-Length: 0',
  'content-length: 4',
  'Content-Length: 5, 5',
  'Content-Length: +5',
  'Transfer-Encoding: chunked',
  'transfer-encoding: Chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Connection: close',
  'Connection: keep-alive',
  'Keep-Alive: timeout=1',
  'X-Empty:',
  'X-Space: \t a b \t ',
  'X-Latin: \xe9\xff',
  'X-Bad : 1',
  ' folded',
  'X-Control: a\x01b',
  'no colon',
);
const start = fc.constantFrom(
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 099 Odd',
  'HTTP/1.1 2000 Odd',
  'HTTP/2.0 200 OK',
  'HTTP/1.1  200 OK',
  'ICY 200 OK',
);
const body = fc.constantFrom(
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
  '05\r\nhello\r\n00\r\n\r\n',
  '5\r\nhello0\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  '-5\r\nhello\r\n0\r\n\r\n',
  '5\nhello\n0\n\n',
  '5\r\nhel',
  '0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
  '',
);
const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r');
const answer = fc
  .record({ early: fc.boolean(), start, lines: fc.array(fc.tuple(line, lineEnd), { maxLength: 4 }), body })
  .map(
    ({ early, start: first, lines, body: rest }) =>
      `${early ? 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n' : ''}${first}\r\n${lines.map(([text, end]) => text + end).join('')}\r\n${rest}`,
  );
const cuts = fc.array(fc.nat(400), { maxLength: 3 });

test(
  'what we take for a whole answer, another strict reader takes for the very same answer',
  { timeout: 300_000 },
  async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(answer, cuts, async (text, places) => {
        const bytes = Buffer.from(text, 'latin1');
        const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        pieces = at
          .slice(1)
          .map((to, index) => bytes.subarray(at[index] ?? 0, to))
          .filter((piece) => piece.length > 0);
        const mine = await ours();
        if (mine === null) return;
        taken += 1;
        expect(mine).toEqual(await theirs());
      }),
      { numRuns: repeats(400, 20_000) },
    );
    expect(taken).toBeGreaterThan(20);
  },
);
