import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../src/core/clock.js';
import { silentLog, type Log } from '../../src/core/log.js';
import { Secret } from '../../src/core/secret.js';
import { startFinder, type Finder, type FinderOptions } from '../../src/replicas/finder.js';
import type { EngineName, Replica } from '../../src/replicas/model.js';
import type { Probe } from '../../src/replicas/probe.js';
import { KEEP_OFFERED_MS } from '../../src/replicas/watch.js';
import { createProbe } from '../../src/upstream/probe.js';
import { within } from '../support/patience.js';
import {
  list,
  llamaCpp,
  llamaStack,
  lmStudio,
  ollama,
  sglang,
  startEngine,
  startHttp,
  startTcp,
  vllm,
  type Fake,
} from './fake-engines.js';

function server(url: string, apiKey: string | null = null, engine: EngineName = 'unknown'): Replica {
  return { url, apiKey: apiKey === null ? null : new Secret(apiKey), engine, caFile: null, weight: 1 };
}

/** Time that goes on only when told to. `tick` fires what repeats. */
function handClock(): Clock & { skip(byMs: number): void; tick(): void } {
  let now = 1_000_000;
  const repeating = new Set<() => void>();
  return {
    now: () => now,
    monotonic: () => now,
    after: systemClock.after,
    every(_, fire) {
      repeating.add(fire);
      return () => repeating.delete(fire);
    },
    skip(byMs) {
      now += byMs;
    },
    tick() {
      for (const fire of repeating) fire();
    },
  };
}

function recordingLog(): Log & { sentences: string[] } {
  const sentences: string[] = [];
  const say = (_: object, sentence: string): void => void sentences.push(sentence);
  return { debug: say, info: say, warn: say, error: say, sentences };
}

/** The real probe with less patience, so that servers that say nothing cost little time here. */
function hastyProbe(): Probe {
  const probe = createProbe();
  return { ...probe, get: (url, request) => probe.get(url, { ...request, timeoutMs: 400 }) };
}

function start(options: Partial<FinderOptions>): Finder {
  const finder = startFinder({
    upstreams: [],
    autodetect: false,
    probe: createProbe(),
    clock: handClock(),
    log: silentLog,
    ownPorts: () => [],
    usualPorts: [],
    ...options,
  });
  onTestFinished(() => finder.close());
  return finder;
}

async function stateOf(upstream: Replica, options: Partial<FinderOptions> = {}) {
  const finder = start({ upstreams: [upstream], ...options });
  await finder.settled;
  return finder.states()[0];
}

