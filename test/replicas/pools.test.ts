import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { until } from '../support/patience.js';
import { repeats } from '../support/rounds.js';
import { makeCertificate } from './certificate.js';
import { startTcp } from './fake-engines.js';
import { json, Replica, startPools, startPoolsOf, statesOf, type Answer } from './pool-world.js';

async function several(count: number): Promise<Replica[]> {
  return Promise.all(Array.from({ length: count }, () => Replica.start()));
}

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

describe('several replicas', () => {
  it('two slow requests at one time go to two replicas, always', async () => {
    const replicas = await several(2);
    const world = await startPools(replicas);
    for (const replica of replicas) replica.delayMs = 10;
    for (let round = repeats(50, 1000); round > 0; round -= 1) {
      const answers = await Promise.all([world.chat(), world.chat()]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    }
    expect(replicas.map(({ mostRunning }) => mostRunning)).toEqual([1, 1]);
  });

  it('models that several upstreams list are one model with all of them', async () => {
    const replicas = await Promise.all([Replica.start(['m', 'a']), Replica.start(['m'])]);
    const world = await startPoolsOf({ upstreams: replicas.map(({ url }) => ({ url })) });
    for (let round = 0; round < 10; round += 1) expect((await world.chat()).status).toBe(200);
    expect(replicas.map(({ requests }) => requests)).toEqual([5, 5]);
  });

  it('each gets its own key', async () => {
    const replicas = await several(2);
    const keys: (string | undefined)[] = [];
    for (const [at, replica] of replicas.entries()) {
      replica.answer = (response, incoming) => {
        keys[at] = incoming.headers.authorization;
        json(response, 200, {});
      };
    }
    const world = await startPools(replicas.map(({ url }, at) => ({ url, api_key: `key-${at}` })));
    await Promise.all([world.chat(), world.chat()]);
    expect(keys).toEqual(['Bearer key-0', 'Bearer key-1']);
  });

  it('a replica that refuses connections costs nobody a request: another one answers, and it is not asked again at once', async () => {
    const replicas = await several(2);
    const world = await startPools(replicas);
    await replicas[0]?.goAway();
    const answers = await Promise.all(Array.from({ length: 8 }, () => world.chat()));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    const { data } = await world.admin.must('GET', '/requests?limit=100');
    const attempts = (data as { attempts: number }[]).map((row) => row.attempts);
    expect(Math.max(...attempts)).toBe(2);
  });

  it('a request that a replica may have begun is not sent again', async () => {
    const replicas = await several(2);
    const world = await startPools(replicas);
    for (const replica of replicas) replica.answer = (response) => void response.socket?.resetAndDestroy();
    const answer = await world.chat();
    expect([answer.status, world.codeOf(answer)]).toEqual([502, 'upstream_error']);
    expect(replicas.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
  });
});

describe('answers that refuse for now', () => {
  it.each([
    ['429 with Retry-After', 429, { error: {} }, { 'retry-after': '7' }],
    ['503 with Retry-After', 503, { error: {} }, { 'retry-after': '7' }],
    [
      '503 of an engine that loads',
      503,
      { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } },
      {},
    ],
  ])('%s: another replica that is idle answers', async (_, status, body, headers) => {
    const [busy, idle] = (await several(2)) as [Replica, Replica];
    const world = await startPools([busy, idle]);
    busy.answer = (response) => json(response, status, body, headers as Record<string, string>);
    const answers: Answer[] = [];
    for (let round = 0; round < 4; round += 1) answers.push(await world.chat());
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    expect(busy.requests).toBeGreaterThan(0);
  });

  it('a replica that asks to come again later is left alone while others have room, however many requests come', async () => {
    const [busy, idle] = (await several(2)) as [Replica, Replica];
    const world = await startPools([busy, idle]);
    busy.answer = (response) => json(response, 429, { error: {} }, { 'retry-after': '7' });
    for (let round = 0; round < 40; round += 1) expect((await world.chat()).status).toBe(200);
    expect(idle.requests).toBe(40);
  });

  it('without another one the answer is passed on as it is', async () => {
    const replica = await Replica.start();
    const world = await startPools([replica]);
    replica.answer = (response) => json(response, 429, { error: { message: 'slow down' } }, { 'retry-after': '7' });
    const answer = await world.chat();
    expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
      429,
      '7',
      { error: { message: 'slow down' } },
    ]);
  });

  it('a 500 and a 4xx are passed on and count against nobody', async () => {
    const replica = await Replica.start();
    const world = await startPools([replica]);
    for (const status of [400, 404, 422, 429, 500]) {
      replica.answer = (response) => json(response, status, { error: {} });
      for (let round = 0; round < 5; round += 1) expect((await world.chat()).status).toBe(status);
    }
    replica.answer = null;
    expect((await world.chat()).status).toBe(200);
  });
});

