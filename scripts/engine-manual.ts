import type { FieldRule, FieldRules } from '../src/core/field-rule.js';
import type { Engine, EnginePath, PathClass } from '../src/replicas/engines/engine.js';
import { EVERY_ENGINE } from '../src/replicas/engines/every-engine.js';
import { ENGINES } from '../src/replicas/engines/table.js';

const CLASSES: Record<PathClass, string> = {
  infer: 'any scope under `infer`',
  'infer:chat': '`infer:chat`',
  'infer:embeddings': '`infer:embeddings`',
  'infer:rerank': '`infer:rerank`',
  'infer:audio': '`infer:audio`',
  'infer:images': '`infer:images`',
  'infer:realtime': '`infer:realtime`',
  'engine:read': '`engine:read`',
  'engine:control': '`engine:control`',
  alive: '`engine:read`',
  never: 'nobody',
};

const MODEL: Record<EnginePath['model'], string> = { body: 'body', form: 'part `model`', query: 'query', none: '' };

/** What Keyporter knows of each engine: who may ask which of its paths, and what a body may not hold. */
export function engineManual(mark: string): string {
  return [
    mark,
    '',
    '# Engines',
    '',
    'Keyporter knows the paths of the model servers it stands in front of. Inference is asked under the same path here as at',
    'the engine, where Keyporter has that route; which model is meant stands in the request. What an engine tells about itself',
    'and what changes it is asked as `/engines/{model}/<path>` with the scopes `engine:read` and `engine:control`, which no key',
    'has unless it was given them. Names of models may have slashes there, written as they are or as `%2F`. What a table does',
    'not have is refused, whatever the scope; so is what it marks as open to nobody: inference past the names of models, files',
    'of the server, code.',
    '',
    'A model with several servers answers such a path from one of them.',
    '',
    '## Members of a body, whichever the engine',
    '',
    'Other members pass as they are. `fields.deny` and `fields.clamp` of a model add to this and win over it. Where it is not',
    'certain which engine answers, the rules of all of them hold.',
    '',
    ...fieldRows({ ...EVERY_ENGINE, n: { kind: 'most', most: 8 }, best_of: { kind: 'most', most: 8 } }),
    '',
    ...Object.entries(ENGINES).flatMap(([name, engine]) => engineChapter(name, engine)),
  ].join('\n');
}

function engineChapter(name: string, engine: Engine): string[] {
  return [
    `## ${engine.title}`,
    '',
    `\`engine: ${name}\`. Readiness is asked at \`${engine.probe}\`, unless \`readiness_probe.path\` says otherwise.`,
    '',
    row(['Path', 'Open to', 'Model in', 'Caps on tokens', 'Tokens used stand in']),
    row(['---', '---', '---', '---', '---']),
    ...engine.paths.map((path) =>
      row([
        `\`${path.method} ${path.path}\``,
        CLASSES[path.class],
        MODEL[path.model],
        path.caps.map((cap) => `\`${cap}\``).join(', '),
        path.usage ?? '',
      ]),
    ),
    '',
    ...(Object.keys(engine.fields).length === 0 ? [] : [...fieldRows(engine.fields), '']),
  ];
}

function fieldRows(rules: FieldRules): string[] {
  return [
    row(['Member', 'What happens']),
    row(['---', '---']),
    ...Object.entries(rules).flatMap(([name, rule]) => ruleRows(name, rule)),
  ];
}

function ruleRows(name: string, rule: FieldRule): string[] {
  if (rule.kind === 'members')
    return Object.entries(rule.members).flatMap(([inner, its]) => ruleRows(`${name}.${inner}`, its));
  return [row([`\`${name}\``, sentence(rule)])];
}

function sentence(rule: Exclude<FieldRule, { kind: 'members' }>): string {
  switch (rule.kind) {
    case 'refuse':
      return `refused: ${rule.why}${rule.unless === undefined ? '' : `; \`${rule.unless.source.replaceAll('|', '\\|')}\` passes`}`;
    case 'most':
      return `at most ${rule.most}`;
    case 'least':
      return `at least ${rule.least}`;
    case 'bytes':
      return `at most ${rule.most} bytes`;
    case 'entries':
      return `at most ${rule.most} entries`;
  }
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
