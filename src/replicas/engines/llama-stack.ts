import { ALIVE, CHAT, COMPLETION, EMBEDDINGS, LIST, MESSAGES, NEVER, paths, READ, RERANK, RESPONSES, type Engine } from './engine.js';

export const llamaStack: Engine = {
  title: 'Llama Stack',
  probe: '/v1/health',
  paths: [
    ...paths(ALIVE, 'GET /v1/health', 'GET /v1/version'),
    ...paths(CHAT, 'POST /v1/chat/completions', 'POST /v1/openai/v1/chat/completions', 'POST /v1/inference/chat-completion'),
    ...paths(COMPLETION, 'POST /v1/completions', 'POST /v1/openai/v1/completions', 'POST /v1/inference/completion'),
    ...paths(RESPONSES, 'POST /v1/responses', 'GET /v1/responses/{id}', 'DELETE /v1/responses/{id}'),
    ...paths(MESSAGES, 'POST /v1/messages'),
    ...paths(EMBEDDINGS, 'POST /v1/embeddings', 'POST /v1/openai/v1/embeddings', 'POST /v1/inference/embeddings'),
    ...paths(RERANK, 'POST /v1alpha/inference/rerank'),
    ...paths(LIST, 'GET /v1/models', 'GET /v1/models/{model}', 'GET /v1/openai/v1/models'),
    ...paths(READ, 'GET /v1/inspect/routes', 'GET /v1/providers', 'GET /v1/providers/{id}'),
    // Everything else of it goes by the rules of a listener of its own, not by a scope of engines.
    ...paths(NEVER, 'POST /v1/models', 'DELETE /v1/models/{model}', 'GET /v1/files', 'POST /v1/files', 'GET /v1/tools', 'GET /v1/toolgroups', 'POST /v1/toolgroups', 'GET /v1/tool-runtime/list-tools', 'POST /v1/tool-runtime/invoke'),
    ...paths(NEVER, 'GET /v1/shields', 'POST /v1/shields', 'POST /v1/safety/run-shield', 'GET /v1/datasets', 'POST /v1/datasets', 'GET /v1/vector_stores', 'POST /v1/vector_stores', 'POST /v1/vector-io/insert', 'POST /v1/vector-io/query', 'POST /v1/moderations'),
  ],
  fields: {},
};
