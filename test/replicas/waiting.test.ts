import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { until } from '../support/patience.js';
import { json, Replica, startPools, type PoolWorld } from './pool-world.js';

/** Keeps every request until it is let go, oldest first. */
function holding(replica: Replica): { held: ServerResponse[]; letGo(): void } {
  const held: ServerResponse[] = [];
  replica.answer = (response) => void held.push(response);
  return {
    held,
    letGo() {
      const response = held.shift();
      if (response !== undefined) json(response, 200, { id: 'x' });
    },
  };
}

async function phases({ admin }: PoolWorld): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { phase } of await admin.streams()) counts[String(phase)] = (counts[String(phase)] ?? 0) + 1;
  return counts;
}

async function untilQueued(world: PoolWorld, count: number): Promise<void> {
  await until(5000, `${count} requests wait`, async () => ((await phases(world))['queued'] ?? 0) === count);
}

async function untilNothingRuns(world: PoolWorld): Promise<void> {
  await until(5000, 'nothing runs', async () => (await world.admin.streams()).length === 0);
}

describe('requests beyond max_in_flight', () => {
  it('wait, are served in the order in which they came, and never more than that run', async () => {
    const replica = await Replica.start();
    replica.keepBodies = true;
    const { held, letGo } = holding(replica);
    const world = await startPools([replica], { max_in_flight: 2 });
    const answers = [];
    for (let turn = 0; turn < 6; turn += 1) {
      answers.push(world.chat({ user: `turn ${turn}` }));
      await until(5000, 'it arrived', async () => (await world.admin.streams()).length === turn + 1);
    }
    await untilQueued(world, 4);
    for (let turn = 0; turn < 6; turn += 1) {
      await until(5000, 'one is held', async () => (await world.admin.streams()).length > 0 && held.length > 0);
      letGo();
    }
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(replica.bodies.map(({ user }) => user)).toEqual([0, 1, 2, 3, 4, 5].map((turn) => `turn ${turn}`));
    expect(replica.mostRunning).toBe(2);
    await untilNothingRuns(world);
  });

  it('without a number of their own are those beyond the slots that llama.cpp tells', async () => {
    const replica = await Replica.start();
    replica.slots = 3;
    const { held, letGo } = holding(replica);
    const world = await startPools([replica], { engine: 'llama.cpp' });
    await until(
      5000,
      'its slots are known',
      async () => (await world.admin.streams()).length === 0 && replica.asked.includes('/props'),
    );
    const answers = Array.from({ length: 5 }, () => world.chat());
    await untilQueued(world, 2);
    expect(held).toHaveLength(3);
    for (let left = 5; left > 0; left -= 1) {
      await until(5000, 'one is held', async () => (await phases(world))['waiting'] !== undefined && held.length > 0);
      letGo();
    }
    await Promise.all(answers);
    expect(replica.mostRunning).toBe(3);
  });

  it('one more than may wait is refused at once with queue_full and Retry-After; so is one that waited too long', async () => {
    const replica = await Replica.start();
    const { letGo, held } = holding(replica);
    const world = await startPools([replica], { max_in_flight: 1, queue: { max_waiting: 1, max_wait_seconds: 1 } });
    const running = world.chat();
    await until(5000, 'one runs', async () => (await phases(world))['waiting'] === 1);
    const waiting = world.chat();
    await untilQueued(world, 1);
    const refused = await world.chat();
    expect([refused.status, world.codeOf(refused), Number(refused.headers['retry-after']) > 0]).toEqual([
      503,
      'queue_full',
      true,
    ]);
    const late = await waiting;
    expect([late.status, world.codeOf(late), Number(late.headers['retry-after']) > 0]).toEqual([
      503,
      'queue_full',
      true,
    ]);
    expect(late.tookMs).toBeGreaterThan(950);
    expect(held).toHaveLength(1);
    letGo();
    expect((await running).status).toBe(200);
    await untilNothingRuns(world);
  });

  it('a caller that hangs up while it waits leaves at once, and the server hears nothing of it', async () => {
    const replica = await Replica.start();
    const { letGo } = holding(replica);
    const world = await startPools([replica], { max_in_flight: 1 });
    const running = world.chat();
    await until(5000, 'one runs', async () => (await phases(world))['waiting'] === 1);
    const leaving = new AbortController();
    const left = expect(world.chat({}, leaving.signal)).rejects.toThrow();
    await untilQueued(world, 1);
    const staying = world.chat();
    await untilQueued(world, 2);
    leaving.abort();
    await left;
    await untilQueued(world, 1);
    letGo();
    await until(5000, 'the next one runs', async () => (await phases(world))['queued'] === undefined);
    letGo();
    expect((await Promise.all([running, staying])).map(({ status }) => status)).toEqual([200, 200]);
    expect(replica.requests).toBe(2);
    await untilNothingRuns(world);
  });

  it.each([
    [
      'the key is revoked',
      401,
      'invalid_api_key',
      (world: PoolWorld, keyId: string) => world.admin.must('POST', `/keys/${keyId}/revoke`, {}),
    ],
    [
      'the operator ends it',
      503,
      'request_ended',
      async (world: PoolWorld) => {
        const queued = (await world.admin.streams()).find(({ phase }) => phase === 'queued');
        await world.admin.must('DELETE', `/streams/${String(queued?.['id'])}`);
      },
    ],
  ] as const)('one that waits is ended when %s', async (_, status, code, end) => {
    const replica = await Replica.start();
    const { letGo } = holding(replica);
    const world = await startPools([replica], { max_in_flight: 1 });
    const running = world.chat().catch(() => null);
    await until(5000, 'one runs', async () => (await phases(world))['waiting'] === 1);
    const waiting = world.chat();
    await untilQueued(world, 1);
    await end(world, String((await world.admin.streams())[0]?.['key_id']));
    const answer = await waiting;
    expect([answer.status, world.codeOf(answer)]).toEqual([status, code]);
    letGo();
    await running;
    await untilNothingRuns(world);
    expect(replica.requests).toBe(1);
  });

  it('those that wait are refused when the last replica goes away, and the count of it is back at zero', async () => {
    const replica = await Replica.start();
    holding(replica);
    const world = await startPools([replica], { max_in_flight: 1 });
    const running = world.chat();
    await until(5000, 'one runs', async () => (await phases(world))['waiting'] === 1);
    const waiting = Array.from({ length: 3 }, () => world.chat());
    await untilQueued(world, 3);
    await replica.goAway();
    expect((await running).status).toBe(502);
    for (const answer of await Promise.all(waiting))
      expect([answer.status, world.codeOf(answer)]).toEqual([503, 'no_available_replica']);
    await untilNothingRuns(world);
    replica.answer = null;
    await replica.comeBack();
    await until(5000, 'it serves again', async () => (await world.chat()).status === 200);
  });
});
