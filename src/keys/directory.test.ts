import { randomBytes, scryptSync } from 'node:crypto';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../core/clock.js';
import { buffersOf, createDirectory, packKeys, type LiveDirectory, type PackedKeys } from './directory.js';
import { makeKey } from './format.js';
import { createSlowHasher, digestOf } from './hash.js';
import type { KeyPolicy, KeyState, KnownKey } from './key.js';
import type { PackRow } from './packed.js';

const NOW = 1_800_000_000;
const anyone: KeyPolicy = { owner: null, scopes: ['infer'], models: [], allowIps: [], limits: {}, attributes: {} };

function clockAt(seconds: () => number): Clock {
  return { ...systemClock, now: () => seconds() * 1000 };
}

function rowOf(secret: string, more: Partial<PackRow> & { id: string }): PackRow {
  const digest = digestOf(secret);
  const always = {
    policy: anyone,
    state: 'active',
    expiresAt: null,
    parentId: null,
    digest,
    verifier: 'sha256',
    imported: false,
  } as const;
  return { ...always, previousDigest: null, previousExpiresAt: null, ...more };
}

function directoryOf(rows: PackRow[], seconds: () => number = () => NOW): LiveDirectory {
  return createDirectory(packKeys(rows, [], 1), clockAt(seconds));
}

/** The same id with another secret under a right checksum. */
function forged(id: string): string {
  return makeKey(id).secret.reveal();
}

describe('identifying', () => {
  test('finds its own keys at once, in every spelling, and answers no promise', () => {
    const { id, secret } = makeKey();
    const directory = directoryOf([rowOf(secret.reveal(), { id })]);
    const known = {
      id,
      policy: anyone,
      state: 'active',
      expiresAt: null,
      ancestorsAlive: true,
      ownerDisabled: false,
      lineage: [],
      secretSlot: 'current',
      secretExpiresAt: null,
    };
    for (const text of [secret.reveal(), secret.reveal().replaceAll('_', ''), `sk-${secret.reveal()}`]) {
      expect(directory.identify(text)).toEqual(known);
    }
    expect(directory.byId(id)).toEqual(known);
  });

  test('a wrong secret under a right checksum, an unknown id and a mistyped key are nobody', () => {
    const { id, secret } = makeKey();
    const directory = directoryOf([rowOf(secret.reveal(), { id })]);
    const text = secret.reveal();
    for (const wrong of [forged(id), makeKey().secret.reveal(), text.slice(0, -1), `${text}0`])
      expect(directory.identify(wrong)).toBeNull();
  });

  test('disabled, revoked and expired keys are found, with their state, for the caller to judge', () => {
    for (const state of ['disabled', 'revoked'] as const) {
      const { id, secret } = makeKey();
      const directory = directoryOf([rowOf(secret.reveal(), { id, state, expiresAt: NOW - 1 })]);
      expect(directory.identify(secret.reveal())).toMatchObject({ id, state, expiresAt: NOW - 1 });
    }
  });

  test('whatever the text, it is answered without an error', () => {
    const strange = [
      '',
      '\0',
      '\ud800',
      'kp_\udfff',
      '\u{1f600}',
      "' OR 1=1--",
      'kp_'.padEnd(10_240, 'x'),
      'x'.repeat(10_240),
    ];
    const imported = directoryOf([rowOf('an-imported-secret-of-another-system', { id: makeKey().id, imported: true })]);
    for (const directory of [directoryOf([]), imported]) {
      for (const text of strange) expect(directory.identify(text)).toBeNull();
      const isNobody = (text: string): boolean => directory.identify(text) === null;
      fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), isNobody));
    }
  });
});

describe('rotation', () => {
  test('the previous secret works until its end, exclusive, and tells that it is the previous one', () => {
    const old = makeKey();
    let seconds = NOW;
    const oldText = old.secret.reveal();
    const newText = forged(old.id);
    const row = rowOf(newText, { id: old.id, previousDigest: digestOf(oldText), previousExpiresAt: NOW + 10 });
    const directory = directoryOf([row], () => seconds);
    expect(directory.identify(newText)).toMatchObject({ secretSlot: 'current', secretExpiresAt: null });
    expect(directory.identify(oldText)).toMatchObject({ secretSlot: 'previous', secretExpiresAt: NOW + 10 });
    seconds = NOW + 10;
    expect(directory.identify(oldText)).toBeNull();
    expect(directory.identify(newText)).toMatchObject({ secretSlot: 'current' });
  });
});

