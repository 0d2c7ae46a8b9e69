import { cpus, totalmem } from 'node:os';
import type { LatencyRun, StreamRun } from './measures.js';
import type { ShortRun } from './short-requests.js';
import { spreadOf, spreadText, type Spread } from './statistics.js';
import type { BenchWorld } from './world.js';

export interface Figures {
  short: Map<string, ShortRun[]>;
  events: Map<string, StreamRun[]>;
  latency: Map<string, LatencyRun[]>;
  /** Requests a second at which the latency was taken: a third of what the gateway can. */
  rate: number;
  /** Requests a second of the model server without anything before it. */
  backendRate: number;
  /** The name under which `latency` has the model server itself. */
  direct: string;
  /** Milliseconds from start to listening. */
  start: Spread;
  /** Processor time of a request with a wrong key, and with a right one in the same turn. */
  refused: { refusedUs: number; takenUs: number }[];
  /** Milliseconds that a tenant with large prompts adds to the first byte of others: through the gateway, and without it. */
  beside: { through: number; without: number }[];
  /** Resident bytes for a silent stream, and how many streams were held. */
  idle: { bytes: number; streams: number };
  /** What the keys in memory cost, a line for each number of them. */
  keys: readonly string[];
}

/** The results as the page that is kept: medians with their spread, and what they were taken on. */
export function report(world: BenchWorld, figures: Figures): string {
  const rows = [
    row(
      'P1 processor time per short request, us',
      { goal: '<= 2.0 x nginx', digits: 1 },
      perSubject(figures.short, (run) => run.microsecondsPerRequest),
    ),
    row(
      'P1 requests per second',
      { goal: '', digits: 0 },
      perSubject(figures.short, (run) => run.requestsPerSecond),
    ),
    row(
      'P2 processor time per streamed event, us',
      { goal: '<= 1.5 x nginx', digits: 1 },
      perSubject(figures.events, (run) => run.microsecondsPerEvent),
    ),
    row(
      'P4 added time to first byte, p50, ms',
      { goal: '<= 0.5', digits: 2 },
      added(figures, (run) => run.p50Ms),
    ),
    row(
      'P4 added time to first byte, p99, ms',
      { goal: '<= 3', digits: 2 },
      added(figures, (run) => run.p99Ms),
    ),
    row(
      'P7 start to listening with 1,000 keys, ms',
      { goal: '<= 450', digits: 0 },
      new Map([['keyporter', figures.start]]),
    ),
    row(
      'P9 processor time of a refused key, share of P1',
      { goal: '<= 0.6', digits: 2 },
      alone(figures.refused.map(({ refusedUs, takenUs }) => refusedUs / takenUs)),
    ),
    row(
      'P10 added to the p99 of others by 10 MB prompts at 20 a second, ms',
      { goal: '<= 20', digits: 1 },
      alone(figures.beside.map(({ through }) => through)),
    ),
    row(
      `P5 memory of a silent stream, ${figures.idle.streams} held, KB`,
      { goal: '<= 25', digits: 1 },
      alone([figures.idle.bytes / 1000]),
    ),
  ];
  const heads = '| What | Keyporter | nginx | Ratio | Goal | Plain Node.js | Ratio |';
  const table = [heads, '|---|---|---|---|---|---|---|', ...rows].join('\n');
  return `# Benchmark\n\nMedian (lowest to highest of the repeats). Both sides of a row were taken in turns within the same run.\n\n${table}\n\n${conditions(world, figures)}\n`;
}

type BySubject = Map<string, Spread>;

function alone(values: readonly number[]): BySubject {
  return new Map([['keyporter', spreadOf(values)]]);
}

function perSubject<T>(runs: Map<string, T[]>, figure: (run: T) => number): BySubject {
  return new Map([...runs].map(([name, list]) => [name, spreadOf(list.map(figure))]));
}

/** Latency above that of the model server itself in the same turn. */
function added(figures: Figures, figure: (run: LatencyRun) => number): BySubject {
  const direct = figures.latency.get(figures.direct) ?? [];
  const through = [...figures.latency].filter(([name]) => name !== figures.direct);
  return new Map(
    through.map(([name, runs]) => [name, spreadOf(runs.map((run, at) => figure(run) - figure(direct[at] ?? run)))]),
  );
}

function row(what: string, { goal, digits }: { goal: string; digits: number }, values: BySubject): string {
  const ours = values.get('keyporter');
  const theirs = values.get('nginx');
  const text = (spread: Spread | undefined): string => (spread === undefined ? '-' : spreadText(spread, digits));
  const plain = values.get('plain');
  const ratio = (to: Spread | undefined): string =>
    what.includes('processor time') && ours !== undefined && to !== undefined
      ? (ours.median / to.median).toFixed(2)
      : '-';
  return `| ${what} | ${text(ours)} | ${text(theirs)} | ${ratio(theirs)} | ${goal} | ${text(plain)} | ${ratio(plain)} |`;
}

function conditions(world: BenchWorld, figures: Figures): string {
  const [processor] = cpus();
  const pinned = world.pinned
    ? 'what is measured on one core, load and model server on another'
    : 'processes not pinned to cores';
  return [
    `- Node.js ${process.version}, ${world.nginxVersion === null ? 'no nginx' : `nginx ${world.nginxVersion}`}, ${cpus().length} cores (${processor?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB; ${pinned}.`,
    '- P1: chat request of 500 bytes, answer of 320 bytes, 32 kept-alive connections, key checked on both sides; ours holds it to three limits and writes ledger and log.',
    '- P2: 200 streams, 50 events of 178 bytes a second each; nginx with buffering off.',
    `- P4: at ${figures.rate} requests a second, a third of what the gateway answered in P1; the model server's own time subtracted turn by turn.`,
    `- The model server alone answers ${Math.round(figures.backendRate)} requests a second.`,
    '- Plain Node.js is node:http with undici and one hashed key, with no bounds, no log and no word to callers of cut streams.',
    `- P10: the same prompts sent to the model server itself add ${spreadText(spreadOf(figures.beside.map(({ without }) => without)), 1)} ms, load and model server being on one core.`,
    ...figures.keys.map((line) => `- P6: ${line}.`),
    '- P8: `npx tsx bench/ledger.ts`, which needs some minutes. P3 is not measured here.',
    '- Processor time is user and system time of the whole process with all its threads.',
  ].join('\n');
}
