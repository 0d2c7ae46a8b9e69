import type { Secret } from '../core/secret.js';
import type { Verdict } from './health.js';
import { engineOf } from './engines/table.js';
import type { Readiness, Replica } from './model.js';
import { member, parseJson } from './model-list.js';
import { saysWorking } from './orchestra-worker.js';
import type { Probe, ProbeAnswer, ProbeFailure, ProbeFailureKind, ProbeOutcome, ProbeRequest } from './probe.js';

const MAX_ANSWER_BYTES = 4_194_304;
const MOST_SLOTS = 100_000;

/** What to do about a server that gives no answer, where the words for it do not say so themselves. */
const CURES: Partial<Record<ProbeFailureKind, string>> = {
  refused: 'start it, or correct its address in the configuration',
  timeout: 'look at its load and its log, or raise `readiness_probe.timeout_seconds`',
  unreachable: 'look at the network between, or correct its address in the configuration',
  unknown_name: 'correct the name in the configuration, or make it known to this machine',
};

/** Asks a replica, with its own key, whether it is ready. Never rejects. */
export async function askReady(replica: Replica, readiness: Readiness, probe: Probe): Promise<Verdict> {
  const { path, method, body, timeoutMs } = readiness;
  const question: ProbeRequest = {
    method,
    body,
    headers: {
      ...keyOf(replica),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...inLowerCase(readiness.headers),
    },
    timeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
    caFile: replica.caFile,
  };
  const outcome = await probe.get(replica.url + (path ?? engineOf(replica.engine).probe), question);
  if (!outcome.ok) return withoutAnswer(outcome);
  if (path !== null) return judgeOwn(outcome, path);
  return replica.engine === 'orchestra' && outcome.status === 200 ? judgeWorker(outcome) : judge(outcome);
}

/** How many requests a llama.cpp server works on at one time, as it tells; null when it does not. */
export async function askSlots(replica: Replica, probe: Probe, timeoutMs: number): Promise<number | null> {
  if (replica.engine !== 'llama.cpp') return null;
  const outcome = await probe.get(`${replica.url}/props`, {
    headers: keyOf(replica),
    timeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
    caFile: replica.caFile,
  });
  return readSlots(outcome);
}

function readSlots(outcome: ProbeOutcome): number | null {
  const told = outcome.ok && outcome.status === 200 ? member(parseJson(outcome.body), 'total_slots') : null;
  return typeof told === 'number' && Number.isInteger(told) && told >= 1 && told <= MOST_SLOTS ? told : null;
}

/** The answer of an engine that loads its model: a 503 that says so. */
export function saysLoading(status: number, body: Buffer): boolean {
  return status === 503 && member(member(parseJson(body), 'error'), 'message') === 'Loading model';
}

function keyOf({ apiKey }: Replica): Record<string, string> {
  return apiKey === null ? {} : { authorization: `Bearer ${apiKey.reveal()}` };
}

function inLowerCase(headers: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]));
}

function withoutAnswer({ kind, detail }: ProbeFailure): Verdict {
  const cure = CURES[kind];
  const told = cure === undefined ? detail : `${detail}; ${cure}`;
  if (kind === 'timeout') return { ready: false, kind: 'late', detail: told };
  return { ready: false, kind: kind === 'refused' ? 'refused' : 'broken', detail: told };
}

/** Without a path of the operator's own, whatever answers as a server that works is ready. */
function judge({ status, body }: ProbeAnswer): Verdict {
  if (saysLoading(status, body)) return { ready: false, kind: 'says_no', detail: 'is loading its model' };
  if (status >= 500)
    return {
      ready: false,
      kind: 'says_no',
      detail: `answers the question whether it is ready with status ${status}; look at its log`,
    };
  const locked = status === 401 || status === 403;
  return { ready: true, detail: locked ? 'refuses the key it was given: correct its `api_key`' : null };
}

function judgeWorker({ body }: ProbeAnswer): Verdict {
  if (saysWorking(body)) return { ready: true, detail: null };
  return {
    ready: false,
    kind: 'says_no',
    detail: 'answers GET / without a `status` of running or degraded; look at its log, or correct `engine`',
  };
}

function judgeOwn({ status }: ProbeAnswer, path: string): Verdict {
  if (status === 200) return { ready: true, detail: null };
  const cure =
    status === 401 || status === 403
      ? 'correct its `api_key`, or `readiness_probe.headers`'
      : 'look at its log, or correct `readiness_probe.path`';
  return {
    ready: false,
    kind: 'says_no',
    detail: `answers its readiness probe at ${path} with status ${status}, not 200; ${cure}`,
  };
}
