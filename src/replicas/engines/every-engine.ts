import type { FieldRule, FieldRules } from '../../core/field-rule.js';

/** Refused, whatever the value. */
export const refuse = (why: string): FieldRule => ({ kind: 'refuse', why });
/** Refused, except for values whose JSON text fits. */
export const refuseUnless = (unless: RegExp, why: string): FieldRule => ({ kind: 'refuse', why, unless });
export const most = (number: number): FieldRule => ({ kind: 'most', most: number });
export const least = (number: number): FieldRule => ({ kind: 'least', least: number });
export const bytes = (number: number): FieldRule => ({ kind: 'bytes', most: number });
export const entries = (number: number): FieldRule => ({ kind: 'entries', most: number });

/** Schemas and grammars are compiled by the engine, some of them in time that grows faster than their length. */
export const SCHEMA = bytes(262_144);
export const GRAMMAR = bytes(65_536);
export const PATTERN = bytes(4096);

const ELSEWHERE = 'it would send the request to another place';

/** What no engine is sent, whichever it is. */
export const EVERY_ENGINE: FieldRules = {
  api_base: refuse(ELSEWHERE),
  base_url: refuse(ELSEWHERE),
  custom_host: refuse(ELSEWHERE),
  api_key: refuse('keys for model servers come from the configuration'),
  models: refuse('it names models besides the one that was judged'),
  fallbacks: refuse('it names models besides the one that was judged'),
  // A word is the background of a picture.
  background: refuseUnless(
    /^(?:false|"(?:transparent|opaque|auto)")$/,
    'what goes on behind its answer could be neither counted nor ended',
  ),
  chat_template: refuse('a template of the caller runs inside the engine'),
  chat_template_kwargs: {
    kind: 'members',
    members: { chat_template: refuse('a template of the caller runs inside the engine') },
  },
  logprobs: most(20),
  top_logprobs: most(20),
  stop: entries(64),
  logit_bias: entries(1024),
  response_format: SCHEMA,
};
