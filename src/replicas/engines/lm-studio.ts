import {
  CHAT,
  COMPLETION,
  CONTROL,
  EMBEDDINGS,
  LIST,
  MESSAGES,
  NEVER,
  paths,
  READ,
  RESPONSES,
  type Engine,
} from './engine.js';
import { least, refuse } from './every-engine.js';

export const lmStudio: Engine = {
  title: 'LM Studio',
  probe: '/v1/models',
  paths: [
    ...paths(CHAT, 'POST /v1/chat/completions', 'POST /api/v0/chat/completions'),
    ...paths(COMPLETION, 'POST /v1/completions', 'POST /api/v0/completions'),
    ...paths(RESPONSES, 'POST /v1/responses'),
    ...paths(MESSAGES, 'POST /v1/messages'),
    ...paths(EMBEDDINGS, 'POST /v1/embeddings', 'POST /api/v0/embeddings'),
    ...paths(LIST, 'GET /v1/models', 'GET /api/v0/models', 'GET /api/v0/models/{model}'),
    ...paths(READ, 'GET /api/v1/models', 'GET /api/v1/models/download/status/{id}'),
    ...paths(CONTROL, 'POST /api/v1/models/load', 'POST /api/v1/models/unload', 'POST /api/v1/models/download'),
    ...paths(NEVER, 'POST /api/v1/chat'),
  ],
  fields: {
    draft_model: refuse('it names a model besides the one that was judged'),
    ttl: least(1),
    integrations: refuse('it makes the engine call other servers'),
  },
};
