import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenedKeyStore } from '../../src/storage/key-store.js';
import { repeatableRandom, seedOfThisRun } from '../support/random.js';
import { repeats } from '../support/rounds.js';
import { bundled, startChild } from './child.js';
import { freshDirectory } from './fresh-directory.js';
import { openStore } from './opened.js';

/** What was acknowledged about one key. */
interface Acknowledged {
  secret: string;
  outdated: string[];
  revoked: boolean;
  /** A change was begun; whether it was made is open unless it was acknowledged. */
  open: boolean;
  acts: string[];
}

interface Line {
  did: 'open' | 'plan' | 'create' | 'rotate' | 'revoke';
  id: string;
  secret: string;
}

let program: string;

beforeAll(async () => {
  program = await bundled('journalling-child');
});

afterAll(() => rmSync(program));

/** Runs the child until it has written so many lines, then kills it; answers every line that arrived. */
async function linesUntilKilled(dir: string, lines: number): Promise<Line[]> {
  const child = startChild(program, [dir]);
  const seen: Line[] = [];
  for await (const text of createInterface(child.stdout)) {
    // The last line may be cut by the kill; what is cut was not acknowledged.
    if (text.endsWith('}')) seen.push(JSON.parse(text) as Line);
    if (seen.length === lines) child.kill('SIGKILL');
  }
  return seen;
}

function note(known: Map<string, Acknowledged>, line: Line): void {
  const key = known.get(line.id);
  if (line.did === 'create')
    known.set(line.id, { secret: line.secret, outdated: [], revoked: false, open: false, acts: ['key.create'] });
  if (key === undefined) return;
  key.open = line.did === 'plan';
  if (line.did === 'rotate') Object.assign(key, { secret: line.secret, outdated: [...key.outdated, key.secret] });
  if (line.did === 'revoke') key.revoked = true;
  if (line.did !== 'plan') key.acts.push(`key.${line.did}`);
}

/** What of the acknowledged is not so, in words. */
async function broken(store: OpenedKeyStore, known: Map<string, Acknowledged>): Promise<string[]> {
  const faults: string[] = [];
  for (const [id, key] of known) {
    const found = await store.directory.identify(key.secret);
    if (found === null && !key.open) faults.push(`${id} is lost`);
    if (key.revoked && found?.state !== 'revoked') faults.push(`${id} is revoked no more`);
    if (found?.state === 'revoked' && !key.revoked && !key.open) faults.push(`${id} is revoked without a cause`);
    for (const old of key.outdated)
      if ((await store.directory.identify(old)) !== null) faults.push(`an old secret of ${id} works again`);
  }
  return faults;
}

async function auditedActs(store: OpenedKeyStore): Promise<Map<string, string[]>> {
  const acts = new Map<string, string[]>();
  let after: string | undefined;
  do {
    const page = await store.audit.list({ limit: 1000, ...(after === undefined ? {} : { after }) });
    for (const row of page.data) acts.set(row.target, [...(acts.get(row.target) ?? []), row.action]);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return acts;
}

describe('SIGKILL at any moment', () => {
  it(
    'loses no acknowledged key, undoes no revocation, and leaves an audit row for each act',
    { timeout: 600_000 },
    async () => {
      const seed = seedOfThisRun();
      const random = repeatableRandom(seed);
      const dir = freshDirectory();
      const known = new Map<string, Acknowledged>();
      for (let round = 0; round < repeats(20, 200); round++) {
        const lines = await linesUntilKilled(dir, 1 + random.below(120));
        for (const line of lines) note(known, line);
        const store = await openStore(dir);
        const where = `round ${round}, seed ${seed}`;
        expect(await broken(store, known), where).toEqual([]);
        expect(await store.audit.verify(), where).toMatchObject({ intact: true, brokenAt: null });
        const acts = await auditedActs(store);
        const unaudited = [...known].filter(([id, key]) =>
          key.acts.some((act) => acts.get(`key:${id}`)?.includes(act) !== true),
        );
        expect(
          unaudited.map(([id]) => id),
          where,
        ).toEqual([]);
        await store.close();
      }
      expect(known.size).toBeGreaterThan(0);
    },
  );
});
