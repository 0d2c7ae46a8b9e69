import type { FlatHeaders } from '../core/headers.js';
import { BrokenAnswer } from './broken-answer.js';

/** How the end of a body is told. `bytes` counts for `length` alone. */
export interface Framing {
  kind: 'length' | 'chunked' | 'close';
  bytes: number;
}

/** The head of one response. */
export interface ResponseHead {
  status: number;
  /** As they came, with the space around values gone. */
  headers: FlatHeaders;
  /** Of the body, as far as the head tells; a request for the head alone, or the status, may say that there is none. */
  framing: Framing;
  /** Its connection may be used again behind it. */
  keepsConnection: boolean;
  /** Seconds after which the server closes an idle connection, where it says so. */
  keepAliveSeconds: number | null;
}

const MOST_HEADERS = 200;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Neither the carriage return nor the line feed of an end of line belongs to a value. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^(?:0|[1-9][0-9]{0,14})$/;
const SPACE = 0x20;
const TAB = 0x09;

/** What the headers that frame a message said. */
interface Framed {
  length: string | null;
  coding: string | null;
  connection: string | null;
  keepAlive: string | null;
}

/**
 * Reads the head of a response, without the empty line at its end. Strict: whatever two readers could
 * take differently throws a `BrokenAnswer`, so that nobody disagrees about where its body ends.
 */
export function parseResponseHead(text: string): ResponseHead {
  const lines = text.split('\r\n');
  const start = STATUS_LINE.exec(lines[0] ?? '');
  if (start === null) throw new BrokenAnswer('it does not begin with a status line');
  if (lines.length - 1 > MOST_HEADERS) throw new BrokenAnswer(`it has more than ${MOST_HEADERS} headers`);
  const framed: Framed = { length: null, coding: null, connection: null, keepAlive: null };
  const headers: string[] = [];
  for (let at = 1; at < lines.length; at += 1) readHeader(lines[at] ?? '', headers, framed);
  return {
    status: Number(start[2]),
    headers,
    framing: framingOf(framed),
    keepsConnection: keepsConnection(framed, start[1] === '1'),
    keepAliveSeconds: secondsOf(framed.keepAlive),
  };
}

/** Header lines behind a chunked body: judged as strictly, and of no meaning to anybody. */
export function checkTrailers(text: string): void {
  const headers: string[] = [];
  for (const line of text.split('\r\n'))
    readHeader(line, headers, { length: null, coding: null, connection: null, keepAlive: null });
  if (headers.length / 2 > MOST_HEADERS) throw new BrokenAnswer(`it has more than ${MOST_HEADERS} trailers`);
}

function readHeader(line: string, headers: string[], framed: Framed): void {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  // No name can hold a space, so a folded line ends here too.
  if (!NAME.test(name)) throw new BrokenAnswer('it has a line that is no header');
  const value = withoutSpace(line, colon + 1);
  if (!VALUE.test(value)) throw new BrokenAnswer('a header holds a control character');
  headers.push(name, value);
  // Most names are told apart by their length alone.
  if (name.length === 10) readConnection(name, value, framed);
  else if (name.length === 14 && name.toLowerCase() === 'content-length') {
    if (framed.length !== null) throw new BrokenAnswer('it has more than one content-length');
    framed.length = value;
  } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
    if (framed.coding !== null) throw new BrokenAnswer('it has more than one transfer-encoding');
    framed.coding = value;
  }
}

function readConnection(name: string, value: string, framed: Framed): void {
  const lower = name.toLowerCase();
  if (lower === 'keep-alive') framed.keepAlive = value;
  else if (lower === 'connection')
    framed.connection = framed.connection === null ? value : `${framed.connection},${value}`;
}

function withoutSpace(line: string, start: number): string {
  let from = start;
  let to = line.length;
  while (from < to && isSpace(line.charCodeAt(from))) from += 1;
  while (to > from && isSpace(line.charCodeAt(to - 1))) to -= 1;
  return line.slice(from, to);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}

function framingOf({ length, coding }: Framed): Framing {
  if (coding !== null) {
    if (length !== null) throw new BrokenAnswer('it has a content-length beside a transfer-encoding');
    if (coding.toLowerCase() !== 'chunked')
      throw new BrokenAnswer('it has a transfer-encoding that is not exactly "chunked"');
    return { kind: 'chunked', bytes: 0 };
  }
  if (length === null) return { kind: 'close', bytes: 0 };
  if (!LENGTH.test(length)) throw new BrokenAnswer('its content-length is not a plain number');
  return { kind: 'length', bytes: Number(length) };
}

/** HTTP/1.1 keeps connections unless told not to, HTTP/1.0 only when told to, and never behind a coding it does not know. */
function keepsConnection({ connection, coding }: Framed, isNewer: boolean): boolean {
  if (!isNewer && coding !== null) return false;
  if (connection === null) return isNewer;
  const options = connection
    .toLowerCase()
    .split(',')
    .map((option) => option.trim());
  return isNewer ? !options.includes('close') : options.includes('keep-alive') && !options.includes('close');
}

function secondsOf(keepAlive: string | null): number | null {
  const found = keepAlive === null ? null : /(?:^|[,\s])timeout=([0-9]{1,6})(?:$|[,\s])/i.exec(keepAlive);
  return found === null ? null : Number(found[1]);
}
