import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { until } from '../support/patience.js';
import { repeatableRandom, seedOfThisRun } from '../support/random.js';
import { repeats } from '../support/rounds.js';
import { json, Replica, startPools } from './pool-world.js';

const ANSWERS: readonly ((response: ServerResponse) => void)[] = [
  (response) => json(response, 200, { id: 'x' }),
  (response) => void setTimeout(() => json(response, 200, { id: 'x' }), 15),
  (response) => json(response, 400, { error: {} }),
  (response) => json(response, 500, { error: {} }),
  (response) => json(response, 429, { error: {} }, { 'retry-after': '1' }),
  (response) => json(response, 503, { error: { message: 'Loading model' } }),
  (response) => void response.socket?.resetAndDestroy(),
  (response) =>
    void response.socket?.end('HTTP/1.1 503 Busy\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{"err'),
  (response) =>
    void response.socket?.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{"id'),
];

it('whatever replicas and callers do, in the end nothing runs, nothing waits and everybody had an answer', async () => {
  const seed = seedOfThisRun();
  const random = repeatableRandom(seed);
  const replicas = await Promise.all(Array.from({ length: 4 }, () => Replica.start()));
  for (const replica of replicas) replica.answer = (response) => random.pick(ANSWERS)(response);
  const world = await startPools(replicas, {
    max_in_flight: 3,
    queue: { max_waiting: 20 },
    balance: 'prefix_affinity',
  });
  let hungUp = 0;
  const one = async (): Promise<void> => {
    const leaving = new AbortController();
    const leaves = random.below(5) === 0;
    if (leaves) setTimeout(() => leaving.abort(), random.below(20));
    const content = `question ${random.below(30)}`;
    const status = await world.chat({ messages: [{ role: 'user', content }] }, leaving.signal).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 0) hungUp += 1;
    else expect([200, 400, 429, 500, 502, 503], `seed ${seed}`).toContain(status);
    // Nobody is cut off who did not leave, except by a replica that cut its answer.
    if (leaves) return;
    expect(status === 0 || status >= 200, `seed ${seed}`).toBe(true);
  };
  const coming = Array.from({ length: 30 }, async () => {
    for (let left = repeats(20, 400); left > 0; left -= 1) await one();
  });
  const going = (async (): Promise<void> => {
    for (let left = repeats(10, 200); left > 0; left -= 1) {
      const replica = random.pick(replicas);
      await replica.goAway();
      await new Promise((resolve) => setTimeout(resolve, random.below(40)));
      await replica.comeBack();
    }
  })();
  await Promise.all([...coming, going]);
  expect(hungUp, `seed ${seed}`).toBeGreaterThan(0);
  await until(5000, `seed ${seed}: nothing runs`, async () => (await world.admin.streams()).length === 0);
  const { data } = (await world.admin.must('GET', '/replicas')) as { data: { in_flight: number; waiting: number }[] };
  expect(
    data.map((state) => [state.in_flight, state.waiting]),
    `seed ${seed}`,
  ).toEqual(replicas.map(() => [0, 0]));
  for (const replica of replicas) replica.answer = null;
  await until(40_000, `seed ${seed}: it serves`, async () => (await world.chat()).status === 200);
}, 120_000);
