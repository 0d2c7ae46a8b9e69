import { ALIVE, CHAT, NEVER, paths, READ, type Engine } from './engine.js';

const INFER = { ...CHAT, words: 'own', caps: ['max_tokens'], usage: null } as const;

export const orchestra: Engine = {
  title: 'Orchestra',
  probe: '/',
  paths: [
    ...paths(INFER, 'POST /infer'),
    ...paths(ALIVE, 'GET /'),
    ...paths(READ, 'GET /status', 'GET /metrics'),
    // Its logs hold prompts of other callers, and its dashboard shows them as HTML.
    ...paths(NEVER, 'GET /logs', 'GET /logs_json', 'GET /dashboard'),
  ],
  fields: {},
};
