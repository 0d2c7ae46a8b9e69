import type { EngineName, ReplicaState } from './model.js';

const NAMES: Readonly<Record<EngineName, string>> = {
  'llama.cpp': 'llama.cpp',
  vllm: 'vLLM',
  sglang: 'SGLang',
  ollama: 'Ollama',
  lmstudio: 'LM Studio',
  openai: 'An OpenAI-compatible server',
  orchestra: 'Orchestra',
  'llama-stack': 'Llama Stack',
  demo: 'The demo model server',
  unknown: 'A model server',
};

const MOST_NAMED = 5;

/** The name people know an engine by. */
export function engineTitle(engine: EngineName): string {
  return NAMES[engine];
}

/** What happened to a server, in one sentence. Null as `after` = it is no longer watched or shown. */
export function changeSentence(before: ReplicaState | null, after: ReplicaState | null): string {
  if (after === null) return `${before?.url ?? 'A model server'} is gone; its models are no longer offered.`;
  const { url, state, detail } = after;
  if (state === 'down') return downSentence(before, after);
  if (state === 'unknown') return `${url} was not asked yet.`;
  const change = before?.state === 'up' ? 'changed: now up' : 'is up';
  const none = detail === null ? ' with no models' : '';
  const offer = after.models.length === 0 ? none : ` with ${modelNames(after.models)}`;
  return `${NAMES[after.engine]} at ${url} ${change}${offer}${detail === null ? '' : `; it ${detail}`}.`;
}

function downSentence(before: ReplicaState | null, after: ReplicaState): string {
  const offered = after.models.length === 0 ? '' : ' Requests for its models are answered with 503 until it is back.';
  const name = before?.state === 'up' ? `${NAMES[after.engine]} at ${after.url} went down: it` : after.url;
  return `${name} ${after.detail ?? 'does not answer'}.${offered}`;
}

function modelNames(models: readonly string[]): string {
  const named = models.slice(0, MOST_NAMED).join(', ');
  const more = models.length - MOST_NAMED;
  return `${models.length === 1 ? 'the model' : `${models.length} models:`} ${named}${more > 0 ? ` and ${more} more` : ''}`;
}
