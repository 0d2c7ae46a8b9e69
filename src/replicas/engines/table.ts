import type { FieldRules } from '../../core/field-rule.js';
import type { EngineName } from '../model.js';
import type { Engine, EnginePath } from './engine.js';
import { EVERY_ENGINE } from './every-engine.js';
import { llamaCpp } from './llama-cpp.js';
import { llamaStack } from './llama-stack.js';
import { lmStudio } from './lm-studio.js';
import { ollama } from './ollama.js';
import { openaiCompatible } from './openai-compatible.js';
import { orchestra } from './orchestra.js';
import { sglang } from './sglang.js';
import { vllm } from './vllm.js';

/** Every kind of model server Keyporter knows, by the word of the configuration. */
export const ENGINES = {
  'llama.cpp': llamaCpp,
  vllm,
  sglang,
  ollama,
  lmstudio: lmStudio,
  openai: openaiCompatible,
  orchestra,
  'llama-stack': llamaStack,
} as const satisfies Partial<Record<EngineName, Engine>>;

/** The table of an engine; a server that told nothing else is taken for an OpenAI-compatible one. */
export function engineOf(name: EngineName): Engine {
  return name === 'demo' || name === 'unknown' ? openaiCompatible : ENGINES[name];
}

/** A segment of a path in which a caller may fill in something: an id, never another path. */
const SEGMENT = /^[A-Za-z0-9._:~-]{1,256}$/;

/** The entry of a path, with `{name}` filled in; null when the engine has no such path. */
export function findPath(engine: Engine, method: string, path: string): EnginePath | null {
  const asked = path.split('/');
  return engine.paths.find((one) => one.method === method && fits(one.path, asked)) ?? null;
}

function fits(pattern: string, asked: readonly string[]): boolean {
  const segments = pattern.split('/');
  if (segments.length !== asked.length) return false;
  return segments.every((segment, at) =>
    segment.startsWith('{') ? SEGMENT.test(asked[at] ?? '') : segment === asked[at],
  );
}

/** Engines of which it is certain what they read; behind all others any engine may stand. */
const CERTAIN: ReadonlySet<EngineName> = new Set(['llama.cpp', 'vllm', 'sglang', 'ollama', 'lmstudio']);

/** What holds for the members of a body that may go to any of these engines. */
export function fieldRulesOf(names: readonly EngineName[]): FieldRules {
  const certain = names.length > 0 && names.every((name) => CERTAIN.has(name));
  const engines = certain ? names.map(engineOf) : Object.values(ENGINES);
  return Object.assign({}, EVERY_ENGINE, ...engines.map(({ fields }) => fields)) as FieldRules;
}
