import { hash, timingSafeEqual } from 'node:crypto';
import type { AddressRanges } from '../core/address.js';
import type { Caller } from '../core/caller.js';
import type { Cancel, Clock } from '../core/clock.js';
import { Refusal, type StreamEnd } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { callerOfKey, callerOfPlace } from './callers.js';
import { readLocalNetworks, type KeyFile } from './key-file.js';
import { keyFileWarnings } from './key-file-warnings.js';
import { markOf, readKeyFile } from './read-key-file.js';

/** What the configuration says about the key file. */
export interface WatchedKeysSettings {
  /** Absolute path; null = no file. */
  file: string | null;
  /** The file may switch authentication off. */
  allowOpen: boolean;
  /** A proxy of this machine speaks for others, so no loopback address says who calls. */
  loopbackIsProxy: boolean;
}

/** Where somebody calls from, as far as it decides here. */
export interface CallingPlace {
  /** Socket peer. */
  peer: string;
  /** A header claims to speak for another address. */
  forwarded: boolean;
}

/** Who may come in by the watched key file. What it last said soundly holds until it says something else soundly. */
export interface WatchedKeys {
  /** The caller with this key; null when the file does not have it. */
  callerWith(key: string): Caller | null;
  /** The caller who needs no key where he calls from; null when he does. */
  callerAt(place: CallingPlace): Caller | null;
  /** Whether a caller that was let in before still would be. */
  letsIn(callerId: string): boolean;
  /** Sentences about what weakens the listener and what is wrong with the file. */
  warnings(): readonly string[];
  close(): void;
}

const LOOK_EVERY_MS = 250;
const ID_LENGTH = 12;
const NO_RULES: Rules = {
  digests: new Map(),
  local: readLocalNetworks([]).ranges,
  localMeant: [],
  ignored: [],
  requireAuth: true,
};

interface Rules {
  /** Digests of the keys by the beginning of their hex form. */
  digests: ReadonlyMap<string, readonly Buffer[]>;
  local: AddressRanges;
  localMeant: readonly string[];
  ignored: readonly string[];
  requireAuth: boolean;
}

interface Running {
  callerId: string;
  ended(code: StreamEnd, reason: string): void;
}

export interface WatchedKeysParts {
  /** False = no listener asks, and none will before the next start. */
  served: boolean;
  settings(): WatchedKeysSettings;
  clock: Clock;
  log: Log;
}

/** Reads the file and follows it. Rejects when there is none that can be used: nobody is ever let in for want of a file. */
export async function watchKeys(parts: WatchedKeysParts): Promise<WatchedKeys> {
  const { file, loopbackIsProxy } = parts.settings();
  const keys = new FollowedKeys(parts);
  const fault = file === null ? null : await keys.begin(file);
  if (fault !== null) {
    throw notUsable(
      `The key file ${file} of the orchestra listener ${fault}. Make one with \`keyporter compat orchestra generate\`, name another as \`orchestra.keys_file\`, or set that to null for keys of the store only.`,
    );
  }
  if (loopbackIsProxy && keys.local.length > 0) {
    throw notUsable(
      `The key file ${file} has \`local_networks\` while \`trusted_proxies\` holds a loopback address: everyone behind that proxy would need no key. Empty its list (\`local_networks: []\`).`,
    );
  }
  if (parts.served) keys.follow();
  return keys;
}

function notUsable(message: string): Refusal {
  return new Refusal('auth_unavailable', { message });
}

class FollowedKeys implements WatchedKeys {
  readonly #parts: WatchedKeysParts;
  readonly #running = new Set<Running>();
  #rules = NO_RULES;
  /** How the file looked when it was last read, and which file that was. */
  #seen = { file: '', mark: '' };
  #fault: string | null = null;
  #looking = false;
  #stop: Cancel = () => {};

  constructor(parts: WatchedKeysParts) {
    this.#parts = parts;
  }

  get local(): readonly string[] {
    return this.#rules.localMeant;
  }