describe('replicas that come and go', () => {
  it('all down: 503 with Retry-After within 10 ms; one returns: served within the interval of its probe and a second', async () => {
    const replicas = await several(3);
    const world = await startPools(replicas, { readiness_probe: { interval_seconds: 1 } });
    expect((await world.chat()).status).toBe(200);
    await Promise.all(replicas.map((replica) => replica.goAway()));
    await until(5000, 'every replica is down', async () =>
      Object.values(await statesOf(world)).every(({ state }) => state === 'down'),
    );
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const answer = await world.chat();
      expect([answer.status, world.codeOf(answer), Number(answer.headers['retry-after']) > 0]).toEqual([
        503,
        'no_available_replica',
        true,
      ]);
      took.push(answer.tookMs);
    }
    // The median: one core more or less of this machine is not what is measured.
    expect(took.toSorted((a, b) => a - b)[10]).toBeLessThan(10);
    await replicas[1]?.comeBack();
    const backAt = performance.now();
    await until(2000, 'the one that is back answers', async () => (await world.chat()).status === 200);
    expect(performance.now() - backAt).toBeLessThan(2000);
  });

  it('half of four replicas flap: nearly every request is answered, with few more attempts, evenly', async () => {
    const durationMs = repeats(6, 60) * 1000;
    const replicas = await several(4);
    const flapping = replicas.slice(0, 2);
    for (const replica of replicas) replica.delayMs = 5;
    const world = await startPools(replicas);
    let running = true;
    const flaps = flapping.map(async (replica, at) => {
      await pause(at * 700);
      while (running) {
        await pause(2000);
        await replica.goAway();
        await pause(2000);
        await replica.comeBack();
      }
    });
    const answers: Promise<number>[] = [];
    const startedAt = performance.now();
    for (let sent = 0; sent * 10 < durationMs; sent += 1) {
      const wait = startedAt + sent * 10 - performance.now();
      if (wait > 0) await pause(wait);
      answers.push(
        world.chat().then(
          ({ status }) => status,
          () => 0,
        ),
      );
    }
    const statuses = await Promise.all(answers);
    running = false;
    await Promise.all(flaps);
    const failed = statuses.filter((status) => status !== 200).length;
    expect(failed).toBeLessThanOrEqual(Math.max(3, statuses.length * 0.005));
    const { data } = await world.admin.must('GET', '/requests?limit=1000');
    const attempts = (data as { attempts: number }[]).map((row) => row.attempts);
    expect(attempts.reduce((sum, more) => sum + more, 0) / attempts.length).toBeLessThanOrEqual(1.2);
    const most = Math.max(...replicas.map(({ requests }) => requests));
    expect(most / statuses.length).toBeLessThanOrEqual(0.52);
    // Twice the fair share of four is half; a twentieth more for requests that fall on the edge of the five seconds.
    expect(largestShare(replicas, 5000)).toBeLessThanOrEqual(0.55);
  }, 120_000);

  it.each([
    ['garbage', 'not HTTP', () => startTcp((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))],
    ['nothing at all', 'close', () => startTcp((socket) => socket.destroy())],
  ])(
    'a replica that speaks %s is shown as down with what to do, and the others answer',
    async (_what, _kind, start) => {
      const odd = await start();
      const good = await Replica.start();
      const world = await startPools([{ url: odd.url }, good]);
      await until(5000, 'the odd one is known', async () => (await statesOf(world))[odd.url]?.state === 'down');
      expect((await statesOf(world))[odd.url]?.detail).toMatch(/if it uses TLS, write https in its URL/);
      for (let round = 0; round < 4; round += 1) expect((await world.chat()).status).toBe(200);
      expect(good.requests).toBe(4);
    },
  );
});

