import { ALIVE, CHAT, COMPLETION, CONTROL, COUNT_TOKENS, EMBEDDINGS, LIST, LLAMA_COMPLETION, LLAMA_EMBEDDING, MESSAGES, NEVER, OLLAMA_CHAT, paths, READ, RERANK, RESPONSES, TOKENIZE, TRANSCRIPTION, type Engine } from './engine.js';
import { entries, GRAMMAR, least, most, refuseUnless, SCHEMA } from './every-engine.js';

export const llamaCpp: Engine = {
  title: 'llama.cpp',
  probe: '/health',
  paths: [
    ...paths(ALIVE, 'GET /health', 'GET /v1/health'),
    ...paths(CHAT, 'POST /v1/chat/completions', 'POST /chat/completions'),
    ...paths(COMPLETION, 'POST /v1/completions'),
    ...paths(RESPONSES, 'POST /v1/responses', 'POST /responses'),
    ...paths(MESSAGES, 'POST /v1/messages'),
    ...paths(COUNT_TOKENS, 'POST /v1/messages/count_tokens'),
    ...paths(OLLAMA_CHAT, 'POST /api/chat'),
    ...paths(LLAMA_COMPLETION, 'POST /completion', 'POST /completions', 'POST /infill'),
    ...paths(EMBEDDINGS, 'POST /v1/embeddings'),
    ...paths(LLAMA_EMBEDDING, 'POST /embedding', 'POST /embeddings'),
    ...paths(RERANK, 'POST /v1/rerank', 'POST /v1/reranking', 'POST /rerank', 'POST /reranking'),
    ...paths(TOKENIZE, 'POST /tokenize', 'POST /detokenize', 'POST /apply-template'),
    ...paths(TRANSCRIPTION, 'POST /v1/audio/transcriptions'),
    ...paths(LIST, 'GET /v1/models', 'GET /models', 'GET /api/tags'),
    ...paths(READ, 'GET /props', 'GET /slots', 'GET /metrics', 'GET /lora-adapters', 'GET /api/show', 'POST /api/show'),
    ...paths(CONTROL, 'POST /props', 'POST /slots/{id}', 'POST /lora-adapters', 'POST /models/load', 'POST /models/unload'),
    ...paths(NEVER, 'GET /cors-proxy', 'POST /cors-proxy', 'HEAD /cors-proxy', 'GET /tools', 'POST /tools'),
  ],
  fields: {
    n_discard: least(0),
    n_keep: least(-1),
    n_probs: most(20),
    n_cmpl: most(8),
    id_slot: refuseUnless(/^-1$/, 'it reads what another caller left in that slot'),
    cache_prompt: refuseUnless(/^true$/, 'how prompts are cached is for the operator'),
    grammar: GRAMMAR,
    json_schema: SCHEMA,
    lora: entries(64),
    samplers: entries(64),
    dry_sequence_breakers: entries(64),
  },
};