  callerWith(key: string): Caller | null {
    const { id, digest } = digestOf(key);
    const known = this.#rules.digests.get(id) ?? [];
    if (!known.some((one) => timingSafeEqual(one, digest))) return null;
    return callerOfKey(id, (ended) => this.#watch({ callerId: `orchestra:${id}`, ended }));
  }

  callerAt({ peer, forwarded }: CallingPlace): Caller | null {
    const why = this.#isOpen() ? 'open' : !forwarded && this.#isLocal(peer) ? 'local' : null;
    return why === null
      ? null
      : callerOfPlace(peer, why, (ended) => this.#watch({ callerId: `${why}:${peer}`, ended }));
  }

  letsIn(callerId: string): boolean {
    const at = callerId.indexOf(':');
    const rest = callerId.slice(at + 1);
    const kind = callerId.slice(0, at);
    if (kind === 'orchestra') return this.#rules.digests.has(rest);
    return this.#isOpen() || (kind === 'local' && this.#isLocal(rest));
  }

  warnings(): readonly string[] {
    const { file, allowOpen, loopbackIsProxy } = this.#parts.settings();
    if (file === null) return [];
    const { localMeant: local, ignored, requireAuth } = this.#rules;
    return keyFileWarnings({ file, fault: this.#fault, requireAuth, allowOpen, local, ignored, loopbackIsProxy });
  }

  /** Reads the file for the first time; answers what is wrong with it. */
  async begin(file: string): Promise<string | null> {
    await this.#read(file, await markOf(file));
    return this.#fault;
  }

  follow(): void {
    this.#stop = this.#parts.clock.every(LOOK_EVERY_MS, () => void this.#look());
  }

  close(): void {
    this.#stop();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const { file } = this.#parts.settings();
      if (file === null) return this.#forget();
      const mark = await markOf(file);
      if (file !== this.#seen.file || mark !== this.#seen.mark) await this.#readAgain(file, mark);
      // What the configuration says about the file may have changed too.
      this.#endOthers();
    } finally {
      this.#looking = false;
    }
  }

  async #readAgain(file: string, mark: string): Promise<void> {
    const { log } = this.#parts;
    const before = this.#fault;
    await this.#read(file, mark);
    if (this.#fault === null) log.info({ file, keys: this.#rules.digests.size }, 'The key file was read again.');
    else if (this.#fault !== before)
      log.error({ file }, `The key file ${this.#fault}. What it said before stays in force.`);
    for (const warning of this.#fault === null ? this.warnings() : []) log.warn({ file }, warning);
  }

  async #read(file: string, mark: string): Promise<void> {
    const reading = await readKeyFile(file);
    this.#seen = { file, mark };
    this.#fault = reading.fault ?? null;
    if (reading.fault === undefined) this.#rules = rulesOf(reading.file);
  }

  /** The configuration names no file any more: its keys go. */
  #forget(): void {
    if (this.#seen.file === '') return;
    this.#rules = NO_RULES;
    this.#fault = null;
    this.#seen = { file: '', mark: '' };
    this.#endOthers();
  }

  #isOpen(): boolean {
    return !this.#rules.requireAuth && this.#parts.settings().allowOpen;
  }

  #isLocal(peer: string): boolean {
    return !this.#parts.settings().loopbackIsProxy && this.#rules.local.contains(peer);
  }

  #watch(running: Running): Cancel {
    this.#running.add(running);
    return () => void this.#running.delete(running);
  }

  /** Ends what runs under keys that were taken out of the file, and from places that are not local any more. */
  #endOthers(): void {
    for (const { callerId, ended } of this.#running) {
      if (!this.letsIn(callerId)) ended('key_revoked', 'the key file does not let this caller in any more');
    }
  }
}

function rulesOf(file: KeyFile): Rules {
  const digests = new Map<string, Buffer[]>();
  for (const { id, digest } of file.keys.map(digestOf)) digests.set(id, [...(digests.get(id) ?? []), digest]);
  const { ranges, meant, ignored } = readLocalNetworks(file.localNetworks);
  return { digests, local: ranges, localMeant: meant, ignored, requireAuth: file.requireAuth };
}

interface Digest {
  id: string;
  digest: Buffer;
}

function digestOf(key: string): Digest {
  const digest = hash('sha256', key, 'buffer');
  return { id: digest.toString('hex').slice(0, ID_LENGTH), digest };
}