describe('derived keys', () => {
  const chain = Array.from({ length: 10 }, () => makeKey());
  const rows = chain.map((key, at) =>
    rowOf(key.secret.reveal(), { id: key.id, parentId: chain[at - 1]?.id ?? null, expiresAt: NOW + 100 - at }),
  );
  const idAt = (at: number): string => chain[at]?.id ?? '';

  test('know their ancestors, nearest first, and expire with the earliest of them', () => {
    const known = directoryOf([...rows].reverse()).byId(idAt(3));
    expect(known).toMatchObject({ lineage: [idAt(2), idAt(1), idAt(0)], expiresAt: NOW + 97, ancestorsAlive: true });
    const early = rows.map((row, at) => (at === 0 ? { ...row, expiresAt: NOW + 5 } : row));
    expect(directoryOf(early).byId(idAt(3))).toMatchObject({ expiresAt: NOW + 5, ancestorsAlive: true });
  });

  test('are dead when an ancestor is disabled, revoked, expired, missing or more than eight steps away', () => {
    for (const dead of [{ state: 'disabled' }, { state: 'revoked' }, { expiresAt: NOW }] as Partial<PackRow>[]) {
      const changed = rows.map((row, at) => (at === 1 ? { ...row, ...dead } : row));
      expect(directoryOf(changed).byId(idAt(3))).toMatchObject({ ancestorsAlive: false, state: 'active' });
    }
    expect(directoryOf(rows.slice(1)).byId(idAt(3))).toMatchObject({ ancestorsAlive: false });
    expect(directoryOf(rows).byId(idAt(8))?.ancestorsAlive).toBe(true);
    expect(directoryOf(rows).byId(idAt(9))?.ancestorsAlive).toBe(false);
  });

  test('that name each other as parents are dead and end nothing', () => {
    const [first, second] = [rows[0], rows[1]];
    if (first === undefined || second === undefined) throw new Error('unreachable');
    const directory = directoryOf([
      { ...first, parentId: second.id },
      { ...second, parentId: first.id },
      { ...first, id: idAt(5), parentId: idAt(5) },
    ]);
    for (const id of [first.id, second.id, idAt(5)]) expect(directory.byId(id)?.ancestorsAlive).toBe(false);
  });

  test('are switched off with the owner of an ancestor', () => {
    const owned = rows.map((row, at) => (at === 0 ? { ...row, policy: { ...anyone, owner: 'alice' } } : row));
    const directory = directoryOf(owned);
    directory.setOwner({ name: 'alice', disabled: true, limits: {} }, 2);
    expect(directory.byId(idAt(3))?.ownerDisabled).toBe(true);
    directory.setOwner({ name: 'alice', disabled: false, limits: {} }, 1);
    expect(directory.byId(idAt(3))?.ownerDisabled).toBe(true);
    directory.setOwner({ name: 'alice', disabled: false, limits: {} }, 3);
    expect(directory.byId(idAt(3))?.ownerDisabled).toBe(false);
  });
});

describe('imported keys', () => {
  const strong = 'Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA';

  test('strong ones are found by digest at once, also after many changes, and stay apart from look-alikes', () => {
    const [id, other] = [makeKey().id, makeKey().id];
    const directory = directoryOf([
      rowOf(strong, { id, imported: true }),
      rowOf(`${strong}x`, { id: other, imported: true }),
    ]);
    for (let revision = 2; revision < 200; revision++)
      directory.apply(rowOf(strong, { id, imported: true, state: revision % 2 ? 'active' : 'disabled' }), revision);
    expect(directory.identify(strong)).toMatchObject({ id, state: 'active' });
    expect(directory.identify(`${strong}x`)).toMatchObject({ id: other });
    directory.apply(
      rowOf('replaced-secret-of-some-length', {
        id,
        imported: true,
        previousDigest: digestOf(strong),
        previousExpiresAt: NOW + 1,
      }),
      200,
    );
    expect(directory.identify(strong)).toMatchObject({ id, secretSlot: 'previous' });
    directory.apply(rowOf('replaced-secret-of-some-length', { id, imported: true }), 201);
    expect(directory.identify(strong)).toBeNull();
  });

  test('weak ones are found through a promise, and nobody pays for the slow hash when there are none', async () => {
    const salt = randomBytes(16);
    const id = makeKey().id;
    const row = rowOf('', { id, imported: true, verifier: 'scrypt', digest: scryptSync('hunter2', salt, 32) });
    const clock = clockAt(() => NOW);
    const directory = createDirectory(packKeys([row], [], 1), clock, createSlowHasher(salt, clock));
    const answer = directory.identify('hunter2');
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toMatchObject({ id, secretSlot: 'current' });
    expect(await directory.identify('hunter3')).toBeNull();
    directory.remove(id);
    expect(directory.identify('hunter2')).toBeNull();
  });
});

