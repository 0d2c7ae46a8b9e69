// npm run bench: what a request and an event cost, side by side with nginx in the same minute.
//   npm run bench -- --quick     under a minute, fewer repeats
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { backend } from './backend.js';
import { besideLargePrompts, idleStreams, keysInMemory } from './crowds.js';
import { large, type LargeSettings } from './large.js';
import { firstByte, startTimes, streamedEvents } from './measures.js';
import { plain, type PlainSettings } from './plain.js';
import { paced, type PacedSettings } from './paced.js';
import { report, type Figures } from './report.js';
import { refusals, shortRequests, wrkIsPresent } from './short-requests.js';
import { spreadOf } from './statistics.js';
import { streams, type StreamsSettings } from './streams.js';
import { startWorld, type BenchWorld, type Subject } from './world.js';

const RESULTS = fileURLToPath(new URL('results.md', import.meta.url));

/** How long and how often. Everything together stays under four minutes, with `--quick` under one. */
const FULL = { warmUpMs: 4000, repeats: 5, windowMs: 2000, streamWindowMs: 3000, starts: 9, keys: 1000 };
const QUICK = { warmUpMs: 3000, repeats: 1, windowMs: 2000, streamWindowMs: 2000, starts: 3, keys: 1000 };

const [flag, role, settings] = process.argv.slice(2);
if (flag === '--role') play(role ?? '', JSON.parse(settings ?? '{}'));
else await run(process.argv.includes('--quick') ? QUICK : FULL);

function play(name: string, given: unknown): void {
  if (name === 'backend') backend();
  else if (name === 'plain') plain(given as PlainSettings);
  else if (name === 'streams') streams(given as StreamsSettings);
  else if (name === 'large') large(given as LargeSettings);
  else paced(given as PacedSettings);
}

async function run(plan: typeof FULL): Promise<void> {
  const world = await startWorld();
  try {
    if (world.nginx === null) console.log('nginx is not installed: the figures stand alone, without ratios.');
    if (!wrkIsPresent) console.log('wrk is not installed: the load of P1 comes from a client of our own.');
    const figures = {
      ...(await measure(world, plan)),
      ...(await measureAlone(world, plan)),
      start: spreadOf(await startTimes(plan.starts, plan.keys)),
      keys: keysInMemory(),
    };
    const text = report(world, figures);
    console.log(text);
    await writeFile(RESULTS, text);
  } finally {
    await world.stop();
  }
}

type Compared = Pick<Figures, 'short' | 'events' | 'latency' | 'rate' | 'backendRate' | 'direct'>;

/** Side by side with the others. */
async function measure(world: BenchWorld, plan: typeof FULL): Promise<Compared> {
  const subjects = [world.gateway, ...(world.nginx === null ? [] : [world.nginx]), world.plain];
  const backendSubject: Subject = { name: 'the model server alone', pid: world.backend.pid, port: world.backend.port };
  for (const subject of subjects) await shortRequests(subject, world.key, plan.warmUpMs);
  const short = await interleaved(
    subjects,
    plan.repeats,
    async (subject) => await shortRequests(subject, world.key, plan.windowMs),
  );
  const backendRate = (await shortRequests(backendSubject, world.key, 1000)).requestsPerSecond;
  const events = await interleaved(
    subjects,
    plan.repeats,
    async (subject) => await streamedEvents(subject, world.key, plan.streamWindowMs),
  );
  const rate = Math.round(
    spreadOf((short.get(world.gateway.name) ?? []).map((one) => one.requestsPerSecond)).median / 3,
  );
  const latency = await interleaved(
    [backendSubject, ...subjects],
    plan.repeats,
    async (subject) => await firstByte(subject.port, world.key, { rate, windowMs: plan.windowMs }),
  );
  return { short, events, latency, rate, backendRate, direct: backendSubject.name };
}

/** What has no counterpart. The streams come last: what they took is not given back to the system at once. */
async function measureAlone(
  world: BenchWorld,
  plan: typeof FULL,
): Promise<Pick<Figures, 'refused' | 'beside' | 'idle'>> {
  const { gateway, backend: direct, key } = world;
  const refused: Figures['refused'] = [];
  const beside: Figures['beside'] = [];
  for (let repeat = 0; repeat < plan.repeats; repeat += 1) {
    const { microsecondsPerRequest } = await refusals(gateway, plan.windowMs);
    const taken = await shortRequests(gateway, key, plan.windowMs);
    refused.push({ refusedUs: microsecondsPerRequest, takenUs: taken.microsecondsPerRequest });
    const through = await besideLargePrompts(gateway.port, world, plan.windowMs);
    const without = await besideLargePrompts(direct.port, world, plan.windowMs);
    beside.push({ through: through.besideMs - through.aloneMs, without: without.besideMs - without.aloneMs });
  }
  return { refused, beside, idle: await idleStreams(gateway, key) };
}

/** Runs every subject once, then every subject again: what is compared is measured in the same minute. */
async function interleaved<T>(
  subjects: readonly Subject[],
  repeats: number,
  once: (subject: Subject) => Promise<T>,
): Promise<Map<string, T[]>> {
  const found = new Map<string, T[]>(subjects.map((subject) => [subject.name, []]));
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const subject of subjects) found.get(subject.name)?.push(await once(subject));
  }
  return found;
}
