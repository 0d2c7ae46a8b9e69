import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLive, type Following } from '../../src/admin/live.js';
import { lacking } from '../../src/access/grant.js';
import { covers, isKnownScope } from '../../src/access/scope.js';
import { silentLog } from '../../src/core/log.js';
import { createRecentRing } from '../../src/usage/recent-ring.js';
import type { RequestRow } from '../../src/usage/request-row.js';
import { handClock } from '../support/hand-clock.js';
import { OPERATOR, openAdminWorld, runningRequest, type AdminWorld } from './admin-world.js';
import { requestRow } from './request-row.js';

let world: AdminWorld;
beforeAll(async () => {
  world = await openAdminWorld();
});
afterAll(() => world.close());

/** Live events over a clock that ticks by hand. */
function hub() {
  const hand = handClock(1_700_000_000_000);
  const ticks = new Set<() => void>();
  const watchers = new Set<(row: RequestRow) => void>();
  const clock = {
    ...hand,
    now: () => hand.wallMs,
    every(_: number, fire: () => void) {
      ticks.add(fire);
      return () => void ticks.delete(fire);
    },
  };
  const recent = createRecentRing(clock);
  const requests = Object.assign(Object.create(world.ports.requests) as typeof world.ports.requests, {
    watch(watcher: (row: RequestRow) => void) {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
  });
  const settings = { clock, log: silentLog, version: '0', covers, isKnownScope, lacking };
  const live = createLive({ ports: { ...world.ports, recent, requests, replicas: null }, settings });
  return {
    ticks,
    watchers,
    recent,
    follow(topics: Following['topics'], caller = OPERATOR) {
      const gone = new AbortController();
      const reader = live.follow({ topics, caller, signal: gone.signal }).body?.getReader();
      return { gone, read: async () => Buffer.from((await reader?.read())?.value ?? []).toString() };
    },
    second() {
      hand.pass(1000);
      for (const tick of ticks) tick();
    },
    ended(row: Partial<RequestRow> = {}) {
      const whole = requestRow({ startedAtMs: hand.wallMs, ...row });
      recent.add(whole, null);
      for (const watcher of watchers) watcher(whole);
    },
  };
}

describe('live events', () => {
  it('tell a topic at most once a second, however much happens', async () => {
    const { follow, second, ended } = hub();
    const { read } = follow(['requests']);
    expect(await read()).toBe('retry: 5000\n\n');
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 20; count += 1) ended();
      second();
      const told = await read();
      expect(told.match(/event: requests/g)).toHaveLength(1);
      expect(JSON.parse(told.slice(told.indexOf('{')))).toMatchObject({ skipped: 0, data: { length: 20 } });
    }
  });

  it('tell the newest hundred requests and count the others', async () => {
    const { follow, second, ended } = hub();
    const { read } = follow(['requests']);
    await read();
    for (let count = 0; count < 250; count += 1) ended({ id: `req_${count}` });
    second();
    const told = await read();
    const { data, skipped } = JSON.parse(told.slice(told.indexOf('{'))) as { data: { id: string }[]; skipped: number };
    expect([data[0]?.id, data.at(-1)?.id, data.length, skipped]).toEqual(['req_150', 'req_249', 100, 150]);
  });

  it('say nothing while nothing changes, but a comment every 15 seconds', async () => {
    const { follow, second } = hub();
    const { read } = follow(['streams', 'requests']);
    await read();
    expect(await read()).toContain('event: streams');
    for (let count = 0; count < 20; count += 1) second();
    expect(await read()).toBe(':\n\n');
    world.running.push(runningRequest('Hx81kTzPq02a'));
    second();
    expect(await read()).toContain('"total":1');
    world.running.splice(0);
  });

  it('are told to a slow reader later, without piling up', async () => {
    const { follow, second, ended } = hub();
    const { read } = follow(['requests']);
    for (let count = 0; count < 50; count += 1) {
      ended();
      second();
    }
    const told: string[] = [];
    for (let count = 0; count < 8; count += 1) told.push(await read());
    ended();
    second();
    told.push(await read());
    const numbers = told.slice(1).map((text) => JSON.parse(text.slice(text.indexOf('{'))) as { data: object[] });
    expect(numbers.reduce((sum, { data }) => sum + data.length, 0)).toBe(51);
    expect(numbers.at(-1)?.data).toHaveLength(51 - 7);
  });

  it('cost nothing when the last reader has left', () => {
    const { follow, ticks, watchers } = hub();
    const [one, other] = [follow(['requests']), follow(['requests'])];
    expect([ticks.size, watchers.size]).toEqual([1, 1]);
    one.gone.abort();
    expect([ticks.size, watchers.size]).toEqual([1, 1]);
    other.gone.abort();
    expect([ticks.size, watchers.size]).toEqual([0, 0]);
  });

  it('are followed by a bounded number of connections', () => {
    const { follow } = hub();
    const all = Array.from({ length: 100 }, () => follow(['streams']));
    expect(() => follow(['streams'])).toThrow(/overloaded/);
    all[0]?.gone.abort();
    expect(() => follow(['streams'])).not.toThrow();
  });

  it('end when the caller may not know any more', async () => {
    const { follow, second, ticks } = hub();
    let holder: 'operator' | null = 'operator';
    const { read } = follow(['streams'], { ...OPERATOR, holdsNow: () => holder });
    await read();
    await read();
    holder = null;
    second();
    expect(await read()).toBe('');
    expect(ticks.size).toBe(0);
  });
});
