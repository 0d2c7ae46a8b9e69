import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyState } from '../../src/keys/key.js';
import type { OpenedKeyStore } from '../../src/storage/key-store.js';
import { repeats } from '../support/rounds.js';
import { freshDirectory } from './fresh-directory.js';
import { OPERATOR, SetClock, openStore } from './opened.js';

/** What a key should be, by the plainest possible rules. */
interface ModelKey {
  id: string;
  state: KeyState;
  parent: ModelKey | null;
  secret: string;
  previous: { secret: string; endsAt: number } | null;
  outdated: string[];
  expiresAt: number | null;
}

interface Model {
  keys: ModelKey[];
}

interface Real {
  store: OpenedKeyStore;
  clock: SetClock;
  dir: string;
}

type Act = (model: Model, real: Real) => Promise<void>;

class Step implements fc.AsyncCommand<Model, Real> {
  readonly #name: string;
  readonly #act: Act;

  constructor(name: string, act: Act) {
    this.#name = name;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.#act(model, real);
    for (const key of model.keys) await compare(key, real);
  }

  toString(): string {
    return this.#name;
  }
}

function chain(key: ModelKey): ModelKey[] {
  return key.parent === null ? [key] : [key, ...chain(key.parent)];
}

function isUsable(key: ModelKey, now: number): boolean {
  return key.state === 'active' && (key.expiresAt === null || now < key.expiresAt);
}

async function compare(key: ModelKey, { store, clock }: Real): Promise<void> {
  const now = clock.seconds;
  const known = await store.directory.identify(key.secret);
  expect(known).toMatchObject({ id: key.id, state: key.state, secretSlot: 'current' });
  expect(known?.ancestorsAlive).toBe(
    chain(key)
      .slice(1)
      .every((above) => isUsable(above, now)),
  );
  for (const old of key.outdated) expect(await store.directory.identify(old)).toBeNull();
  if (key.previous === null) return;
  const shown = await store.directory.identify(key.previous.secret);
  expect(shown?.secretSlot ?? null).toBe(now < key.previous.endsAt ? 'previous' : null);
}

/** True when it was done; a refusal must be one that is meant for callers. */
async function done(act: Promise<unknown>): Promise<boolean> {
  try {
    await act;
    return true;
  } catch (error) {
    expect((error as { code?: string }).code).toMatch(/^(conflict|invalid_value)$/);
    return false;
  }
}

function adopt(
  model: Model,
  made: { record: { id: string; expiresAt: number | null }; secret: { reveal(): string } },
  parent: ModelKey | null,
): void {
  model.keys.push({
    id: made.record.id,
    state: 'active',
    parent,
    secret: made.secret.reveal(),
    previous: null,
    outdated: [],
    expiresAt: made.record.expiresAt,
  });
}

const create =
  (seconds: number | null): Act =>
  async (model, { store, clock }) => {
    const expiresAt = seconds === null ? null : clock.seconds + seconds;
    adopt(model, await store.life.create({ name: 'k', expiresAt }, OPERATOR), null);
  };

/** An act on one of the keys there are, if any. */
const on =
  (pick: number, act: (key: ModelKey, model: Model, real: Real) => Promise<void>): Act =>
  async (model, real) => {
    const key = model.keys[pick % Math.max(1, model.keys.length)];
    if (key !== undefined) await act(key, model, real);
  };

const derive = (pick: number): Act =>
  on(pick, async (key, model, { store, clock }) => {
    const may = chain(key).every((above) => isUsable(above, clock.seconds)) && chain(key).length <= 8;
    const made: Parameters<typeof adopt>[1][] = [];
    const was = await done(store.life.derive(key.id, { name: 'c' }, OPERATOR).then((child) => made.push(child)));
    expect(was).toBe(may);
    for (const child of made) adopt(model, child, key);
  });

const rotate = (pick: number, overlap: number): Act =>
  on(pick, async (key, _model, { store, clock }) => {
    const may =
      key.state !== 'revoked' &&
      chain(key).every((above) => above.expiresAt === null || clock.seconds < above.expiresAt);
    const act = store.life.rotate(key.id, overlap, OPERATOR);
    expect(await done(act)).toBe(may);
    if (!may) return;
    if (key.previous !== null) key.outdated.push(key.previous.secret);
    if (overlap === 0) key.outdated.push(key.secret);
    key.previous = overlap === 0 ? null : { secret: key.secret, endsAt: clock.seconds + overlap };
    key.secret = (await act).secret.reveal();
  });

const setDisabled = (pick: number, disabled: boolean): Act =>
  on(pick, async (key, _model, { store }) => {
    const may = key.state !== 'revoked';
    expect(await done(store.life.setDisabled(key.id, disabled, OPERATOR))).toBe(may);
    if (may) key.state = disabled ? 'disabled' : 'active';
  });

const revoke = (pick: number): Act =>
  on(pick, async (key, model, { store }) => {
    const family = model.keys.filter((other) => chain(other).includes(key));
    const ended = family.filter((other) => other.state !== 'revoked').map((other) => other.id);
    const { revoked } = await store.life.revoke({ ids: [key.id] }, null, OPERATOR);
    expect(revoked.toSorted()).toEqual(ended.toSorted());
    for (const other of family) other.state = 'revoked';
  });

const pass =
  (seconds: number): Act =>
  async (_model, { clock }) => {
    clock.seconds += seconds;
  };

const restart: Act = async (_model, real) => {
  await real.store.close();
  real.store = await openStore(real.dir, { clock: real.clock });
};

const pick = fc.nat({ max: 20 });
const steps = [
  fc.option(fc.integer({ min: 1, max: 100 })).map((seconds) => new Step(`create ${seconds}`, create(seconds))),
  pick.map((key) => new Step(`derive ${key}`, derive(key))),
  fc
    .tuple(pick, fc.constantFrom(0, 10, 100))
    .map(([key, overlap]) => new Step(`rotate ${key} ${overlap}`, rotate(key, overlap))),
  fc.tuple(pick, fc.boolean()).map(([key, off]) => new Step(`disable ${key} ${off}`, setDisabled(key, off))),
  pick.map((key) => new Step(`revoke ${key}`, revoke(key))),
  fc.integer({ min: 1, max: 60 }).map((seconds) => new Step(`pass ${seconds}`, pass(seconds))),
  fc.constant(new Step('restart', restart)),
];

describe('the life of keys', () => {
  it('follows the plain rules through any sequence of acts, restarts included', { timeout: 600_000 }, async () => {
    const sequences = fc.commands(steps, { maxCommands: 30 });
    const property = fc.asyncProperty(sequences, async (commands) => {
      const dir = freshDirectory();
      const clock = new SetClock();
      const real = { store: await openStore(dir, { clock }), clock, dir };
      try {
        await fc.asyncModelRun(() => ({ model: { keys: [] }, real }), commands);
        expect(await real.store.audit.verify()).toMatchObject({ intact: true });
      } finally {
        await real.store.close();
      }
    });
    await fc.assert(property, { numRuns: repeats(15, 500) });
  });
});
