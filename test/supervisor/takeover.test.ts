import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/patience.js';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';
import {
  chat,
  engineModel,
  environmentOf,
  isRunning,
  keeperPid,
  membersOf,
  pidOf,
  ready,
  replicas,
  replicaThat,
} from './supervised-world.js';

const LIMIT_MS = 90_000;
const TAKEOVER_SECONDS = 2;
/** From the end of the gateway to the end of the last engine. */
const GONE_LIMIT_MS = (TAKEOVER_SECONDS + 5) * 1000;
let home: GatewayHome;

afterEach(async () => {
  await home.run(['stop']);
  await home.remove();
});

async function startWith(models: Record<string, unknown>): Promise<SpawnedGateway> {
  home = await GatewayHome.make({ models });
  return home.start();
}

async function pidsOf(gateway: SpawnedGateway, ...ids: string[]): Promise<number[]> {
  return Promise.all(ids.map((id) => pidOf(gateway, id)));
}

async function allGone(pids: readonly number[]): Promise<boolean> {
  const running = await Promise.all(pids.map(isRunning));
  return !running.includes(true);
}

describe('engines and the end of the gateway', () => {
  it(
    'a killed gateway that comes back finds the same processes, and no model is loaded again',
    { timeout: LIMIT_MS },
    async () => {
      const gateway = await startWith({ m: await engineModel({ processes: 2, takeover_seconds: 30 }) });
      const { key } = await gateway.admin.createKey();
      const pids = await pidsOf(gateway, 'm-0', 'm-1');
      await gateway.end('SIGKILL');
      expect(await allGone(pids)).toBe(false);
      const next = await home.start();
      // Taken over before the gateway listens: nobody waits.
      expect((await replicas(next)).map((row) => [row.id, row.process?.pid, row.process?.restarts])).toEqual([
        ['m-0', pids[0], 0],
        ['m-1', pids[1], 0],
      ]);
      expect((await chat(next, key)).status).toBe(200);
    },
  );

  it(
    'a terminated gateway that comes back finds them too, as after a restart by the system',
    { timeout: LIMIT_MS },
    async () => {
      const gateway = await startWith({ m: await engineModel({ takeover_seconds: 30 }) });
      const pids = await pidsOf(gateway, 'm-0');
      await gateway.end('SIGTERM');
      expect(await pidsOf(await home.start(), 'm-0')).toEqual(pids);
    },
  );

  it(
    'a killed gateway that does not come back leaves no process behind, not even one that ignores SIGTERM',
    { timeout: LIMIT_MS },
    async () => {
      const gateway = await startWith({
        m: await engineModel({ takeover_seconds: TAKEOVER_SECONDS }),
        n: await engineModel({ takeover_seconds: TAKEOVER_SECONDS }, '--ignore-sigterm'),
        s: {
          ...(await engineModel({ takeover_seconds: TAKEOVER_SECONDS })),
          shell: true,
          command: `sleep 1000 & ${String((await engineModel())['command'])} & wait # {port}`,
        },
      });
      const leaders = await pidsOf(gateway, 'm-0', 'n-0', 's-0');
      const pids = [...(await membersOf(leaders)), await keeperPid(home)];
      // The shell, its engine and its sleep, besides the other two and the keeper.
      expect(pids.length).toBeGreaterThanOrEqual(6);
      await gateway.end('SIGKILL');
      const begun = performance.now();
      await until(GONE_LIMIT_MS, 'the end of every process', () => allGone(pids));
      expect(performance.now() - begun).toBeGreaterThan((TAKEOVER_SECONDS - 0.2) * 1000);
    },
  );

  it('a gateway that is told to stop ends them at once', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel({ processes: 2, takeover_seconds: 600 }) });
    const pids = [...(await pidsOf(gateway, 'm-0', 'm-1')), await keeperPid(home)];
    await home.run(['stop']);
    expect((await gateway.ended).code).toBe(0);
    expect(await allGone(pids.slice(0, 2))).toBe(true);
    await until(5000, 'the end of the keeper', () => allGone(pids));
  });

  it(
    'takes over what is unchanged, starts what is changed anew, and ends what is not wanted any more',
    { timeout: LIMIT_MS },
    async () => {
      const [same, changed, gone] = [
        await engineModel({ takeover_seconds: 30 }),
        await engineModel({ takeover_seconds: 30 }),
        await engineModel({ takeover_seconds: 30 }),
      ];
      const gateway = await startWith({ same, changed, gone });
      const [first = 0, second = 0, third = 0] = await pidsOf(gateway, 'same-0', 'changed-0', 'gone-0');
      await gateway.end('SIGKILL');
      await home.configure({
        models: {
          same: { ...same, takeover_seconds: 20 },
          changed: { ...changed, env: { FAKE_API_KEY: '{api_key}', NEW: '1' } },
        },
      });
      const next = await home.start();
      expect(await pidOf(next, 'same-0')).toBe(first);
      expect(await pidOf(next, 'changed-0')).not.toBe(second);
      expect(await allGone([second, third])).toBe(true);
      expect((await replicas(next)).map(({ id }) => id)).toEqual(['same-0', 'changed-0']);
    },
  );

  it('a reload does the same while the gateway runs', { timeout: LIMIT_MS }, async () => {
    const [same, changed, gone, fresh] = [
      await engineModel(),
      await engineModel(),
      await engineModel(),
      await engineModel(),
    ];
    const gateway = await startWith({ same, changed, gone });
    const [first, second = 0, third = 0] = await pidsOf(gateway, 'same-0', 'changed-0', 'gone-0');
    await home.configure({
      models: { same, changed: { ...changed, env: { FAKE_API_KEY: '{api_key}', NEW: '1' } }, fresh },
    });
    const row = await replicaThat(gateway, 'changed-0', (one) => ready(one) && one.process?.pid !== second);
    expect((await environmentOf(row.process?.pid)).get('NEW')).toBe('1');
    await pidOf(gateway, 'fresh-0');
    expect(await pidOf(gateway, 'same-0')).toBe(first);
    await until(10_000, 'the end of what was taken out', () => allGone([second, third]));
  });

  it(
    'a killed keeper takes nothing with it for good: what it kept is ended and started anew',
    { timeout: LIMIT_MS },
    async () => {
      const gateway = await startWith({ m: await engineModel() });
      const [pid = 0] = await pidsOf(gateway, 'm-0');
      process.kill(await keeperPid(home), 'SIGKILL');
      await replicaThat(gateway, 'm-0', (row) => ready(row) && row.process?.pid !== pid);
      expect(await allGone([pid])).toBe(true);
      const { key } = await gateway.admin.createKey();
      await until(10_000, 'an answer', async () => (await chat(gateway, key)).status === 200);
    },
  );

  it(
    'what a keeper left that was killed together with its gateway is ended by the next gateway',
    { timeout: LIMIT_MS },
    async () => {
      const gateway = await startWith({ m: await engineModel() });
      const [pid = 0] = await pidsOf(gateway, 'm-0');
      process.kill(await keeperPid(home), 'SIGKILL');
      await gateway.end('SIGKILL');
      const next = await home.start();
      expect(await pidOf(next, 'm-0')).not.toBe(pid);
      expect(await allGone([pid])).toBe(true);
    },
  );
});
