import type { EngineName, Replica } from './model.js';
import { member, parseJson, readModelList, type ModelList } from './model-list.js';
import { saysWorking } from './orchestra-worker.js';
import type { Probe, ProbeAnswer, ProbeFailureKind, ProbeOutcome } from './probe.js';

/** What one look at a server showed. `detail` is the rest of a sentence that begins with the server. */
export type Look =
  /** It told its models. `server` is the header of that name. */
  | { outcome: 'listed'; list: ModelList; server: string }
  /** It wants a key, or another one. `refusedLikeAnEngine`: the refusal is JSON with an `error`. */
  | { outcome: 'locked'; refusedLikeAnEngine: boolean; server: string }
  /** A llama.cpp server that is not ready yet. */
  | { outcome: 'loading' }
  /** Something answers there, and it is no model server. */
  | { outcome: 'stranger'; detail: string }
  /** Nothing answers. */
  | { outcome: 'gone'; kind: ProbeFailureKind; detail: string };

const LOOK_TIMEOUT_MS = 3000;
const MAX_LIST_BYTES = 4_194_304;

/** One question with the server's own key. Nobody else's credential is ever sent. */
export function askReplica(replica: Replica, probe: Probe, path: string): Promise<ProbeOutcome> {
  const headers = replica.apiKey === null ? {} : { authorization: `Bearer ${replica.apiKey.reveal()}` };
  return probe.get(replica.url + path, {
    headers,
    timeoutMs: LOOK_TIMEOUT_MS,
    maxBytes: MAX_LIST_BYTES,
    caFile: replica.caFile,
  });
}

/** Asks a server for its models: `/v1/models`, or Ollama's own list where that route is missing. */
export async function lookAt(replica: Replica, probe: Probe): Promise<Look> {
  if (replica.engine === 'orchestra') return lookAtWorker(replica, probe);
  const answer = await askReplica(replica, probe, '/v1/models');
  if (!answer.ok) return { outcome: 'gone', kind: answer.kind, detail: answer.detail };
  const told = readAnswer(answer);
  if (told !== null) return told;
  const tags = await askReplica(replica, probe, '/api/tags');
  const list = tags.ok && tags.status === 200 ? readModelList(tags.body) : null;
  if (list !== null) return { outcome: 'listed', list, server: answer.headers['server'] ?? '' };
  return { outcome: 'stranger', detail: describeStranger(answer) };
}

/** An Orchestra worker has one model and no list. */
async function lookAtWorker(replica: Replica, probe: Probe): Promise<Look> {
  const answer = await askReplica(replica, probe, '/');
  if (!answer.ok) return { outcome: 'gone', kind: answer.kind, detail: answer.detail };
  const server = answer.headers['server'] ?? '';
  if (answer.status === 200 && saysWorking(answer.body))
    return { outcome: 'listed', list: { models: [], leftOut: 0 }, server };
  return {
    outcome: 'stranger',
    detail: 'does not answer GET / as an Orchestra worker does: its `status` is neither running nor degraded',
  };
}

/** Null when the answer says nothing about models. */
function readAnswer(answer: ProbeAnswer): Look | null {
  const server = answer.headers['server'] ?? '';
  if (answer.status === 401 || answer.status === 403) {
    return { outcome: 'locked', refusedLikeAnEngine: member(parseJson(answer.body), 'error') !== undefined, server };
  }
  if (answer.status === 503 && member(member(parseJson(answer.body), 'error'), 'message') === 'Loading model')
    return { outcome: 'loading' };
  const list = answer.status === 200 ? readModelList(answer.body) : null;
  return list === null ? null : { outcome: 'listed', list, server };
}

function describeStranger({ status }: ProbeAnswer): string {
  if (status >= 300 && status < 400) return 'answers with a redirect, which is not followed: write the URL it leads to';
  if (status >= 500) return `answers the question for its models with status ${status}`;
  if (status === 200)
    return 'answers the question for its models with something else; write the base URL of the model server, without /v1';
  return `answers the question for its models with status ${status}; write the base URL of the model server, without /v1`;
}

/** Ways an engine shows itself besides its list, in the order they are believed. */
const SIGNS: readonly { engine: EngineName; path: string; shown: (body: unknown) => boolean }[] = [
  { engine: 'ollama', path: '/api/version', shown: (body) => typeof member(body, 'version') === 'string' },
  { engine: 'lmstudio', path: '/api/v0/models', shown: (body) => Array.isArray(member(body, 'data')) },
  { engine: 'llama.cpp', path: '/props', shown: (body) => member(body, 'default_generation_settings') !== undefined },
  { engine: 'sglang', path: '/get_model_info', shown: (body) => typeof member(body, 'model_path') === 'string' },
  { engine: 'sglang', path: '/server_info', shown: (body) => typeof member(body, 'model_path') === 'string' },
  {
    engine: 'llama-stack',
    path: '/v1/providers',
    shown: (body) => member(firstOf(member(body, 'data')), 'provider_id') !== undefined,
  },
  { engine: 'vllm', path: '/version', shown: (body) => typeof member(body, 'version') === 'string' },
];

const OWNERS: ReadonlyMap<string, EngineName> = new Map<string, EngineName>([
  ['llamacpp', 'llama.cpp'],
  ['vllm', 'vllm'],
  ['sglang', 'sglang'],
  ['llama_stack', 'llama-stack'],
]);

/** Which engine answers there. `openai` = it speaks the protocol and shows no more; asked only when its list does not tell. */
export async function identifyEngine(
  replica: Replica,
  look: Extract<Look, { outcome: 'listed' | 'locked' }>,
  probe: Probe,
): Promise<EngineName> {
  if (replica.engine !== 'unknown') return replica.engine;
  if (/^llama\.cpp\b/i.test(look.server)) return 'llama.cpp';
  const owner =
    look.outcome === 'listed'
      ? look.list.models.map(({ ownedBy }) => OWNERS.get(ownedBy)).find((engine) => engine !== undefined)
      : undefined;
  if (owner !== undefined) return owner;
  const answers = await Promise.all(SIGNS.map(({ path }) => askReplica(replica, probe, path)));
  const sign = SIGNS.find(({ shown }, index) => {
    const answer = answers[index];
    return answer?.ok === true && answer.status === 200 && shown(parseJson(answer.body));
  });
  return sign?.engine ?? 'openai';
}

/**
 * Whether a server answers without a key. Asked with GET, which no engine serves there, so nothing is
 * generated: one with a key refuses before it looks at the method. `/v1/models` would not do, since
 * llama.cpp shows it to everyone.
 */
export async function answersWithoutKey(
  url: string,
  probe: Probe,
  request: { timeoutMs?: number; caFile?: string | null; anyCertificate?: boolean } = {},
): Promise<boolean> {
  const answer = await probe.get(`${url}/v1/chat/completions`, {
    timeoutMs: LOOK_TIMEOUT_MS,
    ...request,
    maxBytes: MAX_LIST_BYTES,
  });
  return answer.ok && answer.status !== 401 && answer.status !== 403 && answer.status < 500;
}

/** Whether another Keyporter answers there: `/` says its name and no more. */
export async function isKeyporter(url: string, probe: Probe): Promise<boolean> {
  const answer = await probe.get(`${url}/`, { timeoutMs: LOOK_TIMEOUT_MS, maxBytes: MAX_LIST_BYTES });
  if (!answer.ok) return false;
  return (
    /^keyporter\b/i.test(answer.headers['server'] ?? '') ||
    (answer.body.length <= 512 && /\bkeyporter\b/i.test(answer.body.toString('utf8')))
  );
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}
