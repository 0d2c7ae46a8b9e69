import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../core/clock.js';
import { readText } from './read-file.js';

const LOOK_EVERY_MS = 1000;
const LARGEST_BYTES = 4 * 1024 * 1024;

/**
 * Calls `onChange` with the whole new content after the file has changed and then stayed the same
 * for one more look. Looking, rather than being told by the system, sees every way a file is changed
 * (written over, renamed over, its link swapped, on network disks and in containers). A file that is
 * missing, unreadable or empty is one being written: nothing is called. Answers how to stop.
 */
export function watchConfig(file: string, clock: Clock, onChange: (text: string) => void): () => void {
  const watcher = new ConfigWatcher(file, onChange);
  let looking = false;
  const cancel = clock.every(LOOK_EVERY_MS, () => {
    if (looking) return;
    looking = true;
    void watcher.look().finally(() => {
      looking = false;
    });
  });
  return () => {
    cancel();
    watcher.stop();
  };
}

/** What the clock calls: one look at the file, and a call of `onChange` when it has changed and settled. */
export class ConfigWatcher {
  readonly #file: string;
  readonly #onChange: (text: string) => void;
  /** Digest of the content that was told last, or was there at the beginning. */
  #told: string;
  /** How the file looked when its content was last compared with what was told. */
  #compared = '';
  /** How the file looked last time. */
  #seen = '';
  #stopped = false;

  constructor(file: string, onChange: (text: string) => void) {
    this.#file = file;
    this.#onChange = onChange;
    this.#told = digestNow(file);
  }

  /** Nothing is called any more, not even by a look that is under way. */
  stop(): void {
    this.#stopped = true;
  }

  async look(): Promise<void> {
    const mark = await markOf(this.#file);
    const settled = mark === this.#seen;
    this.#seen = mark;
    if (mark === '' || !settled || mark === this.#compared) return;
    const read = await readText(this.#file, LARGEST_BYTES);
    const unchangedMeanwhile = (await markOf(this.#file)) === mark;
    if (this.#stopped || !unchangedMeanwhile || read.fault !== undefined || read.text.trim() === '') return;
    this.#compared = mark;
    const digest = digestOf(read.text);
    if (digest === this.#told) return;
    this.#told = digest;
    this.#onChange(read.text);
  }
}

/** What changes whenever a file is written or replaced: identity, size and both times. Empty when it is not there. */
async function markOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return '';
  }
}

function digestNow(file: string): string {
  try {
    return digestOf(readFileSync(file, 'utf8'));
  } catch {
    return '';
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
