import { expect, it, onTestFinished } from 'vitest';
import { until } from '../support/patience.js';
import { callerOf, Held, queued } from './held.js';
import { startPools } from './pool-world.js';

/** Who is served, in which order, when these keys have their requests waiting at one place. */
async function servedOf(callers: Record<string, { limits: Record<string, unknown>; requests: number }>) {
  const held = await Held.start();
  onTestFinished(() => held.release());
  const world = await startPools([held.replica], { max_in_flight: 1 });
  const filler = await callerOf(world);
  const answers = [filler.ask('runs')];
  await until(10_000, 'the place is taken', async () => (await world.admin.streams()).length === 1);
  for (const [name, { limits, requests }] of Object.entries(callers)) {
    const caller = await callerOf(world, limits);
    for (let nth = 0; nth < requests; nth += 1) answers.push(caller.ask(name));
  }
  await until(20_000, 'all wait', async () => (await queued(world)).length === answers.length - 1);
  for (let turn = 1; turn < answers.length; turn += 1) await held.turn();
  held.release();
  for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
  return held.got.slice(1).join('');
}

it('of two keys that always wait the one made with weight=3 has three turns for each of the other', async () => {
  const served = await servedOf({
    a: { limits: { weight: 3 }, requests: 12 },
    b: { limits: {}, requests: 12 },
  });
  const firstOf = (turns: number): number => served.slice(0, turns).split('a').length - 1;
  for (const turns of [4, 8, 12, 16]) expect(Math.abs(firstOf(turns) - (turns * 3) / 4)).toBeLessThanOrEqual(1);
  expect(served).toHaveLength(24);
});

it('a key made with priority=low has its turn when no other waits, one with priority=high before all others', async () => {
  const served = await servedOf({
    l: { limits: { priority: 'low' }, requests: 3 },
    n: { limits: {}, requests: 3 },
    h: { limits: { priority: 'high' }, requests: 3 },
  });
  expect(served).toBe('hhhnnnlll');
});