describe('memory', () => {
  test('equal policies are one frozen object, and a change of one key leaves the others alone', () => {
    const [first, second] = [makeKey(), makeKey()];
    const limits = { tokens_per_day: 5 };
    const policy = { ...anyone, owner: 'bob', limits };
    const directory = directoryOf(
      [first, second].map((key) => rowOf(key.secret.reveal(), { id: key.id, policy: structuredClone(policy) })),
    );
    const shared = directory.byId(first.id)?.policy;
    expect(directory.byId(second.id)?.policy).toBe(shared);
    expect(Object.isFrozen(shared) && Object.isFrozen(shared?.limits) && Object.isFrozen(shared?.scopes)).toBe(true);
    directory.apply(rowOf(first.secret.reveal(), { id: first.id, policy: { ...policy, scopes: ['admin'] } }), 2);
    expect(directory.byId(second.id)?.policy).toBe(shared);
    expect(directory.byId(first.id)?.policy.scopes).toEqual(['admin']);
  });

  test('travels to another thread without a copy of its tables', () => {
    const keys = Array.from({ length: 1000 }, () => makeKey());
    const packed = packKeys(
      keys.map((key) => rowOf(key.secret.reveal(), { id: key.id })),
      [{ name: 'mallory', disabled: true, limits: { tokens_per_day: 5 } }],
      7,
    );
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(packed, buffersOf(packed));
    expect(packed.table.words.byteLength).toBe(0);
    const received = receiveMessageOnPort(port2) as { message: PackedKeys };
    port1.close();
    const directory = createDirectory(
      received.message,
      clockAt(() => NOW),
    );
    expect([directory.size, directory.revision]).toEqual([1000, 7]);
    expect([directory.isOwnerDisabled('mallory'), directory.ownerLimits('mallory')]).toEqual([
      true,
      { tokens_per_day: 5 },
    ]);
    for (const key of keys) expect(directory.identify(key.secret.reveal())).toMatchObject({ id: key.id });
  });

  test('a row with a broken id or digest is refused and changes nothing', () => {
    const { id, secret } = makeKey();
    const directory = directoryOf([rowOf(secret.reveal(), { id })]);
    expect(() => directory.apply(rowOf('x', { id: 'not an id' }), 2)).toThrow('12 letters');
    expect(() => directory.apply(rowOf('x', { id, digest: new Uint8Array(31) }), 2)).toThrow('32 bytes');
    expect(directory.size).toBe(1);
    expect(directory.identify(secret.reveal())).toMatchObject({ id });
  });
});

/** The plain way to know the same: maps, no packing, no sharing. */
class Model {
  readonly rows = new Map<string, { row: PackRow; revision: number }>();
  readonly removed = new Map<string, number>();
  readonly disabled = new Set<string>();
  revision = 1;

  apply(row: PackRow, revision: number): void {
    const known = this.rows.get(row.id)?.revision ?? this.removed.get(row.id) ?? 1;
    this.revision = Math.max(this.revision, revision);
    if (revision >= known) this.rows.set(row.id, { row, revision });
  }

  remove(id: string): void {
    if (this.rows.delete(id)) this.removed.set(id, this.revision);
  }

  known(id: string, slot: 'current' | 'previous', now: number): KnownKey | null {
    const row = this.rows.get(id)?.row;
    if (row === undefined) return null;
    const lineage: string[] = [];
    for (
      let parent = row.parentId;
      parent !== null && lineage.length < 8;
      parent = this.rows.get(parent)?.row.parentId ?? null
    )
      lineage.push(parent);
    const ancestors = lineage.map((parent) => this.rows.get(parent)?.row);
    const last = ancestors.at(-1);
    const alive = (one: PackRow | undefined): boolean =>
      one?.state === 'active' && (one.expiresAt === null || now < one.expiresAt);
    const isWhole = lineage.length < 8 || last === undefined || last.parentId === null;
    const expiries = [row, ...ancestors].flatMap((one) => one?.expiresAt ?? []);
    return {
      id,
      policy: row.policy,
      state: row.state,
      expiresAt: expiries.length === 0 ? null : Math.min(...expiries),
      ancestorsAlive: isWhole && ancestors.every(alive),
      ownerDisabled: [row, ...ancestors].some((one) => this.disabled.has(one?.policy.owner ?? '')),
      lineage,
      secretSlot: slot,
      secretExpiresAt: slot === 'previous' ? row.previousExpiresAt : null,
    };
  }

  identify(secret: string, now: number): KnownKey | null {
    const digest = Buffer.from(digestOf(secret));
    for (const [id, { row }] of this.rows) {
      if (row.imported === secret.startsWith('kp_')) continue;
      if (digest.equals(row.digest)) return this.known(id, 'current', now);
      const isPrevious = row.previousDigest !== null && digest.equals(row.previousDigest);
      if (isPrevious && now < (row.previousExpiresAt ?? 0)) return this.known(id, 'previous', now);
    }
    return null;
  }
}

