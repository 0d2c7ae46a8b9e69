import {
  ALIVE,
  CHAT,
  COMPLETION,
  CONTROL,
  COUNT_TOKENS,
  EMBEDDINGS,
  LIST,
  LLAMA_COMPLETION,
  LLAMA_EMBEDDING,
  MESSAGES,
  NEVER,
  paths,
  READ,
  RERANK,
  RESPONSES,
  TOKENIZE,
  TRANSCRIPTION,
  type Engine,
  type PathKind,
} from './engine.js';
import { bytes, entries, least, most, refuse, refuseUnless, SCHEMA } from './every-engine.js';

/** Its own name for the cap is read on OpenAI's paths too, and wins there. */
const withOwnCap = (kind: PathKind): PathKind => ({ ...kind, caps: [...kind.caps, 'n_predict'] });
/** Ollama's path, where OpenAI's members are read and Ollama's are not. */
const API_CHAT: PathKind = { ...withOwnCap(CHAT), words: 'ollama' };
/** OpenAI's way of counting tokens. */
const INPUT_TOKENS: PathKind = { ...COUNT_TOKENS, words: 'openai' };
/** Brackets in a grammar are read one inside the other on the stack: 36 kB of them end the server. */
const MOST_GRAMMAR_BYTES = 24_576;
/** The server sets aside room for as many tokens as these members name, for each answer. */
const MOST_TOKENS_LOOKED_BACK = 65_536;

export const llamaCpp: Engine = {
  title: 'llama.cpp',
  probe: '/health',
  paths: [
    ...paths(ALIVE, 'GET /health', 'GET /v1/health'),
    ...paths(withOwnCap(CHAT), 'POST /v1/chat/completions', 'POST /chat/completions'),
    ...paths(withOwnCap(COMPLETION), 'POST /v1/completions'),
    ...paths(withOwnCap(RESPONSES), 'POST /v1/responses', 'POST /responses'),
    ...paths(MESSAGES, 'POST /v1/messages'),
    ...paths(COUNT_TOKENS, 'POST /v1/messages/count_tokens'),
    ...paths(INPUT_TOKENS, 'POST /v1/chat/completions/input_tokens', 'POST /chat/completions/input_tokens'),
    ...paths(INPUT_TOKENS, 'POST /v1/responses/input_tokens', 'POST /responses/input_tokens'),
    ...paths(API_CHAT, 'POST /api/chat'),
    ...paths(LLAMA_COMPLETION, 'POST /completion', 'POST /completions', 'POST /infill'),
    ...paths(EMBEDDINGS, 'POST /v1/embeddings'),
    ...paths(LLAMA_EMBEDDING, 'POST /embedding', 'POST /embeddings'),
    ...paths(RERANK, 'POST /v1/rerank', 'POST /v1/reranking', 'POST /rerank', 'POST /reranking'),
    ...paths(TOKENIZE, 'POST /tokenize', 'POST /detokenize', 'POST /apply-template'),
    ...paths(TRANSCRIPTION, 'POST /v1/audio/transcriptions', 'POST /audio/transcriptions'),
    ...paths(LIST, 'GET /v1/models', 'GET /models', 'GET /api/tags'),
    ...paths(READ, 'GET /props', 'GET /slots', 'GET /metrics', 'GET /lora-adapters', 'GET /api/show', 'POST /api/show'),
    ...paths(READ, 'GET /models/sse'),
    ...paths(
      CONTROL,
      'POST /props',
      'POST /slots/{id}',
      'POST /lora-adapters',
      'POST /models',
      'DELETE /models',
      'POST /models/load',
      'POST /models/unload',
      'POST /v1/chat/completions/control',
    ),
    // Whoever knows the name of a conversation reads and ends the answers of another caller there.
    ...paths(NEVER, 'GET /v1/stream', 'DELETE /v1/stream', 'POST /v1/streams/lookup'),
    ...paths(NEVER, 'GET /cors-proxy', 'POST /cors-proxy', 'HEAD /cors-proxy', 'GET /tools', 'POST /tools'),
  ],
  fields: {
    n_discard: least(0),
    n_keep: least(-1),
    n_probs: most(20),
    n_cmpl: most(8),
    id_slot: refuseUnless(/^-1$/, 'it reads what another caller left in that slot'),
    cache_prompt: refuseUnless(/^true$/, 'how prompts are cached is for the operator'),
    grammar: bytes(MOST_GRAMMAR_BYTES),
    grammar_triggers: refuse('its patterns can keep the engine busy for ever, or end it'),
    chat_parser: refuse('a parser of the caller runs inside the engine'),
    json_schema: SCHEMA,
    repeat_last_n: most(MOST_TOKENS_LOOKED_BACK),
    dry_penalty_last_n: most(MOST_TOKENS_LOOKED_BACK),
    lora: entries(64),
    samplers: entries(64),
    dry_sequence_breakers: entries(64),
  },
};
