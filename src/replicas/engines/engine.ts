import type { FieldRules } from '../../core/field-rule.js';

/**
 * Who may ask for a path of an engine. A family of `infer` is asked under the gateway's own routes;
 * `engine:read` and `engine:control` under `/engines/{model}/<path>`; `alive` says nothing and is read
 * like `engine:read`; `never` is for nobody, whatever the scope.
 */
export type PathClass =
  | 'infer'
  | 'infer:chat'
  | 'infer:embeddings'
  | 'infer:rerank'
  | 'infer:audio'
  | 'infer:images'
  | 'infer:realtime'
  | 'engine:read'
  | 'engine:control'
  | 'alive'
  | 'never';

/** The words in which a path refuses and ends its streams. */
export type Words = 'openai' | 'responses' | 'anthropic' | 'ollama' | 'llama.cpp' | 'websocket' | 'own';

/** What stands where on the paths of one kind. */
export interface PathKind {
  class: PathClass;
  words: Words;
  /** Where the name of the model stands; `none` = the path is about the whole server. */
  model: 'body' | 'form' | 'query' | 'none';
  /** Members of the body that bound the tokens of the answer. */
  caps: readonly string[];
  /** A cap of 0 is read as none. Left out = it is read as 0. */
  zeroIsNone?: true;
  /** Where the answer tells the tokens it took; null = nowhere. */
  usage: string | null;
}

/** One path of an engine. `{name}` stands for one segment. */
export interface EnginePath extends PathKind {
  method: string;
  path: string;
}

/** What Keyporter knows about one kind of model server. */
export interface Engine {
  title: string;
  /** Every path the engine publishes. What is not here does not exist for callers. */
  paths: readonly EnginePath[];
  /** Members of bodies that harm the engine or its other callers, besides those of every engine. */
  fields: FieldRules;
  /** Asked to find out whether it is ready. */
  probe: string;
}

const OPENAI_USAGE =
  '`usage`; in streams in a chunk of its own before `[DONE]` when `stream_options.include_usage` asks for it';

const kind = (family: PathClass, words: Words = 'own', more: Partial<PathKind> = {}): PathKind => ({
  class: family,
  words,
  model: 'none',
  caps: [],
  usage: null,
  ...more,
});

export const CHAT = kind('infer:chat', 'openai', {
  model: 'body',
  caps: ['max_tokens', 'max_completion_tokens'],
  usage: OPENAI_USAGE,
});
export const COMPLETION = kind('infer:chat', 'openai', {
  model: 'body',
  caps: ['max_tokens', 'n', 'best_of'],
  usage: OPENAI_USAGE,
});
export const RESPONSES = kind('infer:chat', 'responses', {
  model: 'body',
  caps: ['max_output_tokens'],
  usage: '`usage`; in streams in `response.completed`',
});
export const MESSAGES = kind('infer:chat', 'anthropic', {
  model: 'body',
  caps: ['max_tokens'],
  usage: '`usage`; in streams in `message_start` and `message_delta`',
});
export const LLAMA_COMPLETION = kind('infer:chat', 'llama.cpp', {
  model: 'body',
  caps: ['n_predict', 'max_tokens'],
  usage: '`tokens_evaluated` and `tokens_predicted`; in streams in the last event',
});
export const OLLAMA_CHAT = kind('infer:chat', 'ollama', {
  model: 'body',
  caps: ['options.num_predict'],
  zeroIsNone: true,
  usage: '`prompt_eval_count` and `eval_count`; in streams in the last line',
});
export const EMBEDDINGS = kind('infer:embeddings', 'openai', { model: 'body', usage: '`usage`' });
export const OLLAMA_EMBED = kind('infer:embeddings', 'ollama', { model: 'body', usage: '`prompt_eval_count`' });
export const LLAMA_EMBEDDING = kind('infer:embeddings', 'llama.cpp', { model: 'body' });
export const RERANK = kind('infer:rerank', 'openai', { model: 'body', usage: '`usage`' });
export const TOKENIZE = kind('infer', 'own', { model: 'body' });
export const COUNT_TOKENS = kind('infer', 'anthropic', { model: 'body' });
export const OLLAMA_READ = kind('infer', 'ollama', { model: 'body' });
export const SPEECH = kind('infer:audio', 'openai', { model: 'body' });
export const TRANSCRIPTION = kind('infer:audio', 'openai', { model: 'form', usage: '`usage`' });
export const IMAGE = kind('infer:images', 'openai', { model: 'body', caps: ['n'], usage: '`usage`' });
export const IMAGE_EDIT = kind('infer:images', 'openai', { model: 'form', caps: ['n'], usage: '`usage`' });
export const REALTIME = kind('infer:realtime', 'websocket', { model: 'query', usage: 'in the event `response.done`' });
export const LIST = kind('infer', 'openai');
export const READ = kind('engine:read');
export const CONTROL = kind('engine:control');
export const ALIVE = kind('alive');
/** Inference that takes a way of its own round the names of models, files of the server, or code: for nobody. */
export const NEVER = kind('never');

/** Paths of one kind, written as `POST /v1/embeddings`. */
export function paths(of: PathKind, ...lines: readonly string[]): EnginePath[] {
  return lines.map((line) => {
    const [method = '', path = ''] = line.split(' ');
    return { ...of, method, path };
  });
}