describe('a named server', () => {
  it.each<[EngineName, () => Promise<Fake>, string]>([
    ['llama.cpp', llamaCpp, 'gemma-3-4b.gguf'],
    ['llama.cpp', () => llamaCpp({ headers: {} }), 'gemma-3-4b.gguf'],
    ['vllm', vllm, 'Qwen/Qwen3-8B'],
    ['vllm', () => startEngine({ '/v1/models': list('me', 'm'), '/version': { version: '0.11.0' } }), 'm'],
    ['sglang', sglang, 'Qwen/Qwen3-8B'],
    ['sglang', () => startEngine({ '/v1/models': list('me', 'm'), '/server_info': { model_path: 'm' } }), 'm'],
    ['ollama', ollama, 'llama3.2:latest'],
    [
      'ollama',
      () => startEngine({ '/api/tags': { models: [{ name: 'old' }] }, '/api/version': { version: '0.1.0' } }),
      'old',
    ],
    ['lmstudio', lmStudio, 'qwen3-8b'],
    ['llama-stack', llamaStack, 'ollama/llama3.2'],
    ['openai', () => startEngine({ '/v1/models': list('someone', 'm') }), 'm'],
  ])('is recognised as %s', async (engine, engineStart, model) => {
    const fake = await engineStart();
    expect(await stateOf(server(fake.url))).toMatchObject({
      url: fake.url,
      state: 'up',
      engine,
      models: [model],
      detail: null,
      answersWithoutKey: true,
    });
  });

  it('that is what the configuration says is not asked what it is', async () => {
    const fake = await vllm();
    expect(await stateOf(server(fake.url, null, 'sglang'))).toMatchObject({ engine: 'sglang' });
    expect(fake.seen.map(({ path }) => path)).not.toContain('/version');
  });

  it('gets its own key and nothing else', async () => {
    const fake = await vllm({ key: 'own-key' });
    expect(await stateOf(server(fake.url, 'own-key'))).toMatchObject({
      state: 'up',
      models: ['Qwen/Qwen3-8B'],
      answersWithoutKey: false,
    });
    expect(new Set(fake.seen.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer own-key', undefined]),
    );
  });

  it('without the key it needs is up, with the cure', async () => {
    const fake = await vllm({ key: 'own-key' });
    expect(await stateOf(server(fake.url))).toMatchObject({
      state: 'up',
      engine: 'vllm',
      models: [],
      answersWithoutKey: false,
      detail: 'wants a key: set `api_key` of this upstream',
    });
    expect(await stateOf(server(fake.url, 'wrong'))).toMatchObject({
      detail: 'refuses the key it was given: correct `api_key` of this upstream',
    });
  });

  it('that shows its list to everyone and guards the rest does not count as open', async () => {
    const fake = await llamaCpp({ key: 'own-key' });
    expect(await stateOf(server(fake.url))).toMatchObject({
      state: 'up',
      models: ['gemma-3-4b.gguf'],
      answersWithoutKey: false,
    });
  });

  it('that is still loading is down and says so', async () => {
    const fake = await startHttp((_, response) =>
      response
        .writeHead(503)
        .end(JSON.stringify({ error: { code: 503, message: 'Loading model', type: 'unavailable_error' } })),
    );
    expect(await stateOf(server(fake.url))).toMatchObject({
      state: 'down',
      engine: 'llama.cpp',
      detail: 'is loading its model',
    });
  });

  it.each<[string, () => Promise<Fake>, RegExp]>([
    [
      'HTML',
      () =>
        startHttp((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'.repeat(1000))),
      /base URL of the model server, without \/v1/,
    ],
    ['a list of the wrong type', () => startEngine({ '/v1/models': { data: 'none' } }), /with something else/],
    [
      'a list larger than any',
      () => startHttp((_, response) => response.end(JSON.stringify({ data: [], pad: 'x'.repeat(5_000_000) }))),
      /sends more than a list of models can be/,
    ],
    [
      'a redirect',
      () => startHttp((_, response) => response.writeHead(301, { location: 'https://elsewhere.example/' }).end()),
      /redirect, which is not followed/,
    ],
    ['an error', () => startHttp((_, response) => response.writeHead(500).end()), /with status 500/],
    [
      'something other than HTTP',
      () => startTcp((socket) => socket.once('data', () => socket.end('\x15\x03\x01\x00\x02\x02\x46'))),
      /if it uses TLS, write https/,
    ],
    [
      'deeply nested brackets',
      () => startHttp((_, response) => response.end('['.repeat(1_000_000))),
      /with something else/,
    ],
  ])('that answers %s is down with a reason', async (_, engineStart, detail) => {
    const fake = await engineStart();
    expect(await stateOf(server(fake.url))).toMatchObject({
      state: 'down',
      models: [],
      detail: expect.stringMatching(detail),
    });
  });

  it('has unusable, repeated and too many model names left out', async () => {
    const names = [
      'ok',
      'ok',
      'a\nb',
      '',
      'x'.repeat(257),
      '*',
      'bidi\u202e',
      ...Array.from({ length: 1500 }, (_, index) => `m${index}`),
    ];
    const fake = await startEngine({
      '/v1/models': { data: [...names.map((id) => ({ id })), { id: 7 }, null, 'text'] },
    });
    const state = await stateOf(server(fake.url));
    expect(state?.models).toHaveLength(1000);
    expect(state?.models.slice(0, 2)).toEqual(['ok', 'm0']);
    expect(state?.detail).toMatch(/^lists 509 more models whose names cannot be used$/);
  });

  it('that is Keyporter itself is not asked', async () => {
    const fake = await startEngine({ '/v1/models': list('keyporter', 'm') });
    expect(await stateOf(server(fake.url), { ownPorts: () => [fake.port] })).toMatchObject({
      state: 'down',
      detail: expect.stringContaining('is Keyporter itself'),
    });
    expect(fake.seen).toEqual([]);
  });

  it('that went away keeps its models and is down, however long it takes', async () => {
    const fake = await vllm();
    const clock = handClock();
    const finder = start({ upstreams: [server(fake.url)], clock });
    await finder.settled;
    await fake.stop();
    clock.skip(KEEP_OFFERED_MS * 10);
    await finder.look();
    expect(finder.states()).toMatchObject([
      { state: 'down', engine: 'vllm', models: ['Qwen/Qwen3-8B'], answersWithoutKey: false },
    ]);
  });

  it('that answers late once is not down, twice it is', async () => {
    let silent = false;
    const fake = await startHttp((_, response) => {
      if (!silent) response.end(JSON.stringify(list('vllm', 'm')));
    });
    const finder = start({ upstreams: [server(fake.url)], probe: hastyProbe() });
    await finder.settled;
    silent = true;
    await finder.look();
    expect(finder.states()).toMatchObject([{ state: 'up' }]);
    await finder.look();
    expect(finder.states()).toMatchObject([{ state: 'down', detail: 'does not answer within 400 ms' }]);
  });

  it('under a model is watched, and its list is not offered', async () => {
    const fake = await vllm();
    const finder = start({ replicas: [server(fake.url)] });
    await finder.settled;
    expect(finder.states()).toMatchObject([{ state: 'up', engine: 'vllm', offered: false }]);
  });
});

describe('the usual ports', () => {
  it('show engines, without a credential', async () => {
    const fake = await ollama();
    const finder = start({ autodetect: true, usualPorts: [fake.port] });
    await finder.settled;
    expect(finder.states()).toMatchObject([
      { url: fake.url, state: 'up', engine: 'ollama', models: ['llama3.2:latest'] },
    ]);
    expect(
      fake.seen.every(({ headers }) => headers.authorization === undefined && headers['x-api-key'] === undefined),
    ).toBe(true);
  });

  it('show an engine that listens on IPv6 alone', async () => {
    const fake = await vllm({ host: '::1' });
    const finder = start({ autodetect: true, usualPorts: [fake.port] });
    await finder.settled;
    expect(finder.states()).toMatchObject([{ url: fake.url, engine: 'vllm' }]);
  });

  it.each<[string, () => Promise<Fake>]>([
    ['another Keyporter', () => startEngine({ '/': { name: 'keyporter' }, '/v1/models': list('keyporter', 'm') })],
    [
      'another Keyporter that asks for a key',
      () => startEngine({ '/': { name: 'keyporter' } }, { key: 'k', guarded: (path) => path !== '/' }),
    ],
    [
      'a web application',
      () =>
        startHttp((_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not Found</h1>')),
    ],
    ['a web application with a password', () => startHttp((_, response) => response.writeHead(401).end('who are you'))],
    ['a TLS server', () => startTcp((socket) => socket.once('data', () => socket.end('\x15\x03\x01\x00\x02\x02\x46')))],
  ])('do not show %s', async (_, engineStart) => {
    const fake = await engineStart();
    const finder = start({ autodetect: true, usualPorts: [fake.port] });
    await finder.settled;
    expect(finder.states()).toEqual([]);
    expect(finder.seenReal).toBe(false);
  });

  it('that are its own are never asked', async () => {
    const fake = await vllm();
    const finder = start({ autodetect: true, usualPorts: [fake.port], ownPorts: () => [fake.port] });
    await finder.settled;
    expect(finder.states()).toEqual([]);
    expect(fake.seen).toEqual([]);
  });

  it('are not asked a second time for a named server', async () => {
    const fake = await vllm();
    const finder = start({
      autodetect: true,
      usualPorts: [fake.port],
      upstreams: [server(`http://localhost:${fake.port}`)],
    });
    await finder.settled;
    expect(finder.states()).toHaveLength(1);
  });

  it('offer the models of an engine that went away for ten minutes more', async () => {
    const fake = await vllm();
    const clock = handClock();
    const finder = start({ autodetect: true, usualPorts: [fake.port], clock });
    await finder.settled;
    await fake.stop();
    clock.skip(KEEP_OFFERED_MS - 1);
    await finder.look();
    expect(finder.states()).toMatchObject([{ state: 'down', models: ['Qwen/Qwen3-8B'] }]);
    clock.skip(1);
    await finder.look();
    expect(finder.states()).toEqual([]);
  });
});

describe('changes', () => {
  it('are told and logged once each, and only when something changed', async () => {
    let models = ['a'];
    const respond = (): Promise<Fake> =>
      startHttp((_, response) =>
        response.end(
          JSON.stringify({
            data: models.map((id) => ({ id, created: Math.floor(performance.now()), owned_by: 'vllm' })),
          }),
        ),
      );
    const fake = await respond();
    const log = recordingLog();
    const finder = start({ upstreams: [server(fake.url)], log });
    let changes = 0;
    finder.onChange(() => (changes += 1));
    await finder.settled;
    await finder.look();
    await finder.look();
    expect([changes, log.sentences]).toEqual([1, [`vLLM at ${fake.url} is up with the model a.`]]);
    models = ['a', 'b'];
    await finder.look();
    await finder.look();
    await fake.stop();
    await finder.look();
    await finder.look();
    expect(changes).toBe(3);
    expect(log.sentences.slice(1)).toEqual([
      `vLLM at ${fake.url} changed: now up with 2 models: a, b.`,
      `vLLM at ${fake.url} went down: it refuses connections: nothing listens there. Requests for its models are answered with 503 until it is back.`,
    ]);
  });

  it('keep the age of a model from the first list that named it', async () => {
    let created = 1000;
    const fake = await startHttp((_, response) =>
      response.end(JSON.stringify({ data: [{ id: 'm', created: (created += 1) }] })),
    );
    const finder = start({ upstreams: [server(fake.url)] });
    await finder.settled;
    const first = finder.states()[0]?.listed?.get('m')?.created;
    await finder.look();
    expect(finder.states()[0]?.listed?.get('m')?.created).toBe(first);
  });

  it('never carry control characters of a server into the log', async () => {
    const fake = await startEngine({
      '/v1/models': { data: [{ id: 'a\u001b[2J' }, { id: 'fine', owned_by: 'x\ny' }] },
    });
    const log = recordingLog();
    await start({ upstreams: [server(fake.url)], log }).settled;
    expect(log.sentences.join('')).not.toMatch(/\p{Cc}/u);
  });

  it('stop after close', async () => {
    const fake = await vllm();
    const finder = start({ upstreams: [server(fake.url)] });
    let changes = 0;
    finder.onChange(() => (changes += 1));
    finder.close();
    await finder.settled;
    await finder.look();
    expect(changes).toBe(0);
  });
});

describe('the first real engine', () => {
  it('is told once, and the demo is none', async () => {
    const demo = await startEngine({ '/v1/models': list('keyporter-demo', 'demo') });
    const finder = start({ upstreams: [server(demo.url, null, 'demo')] });
    let told = 0;
    finder.onReal(() => (told += 1));
    await finder.settled;
    expect([finder.seenReal, told]).toEqual([false, 0]);
    const fake = await vllm();
    finder.setUpstreams([server(fake.url)]);
    await finder.look();
    await fake.stop();
    await finder.look();
    expect([finder.seenReal, told]).toEqual([true, 1]);
  });

  it('was not seen when it was only configured and never answered', async () => {
    const fake = await vllm();
    await fake.stop();
    const finder = start({ upstreams: [server(fake.url, null, 'vllm')] });
    await finder.settled;
    expect(finder.states()).toMatchObject([{ state: 'down', engine: 'vllm' }]);
    expect(finder.seenReal).toBe(false);
  });

  it('was seen when it is still loading its model', async () => {
    const fake = await startHttp((_, response) =>
      response.writeHead(503).end(JSON.stringify({ error: { code: 503, message: 'Loading model' } })),
    );
    const finder = start({ autodetect: true, usualPorts: [fake.port] });
    await finder.settled;
    expect(finder.states()).toMatchObject([{ state: 'down', engine: 'llama.cpp' }]);
    expect(finder.seenReal).toBe(true);
  });

  it('was seen when it was seen before', async () => {
    const fake = await vllm();
    const finder = start({ upstreams: [server(fake.url)], seenReal: true });
    let told = 0;
    finder.onReal(() => (told += 1));
    await finder.settled;
    expect([finder.seenReal, told]).toEqual([true, 0]);
  });
});

describe('rounds', () => {
  it('never pile up on a slow server, and a server beside it is found meanwhile', async () => {
    let asked = 0;
    const slow = await startHttp(() => void (asked += 1));
    const quick = await vllm();
    const clock = handClock();
    const finder = start({ upstreams: [server(slow.url), server(quick.url)], clock, probe: hastyProbe() });
    const seen = new Promise<void>((resolve) => finder.onChange(() => resolve()));
    for (let count = 0; count < 50; count += 1) clock.tick();
    const looks = [finder.look(), finder.look(), finder.look()];
    await within(2000, 'the quick server', seen);
    expect(finder.states()[1]).toMatchObject({ state: 'up' });
    expect(asked).toBe(1);
    await Promise.all(looks);
    expect(asked).toBe(2);
  });

  it('keep what is known of servers that stay when the named ones are replaced', async () => {
    const [stays, goes, comes] = [await vllm(), await sglang(), await ollama()];
    const finder = start({ upstreams: [server(goes.url), server(stays.url)] });
    await finder.settled;
    finder.setUpstreams([server(comes.url), server(stays.url)]);
    expect(finder.states()).toMatchObject([
      { url: comes.url, state: 'unknown' },
      { url: stays.url, state: 'up' },
    ]);
    await finder.look();
    expect(finder.states()).toMatchObject([{ engine: 'ollama' }, { engine: 'vllm' }]);
  });

  it('ask again by themselves', async () => {
    const fake = await vllm();
    const clock = handClock();
    const finder = start({ upstreams: [server(fake.url)], clock });
    await finder.settled;
    await fake.stop();
    const changed = new Promise<void>((resolve) => finder.onChange(() => resolve()));
    clock.tick();
    await within(2000, 'the change', changed);
    expect(finder.states()).toMatchObject([{ state: 'down' }]);
  });
});
