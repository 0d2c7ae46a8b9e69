import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BodyDecoder, framingOf, headerValues, takeHead } from '../../support/http-message.js';

/** One answer of an engine as it was on the wire. */
export interface WireAnswer {
  status: number;
  /** Name, value, name, value. */
  headers: readonly string[];
  /** Without the framing of chunks. */
  body: Buffer;
  /** False when the connection ended before the body did. */
  complete: boolean;
  header(name: string): string | undefined;
}

/** The file of a fixture: all bytes of one answer, from the status line on. */
export function fixtureFile(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}.http`, import.meta.url));
}

export async function readFixture(name: string): Promise<WireAnswer> {
  return readWire(await readFile(fixtureFile(name)));
}

/** Takes the bytes of one answer apart. */
export function readWire(bytes: Buffer): WireAnswer {
  const taken = takeHead(bytes);
  if (taken === null) throw new Error(`no answer: ${bytes.toString('latin1', 0, 200)}`);
  const { startLine, headers } = taken.head;
  const decoder = new BodyDecoder(framingOf(headers, { kind: 'until-close' }));
  const body = decoder.push(taken.rest);
  return {
    status: Number(startLine.split(' ')[1]),
    headers,
    body,
    complete: decoder.done,
    header: (name) => headerValues(headers, name)[0],
  };
}
