import { CHAT, COMPLETION, EMBEDDINGS, IMAGE, IMAGE_EDIT, LIST, MESSAGES, NEVER, paths, REALTIME, RERANK, RESPONSES, SPEECH, TRANSCRIPTION, type Engine } from './engine.js';

export const openaiCompatible: Engine = {
  title: 'OpenAI-compatible',
  probe: '/v1/models',
  paths: [
    ...paths(CHAT, 'POST /v1/chat/completions'),
    ...paths(COMPLETION, 'POST /v1/completions'),
    ...paths(RESPONSES, 'POST /v1/responses', 'GET /v1/responses/{id}', 'DELETE /v1/responses/{id}'),
    ...paths(MESSAGES, 'POST /v1/messages'),
    ...paths(EMBEDDINGS, 'POST /v1/embeddings'),
    ...paths(RERANK, 'POST /v1/rerank', 'POST /v2/rerank', 'POST /v1/score'),
    ...paths(SPEECH, 'POST /v1/audio/speech'),
    ...paths(TRANSCRIPTION, 'POST /v1/audio/transcriptions', 'POST /v1/audio/translations'),
    ...paths(IMAGE, 'POST /v1/images/generations'),
    ...paths(IMAGE_EDIT, 'POST /v1/images/edits', 'POST /v1/images/variations'),
    ...paths(REALTIME, 'GET /v1/realtime'),
    ...paths(LIST, 'GET /v1/models', 'GET /v1/models/{model}'),
    ...paths(NEVER, 'DELETE /v1/models/{model}', 'GET /v1/files', 'POST /v1/files', 'GET /v1/files/{id}', 'DELETE /v1/files/{id}', 'GET /v1/files/{id}/content'),
    ...paths(NEVER, 'POST /v1/batches', 'GET /v1/batches', 'POST /v1/fine_tuning/jobs', 'POST /v1/assistants', 'POST /v1/threads', 'POST /v1/vector_stores', 'POST /v1/uploads', 'POST /v1/moderations'),
  ],
  fields: {},
};