const KEYS = Array.from({ length: 8 }, (_, at) => {
  const first = makeKey();
  const own = [first.secret.reveal(), forged(first.id), forged(first.id)];
  return {
    id: first.id,
    secrets: at < 6 ? own : own.map((_, which) => `imported-secret-number-${at}-${which}`),
    imported: at >= 6,
  };
});

const policies = fc.record({
  owner: fc.constantFrom(null, 'alice', 'bob'),
  scopes: fc.constantFrom(['infer'], ['admin'], []),
  models: fc.constantFrom([], ['qwen*']),
  allowIps: fc.constant([]),
  limits: fc.constantFrom({}, { tokens_per_day: 3 }),
  attributes: fc.constantFrom({}, { teams: ['a', 'b'] }),
});
const times = fc.constantFrom(null, NOW - 5, NOW, NOW + 1, NOW + 5, 253_402_300_800);
const which = fc.nat(KEYS.length - 1);

interface Wanted {
  key: number;
  secret: number;
  previous: number | null;
  previousExpiresAt: number | null;
  parent: number | null;
  policy: KeyPolicy;
  state: KeyState;
  expiresAt: number | null;
}

const wantedRows = fc.record<Wanted>({
  key: which,
  secret: fc.nat(2),
  previous: fc.option(fc.nat(2)),
  previousExpiresAt: times,
  parent: fc.option(which),
  policy: policies,
  state: fc.constantFrom('active', 'disabled', 'revoked'),
  expiresAt: times,
});

function packRow(wanted: Wanted): PackRow {
  const key = KEYS[wanted.key] ?? { id: '', secrets: [], imported: false };
  const differs = wanted.previous !== null && wanted.previous !== wanted.secret;
  const previousDigest = differs ? digestOf(key.secrets[wanted.previous ?? 0] ?? '') : null;
  const { policy, state, expiresAt, previousExpiresAt } = wanted;
  const parentId = wanted.parent === null ? null : (KEYS[wanted.parent]?.id ?? null);
  return rowOf(key.secrets[wanted.secret] ?? '', {
    id: key.id,
    policy,
    state,
    expiresAt,
    parentId,
    previousDigest,
    previousExpiresAt,
    imported: key.imported,
  });
}

type Step =
  | { do: 'apply'; row: Wanted; back: number }
  | { do: 'remove'; key: number }
  | { do: 'owner'; owner: string; disabled: boolean }
  | { do: 'wait'; seconds: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('apply' as const),
        row: wantedRows,
        back: fc.constantFrom(-1, -1, -1, 0, 1, 3),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), key: which }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('owner' as const),
        owner: fc.constantFrom('alice', 'bob'),
        disabled: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.nat(3) }) },
  ),
  { minLength: 1, maxLength: 30 },
);

function take(step: Step, model: Model, directory: LiveDirectory): number {
  if (step.do === 'wait') return step.seconds;
  if (step.do === 'remove') {
    model.remove(KEYS[step.key]?.id ?? '');
    directory.remove(KEYS[step.key]?.id ?? '');
  } else if (step.do === 'owner') {
    model.revision += 1;
    if (step.disabled) model.disabled.add(step.owner);
    else model.disabled.delete(step.owner);
    directory.setOwner({ name: step.owner, disabled: step.disabled, limits: {} }, model.revision);
  } else {
    const revision = Math.max(1, model.revision - step.back);
    directory.apply(packRow(step.row), revision);
    model.apply(packRow(step.row), revision);
  }
  return 0;
}

test('after any load and any sequence of changes it answers exactly as a plain map would', () => {
  fc.assert(
    fc.property(fc.uniqueArray(wantedRows, { selector: (row) => row.key, maxLength: 8 }), steps, (loaded, changes) => {
      let now = NOW;
      const model = new Model();
      for (const row of loaded) model.apply(packRow(row), 1);
      const directory = directoryOf(loaded.map(packRow), () => now);
      for (const step of changes) {
        now += take(step, model, directory);
        expect([directory.size, directory.revision]).toEqual([model.rows.size, model.revision]);
        for (const key of KEYS) {
          expect(directory.byId(key.id)).toEqual(model.known(key.id, 'current', now));
          for (const secret of key.secrets) expect(directory.identify(secret)).toEqual(model.identify(secret, now));
        }
      }
    }),
    { numRuns: 300 },
  );
});

describe('an imported secret', () => {
  test('is found whether its digest is a piece of a larger buffer or not', () => {
    const secret = 'a-secret-from-elsewhere-0123456789';
    const pool = Buffer.concat([Buffer.alloc(8, 7), digestOf(secret), Buffer.alloc(8, 9)]);
    const { id } = makeKey();
    const directory = directoryOf([rowOf(secret, { id, imported: true, digest: pool.subarray(8, 40) })]);
    expect(directory.identify(secret)).toMatchObject({ id });
  });
});