it('a server that is not there, one that says nothing and one without a name are shown as down, each with what to do', async () => {
  const silent = await startTcp(() => {});
  const gone = await startTcp(() => {});
  await gone.stop();
  const cures: Record<string, RegExp> = {
    [gone.url]: /^refuses connections: nothing listens there; start it, or correct its address/,
    [silent.url]:
      /^does not answer within 1 s; look at its load and its log, or raise `readiness_probe.timeout_seconds`$/,
    'http://no-such-host.invalid:81': /^has a host name that .*; correct the name/,
  };
  const probe = { interval_seconds: 1, timeout_seconds: 1, startup_grace_seconds: 1 };
  const world = await startPools(
    Object.keys(cures).map((url) => ({ url })),
    { readiness_probe: probe },
  );
  await until(10_000, 'all are known', async () =>
    Object.values(await statesOf(world)).every(({ state }) => state === 'down'),
  );
  const states = await statesOf(world);
  for (const [url, cure] of Object.entries(cures)) expect(states[url]?.detail).toMatch(cure);
});

it('a TLS port under http and a plain port under https are shown as down, each with its cure', async () => {
  const secure = createTlsServer(makeCertificate('localhost', 2), (_, response) => response.end()).listen(
    0,
    '127.0.0.1',
  );
  await once(secure, 'listening');
  onTestFinished(() => void secure.close());
  const plain = await Replica.start();
  const places = [`http://127.0.0.1:${(secure.address() as AddressInfo).port}`, `https://127.0.0.1:${plain.port}`];
  const world = await startPools(places.map((url) => ({ url })));
  await until(5000, 'both are known', async () =>
    Object.values(await statesOf(world)).every(({ state }) => state === 'down'),
  );
  const details = await statesOf(world);
  expect(details[places[0] ?? '']?.detail).toMatch(/if it uses TLS, write https in its URL$/);
  expect(details[places[1] ?? '']?.detail).toBe('does not speak TLS; write http in its URL');
});

describe('readiness probes of the operator', () => {
  it('nothing is sent before the answer is exactly 200, then everything; the question carries the key of the replica', async () => {
    const replica = await Replica.start();
    const questions: unknown[] = [];
    let status = 204;
    replica.probed = (response, incoming) => {
      if (incoming.url !== '/ready') return false;
      questions.push([incoming.headers.authorization, incoming.headers['x-probe']]);
      response.writeHead(status).end();
      return true;
    };
    const probe = { path: '/ready', headers: { 'x-probe': 'yes' }, interval_seconds: 1 };
    const world = await startPools([{ url: replica.url, api_key: 'own-key' }], { readiness_probe: probe });
    await until(5000, 'it was asked', async () => (await statesOf(world))[replica.url]?.state === 'down');
    expect((await statesOf(world))[replica.url]?.detail).toBe(
      'answers its readiness probe at /ready with status 204, not 200; look at its log, or correct `readiness_probe.path`',
    );
    expect((await world.chat()).status).toBe(503);
    status = 200;
    await until(5000, 'it is ready', async () => (await world.chat()).status === 200);
    expect(questions[0]).toEqual(['Bearer own-key', 'yes']);
    expect(replica.requests).toBe(1);
  });
});

describe('names', () => {
  it('every address of a name is a replica; one that does not resolve is shown as down', async () => {
    const replica = await Replica.start();
    const world = await startPools([
      { dns: 'localhost', port: replica.port },
      { dns: 'no-such-host.invalid', port: 80 },
    ]);
    expect((await world.chat()).status).toBe(200);
    await until(
      10_000,
      'the other name is known',
      async () => (await statesOf(world))['http://no-such-host.invalid:80'] !== undefined,
    );
    await until(
      10_000,
      'it was asked',
      async () => (await statesOf(world))['http://no-such-host.invalid:80']?.state === 'down',
    );
    expect((await statesOf(world))['http://no-such-host.invalid:80']?.detail).toMatch(
      /host name that .*; correct the name/,
    );
    expect(Object.keys(await statesOf(world))).toContain(`http://127.0.0.1:${replica.port}`);
  });
});

/** The largest part of all requests that one replica got in any stretch of so many milliseconds. */
function largestShare(replicas: readonly Replica[], stretchMs: number): number {
  const all = replicas
    .flatMap(({ arrivals }, replica) => arrivals.map((at) => ({ at, replica })))
    .toSorted((a, b) => a.at - b.at);
  const counts = replicas.map(() => 0);
  let from = 0;
  let largest = 0;
  for (const [to, { at, replica }] of all.entries()) {
    counts[replica] = (counts[replica] ?? 0) + 1;
    let first = all[from];
    while (first !== undefined && first.at <= at - stretchMs) {
      counts[first.replica] = (counts[first.replica] ?? 0) - 1;
      from += 1;
      first = all[from];
    }
    if (from > 0) largest = Math.max(largest, Math.max(...counts) / (to - from + 1));
  }
  return largest;
}
