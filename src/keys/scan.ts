import { createReadStream, type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TextDecoder } from 'node:util';
import { COMPACT_LENGTH, KEY_LENGTH, parseKey, prefixOf } from './format.js';

/** Every spelling of a key begins with this. */
const BEGINNING = 'kp';
const CHUNK_BYTES = 256 * 1024;
/** Not entered inside a directory: what they hold is compressed or somebody else's. Named directly, they are scanned. */
const SKIPPED_DIRECTORIES: ReadonlySet<string> = new Set(['.git', 'node_modules']);

/** A key in a text. The secret itself is never part of it. */
export interface FoundKey {
  kind: 'found';
  /** Where the text came from. */
  file: string;
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units as editors count. */
  column: number;
  id: string;
  /** `kp_<id>`, safe to show. */
  prefix: string;
}

/** A file or directory that was not searched, and why. */
export interface Unreadable {
  kind: 'unreadable';
  file: string;
  reason: string;
}

/** Finds every key in a text, in both spellings, by its checksum: nothing is asked and nothing guessed. */
export function scanText(text: string, origin: string): FoundKey[] {
  return [...new KeyFinder(origin).take(text, true)];
}

/** Puts `kp_<id>_[secret]` in place of every key in a text. */
export function maskKeys(text: string): string {
  if (!text.includes(BEGINNING)) return text;
  let masked = '';
  let from = 0;
  for (const { at, length, id } of keysIn(text, 0, text.length)) {
    masked += `${text.slice(from, at)}${prefixOf(id)}_[secret]`;
    from = at + length;
  }
  return masked + text.slice(from);
}

/** Searches a stream of bytes, UTF-8 or UTF-16 with a byte order mark; what is neither is tolerated. */
export async function* scanStream(stream: AsyncIterable<Uint8Array>, origin: string): AsyncGenerator<FoundKey> {
  const finder = new KeyFinder(origin);
  let decoder: TextDecoder | null = null;
  for await (const chunk of stream) {
    decoder ??= new TextDecoder(encodingOf(chunk));
    yield* finder.take(decoder.decode(chunk, { stream: true }), false);
  }
  yield* finder.take(decoder?.decode() ?? '', true);
}

/**
 * Searches files, and directories with everything below them. Symbolic links inside a directory are not
 * followed and `.git` and `node_modules` not entered; pipes, sockets and devices are passed over. What
 * cannot be read is reported and the search goes on.
 */
export async function* scanPaths(paths: readonly string[]): AsyncGenerator<FoundKey | Unreadable> {
  for (const path of paths) {
    try {
      const facts = await stat(path);
      if (facts.isDirectory()) yield* scanDirectory(path);
      else if (facts.isFile()) yield* scanFile(path);
      else yield { kind: 'unreadable', file: path, reason: 'It is neither a file nor a directory.' };
    } catch (error) {
      yield unreadable(path, error);
    }
  }
}

async function* scanDirectory(top: string): AsyncGenerator<FoundKey | Unreadable> {
  const waiting = [top];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    try {
      const { files, directories } = await entriesOf(directory);
      waiting.push(...directories);
      for (const file of files) yield* scanFile(file);
    } catch (error) {
      yield unreadable(directory, error);
    }
  }
}

async function entriesOf(directory: string): Promise<{ files: string[]; directories: string[] }> {
  const entries = await readdir(directory, { withFileTypes: true });
  const wanted = entries.filter((entry) => entry.isDirectory() && !SKIPPED_DIRECTORIES.has(entry.name));
  const paths = (chosen: Dirent[]): string[] => chosen.map((entry) => join(directory, entry.name)).sort();
  return { files: paths(entries.filter((entry) => entry.isFile())), directories: paths(wanted).reverse() };
}

async function* scanFile(path: string): AsyncGenerator<FoundKey | Unreadable> {
  try {
    yield* scanStream(createReadStream(path, { highWaterMark: CHUNK_BYTES }), path);
  } catch (error) {
    yield unreadable(path, error);
  }
}

function unreadable(file: string, error: unknown): Unreadable {
  return { kind: 'unreadable', file, reason: error instanceof Error ? error.message : String(error) };
}

function encodingOf(beginning: Uint8Array): string {
  if (beginning[0] === 0xff && beginning[1] === 0xfe) return 'utf-16le';
  if (beginning[0] === 0xfe && beginning[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

interface Place {
  at: number;
  length: number;
  id: string;
}

/** The keys that begin from `from` on and before `end`. */
function* keysIn(text: string, from: number, end: number): Generator<Place> {
  let at = text.indexOf(BEGINNING, from);
  while (at >= 0 && at < end) {
    const place = keyAt(text, at);
    if (place !== null) yield place;
    at = text.indexOf(BEGINNING, at + (place?.length ?? 1));
  }
}

function keyAt(text: string, at: number): Place | null {
  for (const length of [KEY_LENGTH, COMPACT_LENGTH]) {
    const parsed = parseKey(text.slice(at, at + length));
    if (parsed !== null) return { at, length, id: parsed.id };
  }
  return null;
}

/** Searches a text that comes in pieces; keys may lie across their seams. */
class KeyFinder {
  readonly #origin: string;
  /** The end of the last piece, in which a key may have begun. */
  #rest = '';
  /** Where `#rest` begins. */
  #line = 1;
  #column = 1;

  constructor(origin: string) {
    this.#origin = origin;
  }

  *take(piece: string, isLast: boolean): Generator<FoundKey> {
    const text = this.#rest + piece;
    const decided = isLast ? text.length : Math.max(0, text.length - KEY_LENGTH + 1);
    let done = 0;
    for (const { at, length, id } of keysIn(text, 0, decided)) {
      this.#pass(text, done, at);
      yield { kind: 'found', file: this.#origin, line: this.#line, column: this.#column, id, prefix: prefixOf(id) };
      this.#pass(text, at, at + length);
      done = at + length;
    }
    const rest = Math.max(done, decided);
    this.#pass(text, done, rest);
    this.#rest = text.slice(rest);
  }

  /** Counts lines and columns of a stretch of text. */
  #pass(text: string, from: number, to: number): void {
    let lineStart = -1;
    for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) {
      this.#line += 1;
      lineStart = at + 1;
    }
    this.#column = lineStart < 0 ? this.#column + (to - from) : to - lineStart + 1;
  }
}
