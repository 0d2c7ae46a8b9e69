import type { FieldRule } from '../../core/field-rule.js';
import {
  ALIVE,
  CHAT,
  COMPLETION,
  CONTROL,
  EMBEDDINGS,
  IMAGE,
  LIST,
  MESSAGES,
  NEVER,
  OLLAMA_CHAT,
  OLLAMA_EMBED,
  OLLAMA_READ,
  paths,
  READ,
  RESPONSES,
  type Engine,
  type PathKind,
} from './engine.js';
import { least, most, refuse, refuseUnless, SCHEMA } from './every-engine.js';

/** Each of them makes Ollama load the model anew for everybody. */
const RELOADS = 'it loads the model anew for every caller';
const reload: FieldRule = refuse(RELOADS);

/** Caps go to the runner as they come, and that reads 0 as no end. */
const asItComes = (kind: PathKind): PathKind => ({ ...kind, zeroIsNone: true });
/** The newer name of the cap is passed over. */
const OLDER_CHAT: PathKind = { ...CHAT, caps: ['max_tokens'] };

export const ollama: Engine = {
  title: 'Ollama',
  probe: '/api/version',
  paths: [
    ...paths(ALIVE, 'GET /', 'HEAD /', 'GET /api/version', 'HEAD /api/version'),
    ...paths(OLLAMA_CHAT, 'POST /api/chat', 'POST /api/generate'),
    ...paths(OLLAMA_EMBED, 'POST /api/embed', 'POST /api/embeddings'),
    ...paths(OLLAMA_READ, 'POST /api/show', 'GET /api/tags', 'HEAD /api/tags', 'GET /api/ps'),
    ...paths(asItComes(OLDER_CHAT), 'POST /v1/chat/completions'),
    ...paths(asItComes(COMPLETION), 'POST /v1/completions'),
    ...paths(asItComes(RESPONSES), 'POST /v1/responses'),
    ...paths(MESSAGES, 'POST /v1/messages'),
    ...paths(EMBEDDINGS, 'POST /v1/embeddings'),
    ...paths(IMAGE, 'POST /v1/images/generations', 'POST /v1/images/edits'),
    ...paths(LIST, 'GET /v1/models', 'GET /v1/models/{model}'),
    ...paths(READ, 'HEAD /api/blobs/{digest}'),
    ...paths(CONTROL, 'POST /api/pull', 'POST /api/push', 'POST /api/create', 'POST /api/copy', 'DELETE /api/delete'),
    ...paths(NEVER, 'POST /api/blobs/{digest}', 'POST /api/me', 'POST /api/signout', 'DELETE /api/user/keys/{key}'),
  ],
  fields: {
    keep_alive: refuseUnless(
      /^(?:[1-9]\d{0,5}|"[1-9]\d{0,5}(?:ms|s|m|h)?")$/,
      'unloading a model, or keeping it for ever, is for the operator',
    ),
    template: refuseUnless(/^""$/, 'a template of the caller runs inside the engine'),
    format: SCHEMA,
    options: {
      kind: 'members',
      members: {
        num_ctx: most(131_072),
        num_keep: least(-1),
        num_gpu: reload,
        main_gpu: reload,
        num_thread: reload,
        num_batch: reload,
        numa: reload,
        use_mmap: reload,
        use_mlock: reload,
        low_vram: reload,
        vocab_only: reload,
      },
    },
  },
};
