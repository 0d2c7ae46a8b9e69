import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokenAnswer } from './broken-answer.js';
import { ResponseParser, type Expected } from './response-parser.js';

const PLAIN: Expected = { headOnly: false, maySwitch: false };

interface Read {
  status: number;
  headers: readonly string[];
  body: string;
  ended: boolean;
  behind: number;
  reusable: boolean;
  broken: string | null;
}

/** What is read out of these pieces, one after the other. `closes`: the server sends no more behind them. */
function read(pieces: readonly Buffer[], { expected = PLAIN, closes = false } = {}): Read {
  const found: Read = { status: 0, headers: [], body: '', ended: false, behind: 0, reusable: false, broken: null };
  const parser = new ResponseParser({
    head(status, headers) {
      found.status = status;
      found.headers = headers;
    },
    switched: (headers, rest) => Object.assign(found, { status: 101, headers, body: rest.toString('latin1') }),
    data: (piece) => void (found.body += piece.toString('latin1')),
    end: () => void (found.ended = true),
  });
  parser.begin(expected);
  // All pieces come through the same memory, as they do from a connection.
  const memory = Buffer.alloc(70_000);
  try {
    for (const piece of pieces) {
      piece.copy(memory);
      found.behind += parser.push(memory.subarray(0, piece.length));
    }
    if (closes) parser.finish();
  } catch (error) {
    if (!(error instanceof BrokenAnswer)) throw error;
    found.broken = error.message;
  }
  return { ...found, reusable: found.ended && parser.reusable };
}

const of = (text: string, options = {}): Read => read([Buffer.from(text, 'latin1')], options);
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

