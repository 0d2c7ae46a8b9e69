import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/core/clock.js';
import { createUsagePort } from '../../src/gateway/usage-port.js';
import type { ReplayQuestion, UsagePort } from '../../src/usage/replay-port.js';
import { type AdminWorld, OPERATOR, openAdminWorld } from '../admin/admin-world.js';
import { ledgerRow, writeRows } from './settled-rows.js';

const ROWS = 3000;
const BEGIN_MS = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000;
const QUESTION: ReplayQuestion = {
  limits: { requests_per_day: ROWS },
  per: 'key',
  sinceMs: BEGIN_MS,
  untilMs: BEGIN_MS + 86_400_000,
};

/** Every look at it takes a millisecond. */
function slowClock(): Clock {
  let nowMs = 0;
  return { ...systemClock, monotonic: () => nowMs++ };
}

describe('a replay beside the requests of today', () => {
  let world: AdminWorld;
  let port: UsagePort;

  beforeAll(async () => {
    world = await openAdminWorld();
    const rows = Array.from({ length: ROWS }, (_, at) => ledgerRow(at, { atMs: BEGIN_MS + at }));
    writeRows(world.stores.usage.journal, rows);
    const { stores } = world;
    port = createUsagePort({ ledger: stores.usage.ledger, directory: stores.keys.directory, clock: slowClock() });
  });
  afterAll(() => world.close());

  test('gives everything else its turn every few milliseconds, and tells how far it has come', async () => {
    let turns = 0;
    let goesOn = true;
    const turn = (): void => {
      turns += 1;
      if (goesOn) setImmediate(turn);
    };
    turn();
    const told: number[] = [];
    const outcome = await port.replay(QUESTION, {
      signal: new AbortController().signal,
      progress: ({ rows, share }) => void told.push(rows, share),
    });
    goesOn = false;
    expect([outcome.requests, outcome.refused]).toEqual([ROWS, 0]);
    expect(turns).toBeGreaterThan(ROWS / 4);
    expect(told.filter((_, at) => at % 2 === 0).at(-1)).toBe(ROWS);
    const shares = told.filter((_, at) => at % 2 === 1);
    expect(shares).toEqual(shares.filter((share) => share >= 0 && share <= 1).toSorted((one, other) => one - other));
  });

  test('ends in the middle when nobody waits for it any more, and lets the next one begin', async () => {
    const gone = new AbortController();
    const told: number[] = [];
    const leaving = port.replay(QUESTION, {
      signal: gone.signal,
      progress({ rows }) {
        told.push(rows);
        gone.abort();
      },
    });
    await expect(leaving).rejects.toMatchObject({ code: 'client_gone' });
    expect(told).toHaveLength(1);
    expect(told[0]).toBeLessThan(ROWS);
    const next = await port.replay(QUESTION, { signal: new AbortController().signal, progress: () => undefined });
    expect(next.requests).toBe(ROWS);
  });

  test('a reader of its progress who leaves ends it too', async () => {
    const request = new Request('http://keyporter/admin/v1/usage/replay?follow=1', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ limits: { requests_per_day: 1 } }),
    });
    const ended = new Promise<unknown>((resolve) => {
      const { usage } = world.ports;
      world.ports.usage = {
        usage: usage.usage,
        replay: (question, watch) => {
          const replay = port.replay(question, watch);
          replay.then(resolve, resolve);
          return replay;
        },
      };
    });
    const response = await world.app.fetch(request, OPERATOR);
    await response.body?.cancel();
    expect(await ended).toMatchObject({ code: 'client_gone' });
  });
});
