/** One question to a model server; `key: null` sends none. */
export interface Question {
  method: 'GET' | 'POST';
  path: string;
  body?: Record<string, unknown> | readonly unknown[];
  key?: string | null;
}

const MESSAGES = [
  { role: 'system', content: 'be short' },
  { role: 'user', content: 'hello' },
];
/** The same text from the same model, on one kind of machine. */
const SAME = { temperature: 0, seed: 1 };
const chat = (more: object = {}): Question => ({
  method: 'POST',
  path: '/v1/chat/completions',
  body: { model: 'tiny', messages: MESSAGES, max_tokens: 8, ...SAME, ...more },
});
const post = (path: string, body: Record<string, unknown>): Question => ({ method: 'POST', path, body });
const get = (path: string): Question => ({ method: 'GET', path });
const WITH_USAGE = { stream: true, stream_options: { include_usage: true } };
/** A token that ends the answer, made certain. */
const END = { logit_bias: [[2, 100]] };

/** What is asked of the server of texts; the name of each is the name of its fixture. */
export const TEXT_QUESTIONS: Readonly<Record<string, Question>> = {
  chat: chat(),
  'chat-ended': chat(END),
  'chat-two-choices': chat({ n: 2 }),
  'chat-logprobs': chat({ max_tokens: 2, logprobs: true, top_logprobs: 2 }),
  'chat-stream': chat({ stream: true }),
  'chat-stream-usage': chat(WITH_USAGE),
  'chat-stream-ended': chat({ ...WITH_USAGE, ...END }),
  'chat-stream-two-choices': chat({ ...WITH_USAGE, n: 2, max_tokens: 3 }),
  'chat-stream-timings': chat({ ...WITH_USAGE, timings_per_token: true, return_progress: true, max_tokens: 3 }),
  completions: post('/v1/completions', { model: 'tiny', prompt: 'hello', max_tokens: 8, ...SAME }),
  'completions-two-prompts': post('/v1/completions', { prompt: ['hello', 'there'], max_tokens: 4, ...SAME }),
  'completions-stream': post('/v1/completions', { prompt: 'hello', max_tokens: 8, stream: true, ...SAME }),
  'completions-stream-usage': post('/v1/completions', { prompt: 'hello', max_tokens: 8, ...WITH_USAGE, ...SAME }),
  messages: post('/v1/messages', { model: 'tiny', max_tokens: 8, messages: MESSAGES.slice(1), ...SAME }),
  'messages-stream': post('/v1/messages', { max_tokens: 8, stream: true, messages: MESSAGES.slice(1), ...SAME }),
  'count-tokens': post('/v1/messages/count_tokens', { model: 'tiny', messages: MESSAGES.slice(1) }),
  'chat-input-tokens': post('/v1/chat/completions/input_tokens', { model: 'tiny', messages: MESSAGES }),
  responses: post('/v1/responses', { model: 'tiny', input: 'hello', max_output_tokens: 8, ...SAME }),
  'responses-stream': post('/v1/responses', { input: 'hello', max_output_tokens: 8, stream: true, ...SAME }),
  completion: post('/completion', { prompt: 'hello', n_predict: 8, ...SAME }),
  'completion-two-prompts': post('/completion', { prompt: ['hello', 'there'], n_predict: 4, ...SAME }),
  'completion-fields-left-out': post('/completion', {
    prompt: 'hello',
    n_predict: 8,
    response_fields: ['content'],
    ...SAME,
  }),
  'completion-stream': post('/completion', { prompt: 'hello', n_predict: 8, stream: true, ...SAME }),
  'infill-stream': post('/infill', {
    input_prefix: 'hel',
    input_suffix: 'lo',
    n_predict: 4,
    stream: true,
    ...SAME,
  }),
  tokenize: post('/tokenize', { content: 'hello é', with_pieces: true }),
  detokenize: post('/detokenize', { tokens: [270, 274] }),
  'apply-template': post('/apply-template', { messages: MESSAGES }),
  models: get('/v1/models'),
  props: get('/props'),
  slots: get('/slots'),
  metrics: get('/metrics'),
  health: get('/health'),
  'refused-key': { ...get('/v1/models'), key: null },
  'refused-body': post('/v1/chat/completions', { model: 'tiny', messages: 'hello' }),
  'refused-body-stream': post('/v1/chat/completions', { model: 'tiny', messages: 'hello', stream: true }),
  'refused-length': post('/completion', { prompt: 'a '.repeat(70_000), n_predict: 1 }),
  'unknown-path': get('/nothing'),
};

/** What is asked of the server of embeddings. */
export const EMBEDDING_QUESTIONS: Readonly<Record<string, Question>> = {
  embeddings: post('/v1/embeddings', { model: 'tiny', input: 'hello' }),
  'embeddings-two-inputs': post('/v1/embeddings', { model: 'tiny', input: ['hello', 'there'] }),
  'embeddings-base64': post('/v1/embeddings', { model: 'tiny', input: 'hello', encoding_format: 'base64' }),
  embedding: post('/embedding', { content: 'hello' }),
};
