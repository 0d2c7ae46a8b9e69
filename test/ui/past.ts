import { createHash } from 'node:crypto';
import { loadConfig } from '../../src/config/load.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { openStores, type Stores } from '../../src/gateway/stores.js';
import type { ImportedKey, KeyRecord } from '../../src/keys/key.js';
import type { Settlement } from '../../src/usage/ledger.js';
import { repeatableRandom } from '../support/random.js';

const DAYS = 90;
const DAY_MS = 86_400_000;
const ROWS_A_DAY = 60;
const LOGGED = 300;
const APART_MS = 47_000;
const IMPORTED_AT_ONCE = 1000;
const ACTOR = { id: 'local:root', address: null, requestId: null };

export const MODELS = ['qwen3-32b', 'llama-3.3-70b'] as const;
const OWNERS = ['alice', 'bob', 'carol', 'research', 'support-desk'];
const USES = ['notebook', 'chat-app', 'batch-eval', 'agents', 'ci', 'autocomplete'];

/** The same each time, so that pictures of pages differ only where pages do. */
const random = repeatableRandom(6);

/** A data directory in which people have worked for 90 days, and `more` keys that nobody uses. */
export async function writePast(dataDir: string, more: number): Promise<void> {
  const outcome = await loadConfig({ text: '{}', env: {}, cwd: dataDir });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  const { config } = outcome.loaded;
  const stores = await openStores({ dataDir, create: true, config: () => config, clock: systemClock, log: silentLog });
  try {
    await unusedKeys(stores, more);
    const keys = await peoplesKeys(stores);
    bookDays(stores, keys);
    logRequests(stores, keys);
  } finally {
    await stores.close();
  }
}

async function peoplesKeys({ keys: { life } }: Stores): Promise<KeyRecord[]> {
  const made: KeyRecord[] = [];
  for (const owner of OWNERS)
    for (const use of USES.slice(0, 3 + (made.length % 3))) {
      const limits = use === 'batch-eval' ? { tokens_per_day: 2_000_000, concurrent_requests: 4 } : {};
      const { record } = await life.create({ name: `${owner}-${use}`, owner, scopes: ['infer'], limits }, ACTOR);
      made.push(record);
    }
  const [first, second, third] = made;
  if (first !== undefined) await life.update(first.id, { models: ['qwen3-*'], labels: { team: 'platform' } }, ACTOR);
  if (second !== undefined) await life.setDisabled(second.id, true, ACTOR);
  if (third !== undefined) await life.update(third.id, { expiresAt: inDays(7) }, ACTOR);
  return made;
}

function inDays(days: number): number {
  return Math.floor((systemClock.now() + days * DAY_MS) / 1000);
}

async function unusedKeys({ keys: { life } }: Stores, count: number): Promise<void> {
  for (let from = 0; from < count; from += IMPORTED_AT_ONCE) {
    const size = Math.min(IMPORTED_AT_ONCE, count - from);
    await life.importKeys(
      Array.from({ length: size }, (_, at) => unusedKey(from + at)),
      ACTOR,
    );
  }
}

function unusedKey(number: number): ImportedKey {
  return {
    name: `device-${String(number).padStart(5, '0')}`,
    owner: `site-${number % 40}`,
    scopes: ['infer:chat'],
    models: [],
    labels: {},
    createdAt: inDays(-DAYS),
    expiresAt: null,
    disabled: number % 11 === 0,
    secret: { sha256: createHash('sha256').update(`device ${number}`).digest() },
  };
}

/** More work on later days and less on weekends, as it is. */
function bookDays({ usage: { journal } }: Stores, keys: readonly KeyRecord[]): void {
  const now = systemClock.now();
  for (let day = DAYS - 1; day >= 0; day -= 1) {
    const weekend = [0, 6].includes(new Date(now - day * DAY_MS).getUTCDay());
    const rows = Math.round(((ROWS_A_DAY * (DAYS - day / 2)) / DAYS) * (weekend ? 0.3 : 1));
    for (let at = 0; at < rows; at += 1) {
      const atMs = now - day * DAY_MS - random.below(3_600_000);
      const { id, owner } = random.pick(keys);
      const inputTokens = 400 + random.below(6000);
      const entry = {
        requestId: `req_past_${day}_${at}`,
        atMs,
        callerId: id,
        owner,
        model: random.pick(MODELS),
        path: '/v1/chat/completions',
        streamed: true,
        inputTokens,
        outputTokens: 1024,
      };
      journal.open(entry).settle(settlementOf(inputTokens, at));
    }
  }
}

function settlementOf(inputTokens: number, at: number): Settlement {
  const failed = at % 23 === 0;
  const durationMs = 700 + random.below(14_000);
  return {
    inputTokens,
    outputTokens: failed ? 0 : 60 + random.below(900),
    cachedTokens: Math.floor(inputTokens / 3),
    certainty: at % 9 === 0 ? 'estimated' : 'reported',
    gpuSeconds: durationMs / 1000,
    gpuCertainty: 'estimated',
    status: failed ? 502 : 200,
    code: failed ? 'upstream_error' : null,
    queuedMs: random.below(400),
    firstByteMs: 120 + random.below(800),
    durationMs,
  };
}

function logRequests({ usage: { requests, lastUse } }: Stores, keys: readonly KeyRecord[]): void {
  const now = systemClock.now();
  for (let at = LOGGED; at > 0; at -= 1) {
    const { id, owner } = random.pick(keys);
    const refused = at % 7 === 0;
    lastUse.touch(id, 'current', Math.floor((now - at * APART_MS) / 1000));
    const firstByteMs = refused ? null : 120 + random.below(900);
    requests.record({
      id: `req_logged_${at}`,
      startedAtMs: now - at * APART_MS,
      method: 'POST',
      path: '/v1/chat/completions',
      status: refused ? 429 : 200,
      code: refused ? 'rate_limit_exceeded' : null,
      reason: refused ? `The limit tokens_per_day of key:${id} is used up.` : null,
      keyId: id,
      previousSecret: at % 31 === 0,
      owner,
      address: `10.0.4.${random.below(200)}`,
      model: random.pick(MODELS),
      replica: refused ? null : 'http://10.0.9.4:8000',
      streamed: true,
      firstByteMs,
      durationMs: refused ? 1.4 : (firstByteMs ?? 0) + random.below(12_000),
      bytesIn: 900 + random.below(40_000),
      bytesOut: refused ? 310 : 4_000 + random.below(90_000),
      attempts: refused ? 0 : at % 29 === 0 ? 2 : 1,
      correlationId: at % 5 === 0 ? `batch-${at}` : null,
      userAgent: 'OpenAI/Python 2.8.1',
    });
  }
}
