import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliWorld } from './cli-world.js';

let world: CliWorld;

beforeAll(async () => {
  world = await CliWorld.make();
  expect((await world.here(['keys', 'create', '--name', 'laptop', '--owner', 'alice'])).code).toBe(0);
});

afterAll(() => world.remove());

const replay = (...words: string[]) =>
  world.here(['usage', 'replay', '--limit', 'requests_per_day=1', ...words, '--json']);

it('options that usage and its replay share count for the replay when they stand behind it', async () => {
  const outcome = await replay('--since', '2026-01-02', '--until', '2026-01-05', '--owner', 'alice');
  expect([outcome.code, outcome.err]).toEqual([0, '']);
  expect(outcome.json()).toMatchObject({ since: 1_767_312_000, until: 1_767_571_200 });
});

it('options that only usage has are refused behind replay, and every option in front of it', async () => {
  expect(await replay('--model', 'qwen3')).toMatchObject({ code: 2, out: '' });
  const early = await world.here(['usage', '--since', '7d', 'replay', '--limit', 'requests_per_day=1']);
  expect([early.code, early.err]).toEqual([2, expect.stringContaining('--since stands before "replay"')]);
});
