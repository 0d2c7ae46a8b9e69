import { afterEach, describe, expect, it } from 'vitest';
import { deferred, until } from '../support/patience.js';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';
import { chat, engineModel, pidIn, pidOf, ready, replicas, replicaThat } from './supervised-world.js';

const LIMIT_MS = 90_000;
let home: GatewayHome;

afterEach(async () => {
  await home.run(['stop']);
  await home.remove();
});

async function startWith(models: Record<string, unknown>): Promise<{ gateway: SpawnedGateway; key: string }> {
  home = await GatewayHome.make({ models });
  const gateway = await home.start();
  const { key } = await gateway.admin.createKey();
  return { gateway, key };
}

interface Streamed {
  pid: number;
  text: string;
  /** The connection broke before the end of the answer. */
  broken: boolean;
}

/** Reads a stream to its end; `begun` is called with the pid of its engine. */
async function stream({
  gateway,
  key,
  begun,
}: {
  gateway: SpawnedGateway;
  key: string;
  begun(pid: number): void;
}): Promise<Streamed> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
  });
  let text = '';
  let broken = false;
  const decoder = new TextDecoder();
  try {
    for await (const piece of response.body ?? []) {
      const first = text === '';
      text += decoder.decode(piece as Uint8Array, { stream: true });
      if (first) begun(pidIn(text));
    }
  } catch {
    broken = true;
  }
  return { pid: pidIn(text), text, broken };
}

describe('supervised processes under load', () => {
  it(
    'of two, one is killed: its streams end honestly, the others do not notice, and it is back by itself',
    { timeout: LIMIT_MS },
    async () => {
      const { gateway, key } = await startWith({ m: await engineModel({ processes: 2 }, '--chunks=60', '--pace=25') });
      const victim = await pidOf(gateway, 'm-0');
      const other = await pidOf(gateway, 'm-1');
      const allBegun = deferred();
      let begun = 0;
      const streams = Array.from({ length: 8 }, () =>
        stream({
          gateway,
          key,
          begun() {
            begun += 1;
            if (begun === 8) allBegun.resolve();
          },
        }),
      );
      await allBegun.promise;
      process.kill(victim, 'SIGKILL');
      const ended = await Promise.all(streams);
      const [cut, whole] = [ended.filter(({ pid }) => pid === victim), ended.filter(({ pid }) => pid === other)];
      expect([cut.length, whole.length]).toEqual([4, 4]);
      for (const { text, broken } of cut) {
        expect(text).toContain('upstream_interrupted');
        expect(text).not.toContain('[DONE]');
        expect(broken).toBe(true);
      }
      for (const { text, broken } of whole) {
        expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
        expect(broken).toBe(false);
      }
      const back = await replicaThat(gateway, 'm-0', (row) => ready(row) && row.process?.pid !== victim);
      expect(back.process?.restarts).toBe(1);
      expect((await chat(gateway, key)).status).toBe(200);
    },
  );

  it('are restarted one after the other without a failed request', { timeout: LIMIT_MS }, async () => {
    const { gateway, key } = await startWith({
      m: await engineModel({ processes: 2 }, '--think=30', '--ready-after=300'),
    });
    const before = [await pidOf(gateway, 'm-0'), await pidOf(gateway, 'm-1')];
    let over = false;
    const statuses: number[] = [];
    const answered = new Set<number>();
    const client = async (): Promise<void> => {
      while (!over) {
        const { status, text } = await chat(gateway, key);
        statuses.push(status);
        answered.add(pidIn(text));
      }
    };
    const clients = [client(), client(), client(), client()];
    const haveAnswered = (pids: readonly number[]): Promise<void> =>
      until(10_000, 'an answer of each', async () => {
        await chat(gateway, key);
        return pids.every((pid) => answered.has(pid));
      });
    await haveAnswered(before);
    expect((await gateway.admin.call('POST', '/replicas/m/restart')).status).toBe(202);
    await replicaThat(gateway, 'm-0', (row) => ready(row) && row.process?.pid !== before[0], 30_000);
    await replicaThat(gateway, 'm-1', (row) => ready(row) && row.process?.pid !== before[1], 30_000);
    await haveAnswered([await pidOf(gateway, 'm-0'), await pidOf(gateway, 'm-1')]);
    over = true;
    await Promise.all(clients);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(statuses.length).toBeGreaterThan(20);
  });

  it(
    'a single process is restarted without a failed request too: what comes meanwhile waits',
    { timeout: LIMIT_MS },
    async () => {
      const { gateway, key } = await startWith({ m: await engineModel({}, '--think=50', '--ready-after=500') });
      const before = await pidOf(gateway, 'm-0');
      const early = [chat(gateway, key), chat(gateway, key)];
      const restarted = home.run(['replicas', 'restart', 'm-0']);
      const clients = Promise.all(
        [1, 2, 3].map(async () => {
          const seen: number[] = [];
          while (!seen.includes(200) || (await replicas(gateway))[0]?.process?.pid === before)
            seen.push((await chat(gateway, key)).status);
          return seen;
        }),
      );
      expect((await restarted).code).toBe(0);
      await replicaThat(gateway, 'm-0', (row) => ready(row) && row.process?.pid !== before, 30_000);
      expect((await Promise.all(early)).map(({ status }) => status)).toEqual([200, 200]);
      expect((await clients).flat().filter((status) => status !== 200)).toEqual([]);
      expect((await chat(gateway, key)).text).toContain(`pid ${await pidOf(gateway, 'm-0')}`);
    },
  );

  it('one that is drained gets nothing until it is resumed', { timeout: LIMIT_MS }, async () => {
    const { gateway, key } = await startWith({ m: await engineModel({ processes: 2 }) });
    const [first, second] = [await pidOf(gateway, 'm-0'), await pidOf(gateway, 'm-1')];
    await home.run(['replicas', 'drain', 'm-0']);
    await replicaThat(gateway, 'm-0', ({ state }) => state === 'draining');
    const during = await Promise.all(Array.from({ length: 6 }, () => chat(gateway, key)));
    expect(during.map(({ text }) => pidIn(text))).toEqual(Array.from({ length: 6 }, () => second));
    await home.run(['replicas', 'resume', 'm-0']);
    await replicaThat(gateway, 'm-0', ready);
    const later = await Promise.all(Array.from({ length: 12 }, () => chat(gateway, key)));
    expect(later.map(({ text }) => pidIn(text))).toContain(first);
  });
});