describe('a response', () => {
  it('has the body its length names, and leaves what lies behind it alone', () => {
    expect(of(`${HEAD}Content-Length: 2\r\n\r\n{}HTTP/1.1 200`)).toMatchObject({
      status: 200,
      headers: ['Content-Type', 'application/json', 'Content-Length', '2'],
      body: '{}',
      ended: true,
      behind: 12,
      reusable: true,
    });
  });

  it('in chunks ends behind its last chunk and its trailers, which are dropped', () => {
    const text = `${HEAD}Transfer-Encoding: Chunked\r\n\r\n3;name="v"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n`;
    expect(of(text)).toMatchObject({ body: 'abc0123456789', ended: true, behind: 0, reusable: true, broken: null });
  });

  it('without a length ends with its connection and not before', () => {
    expect(of(`${HEAD}\r\nabc`)).toMatchObject({ body: 'abc', ended: false });
    expect(of(`${HEAD}\r\nabc`, { closes: true })).toMatchObject({ body: 'abc', ended: true, reusable: false });
  });

  it('that breaks off before its end never ends', () => {
    for (const body of ['Content-Length: 3\r\n\r\nab', 'Transfer-Encoding: chunked\r\n\r\n5\r\nabc', 'X-A'])
      expect(of(HEAD + body, { closes: true })).toMatchObject({ ended: false });
  });

  it('comes behind any early ones, which mean nothing', () => {
    expect(of(`HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n${HEAD}Content-Length: 0\r\n\r\n`)).toMatchObject({
      status: 200,
      ended: true,
      broken: null,
    });
    expect(of('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000)).broken).toContain('longer');
  });

  it.each([204, 304])('with status %i has no body, and is refused when it names the length of one', (status) => {
    const start = `HTTP/1.1 ${status} Nothing\r\n`;
    expect(of(`${start}\r\n`)).toMatchObject({ body: '', ended: true, reusable: true });
    expect(of(`${start}Transfer-Encoding: chunked\r\n\r\n`)).toMatchObject({ body: '', ended: true, reusable: false });
    expect(of(`${start}Content-Length: 3\r\n\r\n`)).toMatchObject({
      ended: false,
      broken: expect.any(String) as string,
    });
  });

  it('to HEAD has no body, and its connection is not used again', () => {
    const expected = { headOnly: true, maySwitch: false };
    expect(of(`${HEAD}Content-Length: 5\r\n\r\n`, { expected })).toMatchObject({ ended: true, reusable: false });
  });

  it.each([
    ['HTTP/1.1', 'Connection: close', false],
    ['HTTP/1.1', 'Connection: x, Close', false],
    ['HTTP/1.1', 'Connection: keep-alive', true],
    ['HTTP/1.1', 'Connection: keep-alive\r\nConnection: close', false],
    ['HTTP/1.0', 'X-A: b', false],
    ['HTTP/1.0', 'Connection: Keep-Alive', true],
  ])('of %s with "%s" leaves a connection that may be used again: %s', (version, line, reusable) => {
    expect(of(`${version} 200 OK\r\nContent-Length: 0\r\n${line}\r\n\r\n`)).toMatchObject({ ended: true, reusable });
  });

  it('switches protocols only where that was asked for', () => {
    const text = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nfirst bytes';
    expect(of(text).broken).toContain('not asked for');
    expect(of(text, { expected: { headOnly: false, maySwitch: true } })).toMatchObject({
      status: 101,
      body: 'first bytes',
      behind: 0,
    });
  });
});

describe('refused as something that readers could take differently:', () => {
  const chunked = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
  it.each([
    ['two lengths', `${HEAD}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`],
    ['a list of lengths', `${HEAD}Content-Length: 1, 1\r\n\r\n`],
    ['a length with a leading zero', `${HEAD}Content-Length: 01\r\n\r\n`],
    ['a signed length', `${HEAD}Content-Length: +1\r\n\r\n`],
    ['an empty length', `${HEAD}Content-Length:\r\n\r\n`],
    ['a length no number holds', `${HEAD}Content-Length: 99999999999999999\r\n\r\n`],
    ['a length beside chunks', `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['chunks twice', `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['another coding', `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    ['a folded line', `${HEAD}X-A: a\r\n b\r\n\r\n`],
    ['a space before the colon', `${HEAD}Content-Length : 1\r\n\r\n`],
    ['a line without a colon', `${HEAD}nonsense\r\n\r\n`],
    ['a line without a name', `${HEAD}: 1\r\n\r\n`],
    ['a bare line feed', `${HEAD}X-A: a\nX-B: b\r\n\r\n`],
    ['a bare carriage return', `${HEAD}X-A: a\rX-B: b\r\n\r\n`],
    ['a NUL', `${HEAD}X-A: a\0\r\n\r\n`],
    ['an unknown version', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['201 headers', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(201)}\r\n`],
    ['16 KiB of headers', `HTTP/1.1 200 OK\r\nA: ${'b'.repeat(16_400)}\r\n\r\n`],
    ['a chunk without a size', `${chunked}\r\nabc`],
    ['a chunk with a signed size', `${chunked}+3\r\nabc\r\n`],
    ['a chunk with a prefixed size', `${chunked}0x3\r\nabc\r\n`],
    ['a chunk with a space before its size', `${chunked} 3\r\nabc\r\n`],
    ['a chunk larger than numbers are', `${chunked}${'f'.repeat(14)}\r\n`],
    ['a chunk longer than its size', `${chunked}3\r\nabcd\r\n`],
    ['a chunk with a bare line feed', `${chunked}3\nabc\r\n`],
    ['a long chunk extension', `${chunked}3;${'a'.repeat(300)}`],
    ['a trailer that is no header', `${chunked}0\r\nnonsense\r\n\r\n`],
    ['trailers without end', `${chunked}0\r\n${'a: b\r\n'.repeat(5000)}`],
  ])('%s', (_, text) => {
    expect(of(text)).toMatchObject({ broken: expect.any(String) as string, ended: false });
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['bytes of TLS', '\x15\x03\x01\x00\x02\x02\x46'],
    ['lines with line feeds alone', 'HTTP/1.1 200 OK\nContent-Le'],
    ['a chunk with a line feed alone', `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\n`],
  ])('%s, without waiting for more', (_, text) => {
    expect(of(text).broken).not.toBeNull();
  });
});

const token = fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/);
const value = fc.stringMatching(/^(?:[!-~](?:[ -~]{0,20}[!-~])?)?$/);
const headers = fc.array(fc.tuple(token, value), { maxLength: 8 });
const body = fc.string({ unit: 'binary-ascii', maxLength: 200 });
const FRAMED = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);

/** A well-formed response and what is in it. */
const response = fc
  .record({
    status: fc.integer({ min: 200, max: 599 }),
    headers,
    pieces: fc.array(body, { maxLength: 5 }),
    chunked: fc.boolean(),
  })
  .map(({ status, headers: extra, pieces, chunked }) => {
    const isBare = status === 204 || status === 304;
    const sent = isBare ? [] : pieces.filter((piece) => piece !== '');
    const lines = extra
      .filter(([name]) => !FRAMED.has(name.toLowerCase()))
      .map(([name, text]) => `${name}: ${text}\r\n`);
    const framing = chunked && !isBare ? 'Transfer-Encoding: chunked' : `Content-Length: ${sent.join('').length}`;
    const wire =
      chunked && !isBare
        ? `${sent.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`
        : sent.join('');
    return {
      status,
      body: sent.join(''),
      text: `HTTP/1.1 ${status} Any\r\n${lines.join('')}${framing}\r\n\r\n${wire}`,
    };
  });

/** The bytes, cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

const cuts = fc.array(fc.nat(10_000), { maxLength: 12 });

describe('cut anywhere', () => {
  it('a well-formed response is read as it was written', () => {
    fc.assert(
      fc.property(response, cuts, ({ status, body: expected, text }, places) => {
        const found = read(cut(Buffer.from(text, 'latin1'), places));
        expect(found).toMatchObject({ status, body: expected, ended: true, behind: 0, broken: null });
      }),
      { numRuns: 500 },
    );
  });

  it('any bytes at all mean the same as in one piece', () => {
    const bent = fc
      .tuple(
        response,
        fc.array(
          fc.tuple(fc.nat(2000), fc.constantFrom('\r', '\n', '\r\n', ' ', '\t', ':', '\0', '0', 'f', ';', ',')),
          { maxLength: 3 },
        ),
      )
      .map(([{ text }, changes]) =>
        changes.reduce((so, [at, bit]) => so.slice(0, at % so.length) + bit + so.slice((at % so.length) + 1), text),
      );
    fc.assert(
      fc.property(bent, cuts, fc.boolean(), (text, places, closes) => {
        const bytes = Buffer.from(text, 'latin1');
        const whole = read([bytes], { closes });
        const parted = read(cut(bytes, places), { closes });
        // What is broken may be found out before or behind a piece of the body; nothing else may differ.
        expect(parted.broken === null).toBe(whole.broken === null);
        if (whole.broken === null) expect(parted).toEqual(whole);
        else expect(parted.ended).toBe(whole.ended);
      }),
      { numRuns: 1000 },
    );
  });
});
