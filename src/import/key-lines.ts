import { Secret } from '../core/secret.js';
import type { ImportedKey } from '../keys/key.js';
import { counted, UnreadableFile, Verdicts, type Reading } from './reading.js';

const MOST_KEYS = 100_000;
const LONGEST = 4096;

/** A key that may use every model, with its secret, as engines know them. */
export function plainKey(name: string, secret: string): ImportedKey {
  return {
    name,
    owner: null,
    scopes: ['infer'],
    models: [],
    labels: {},
    createdAt: null,
    expiresAt: null,
    disabled: false,
    secret: { text: new Secret(secret) },
  };
}

/** Reads a key file of llama.cpp or vLLM: one key a line. A file of variables is read for `VLLM_API_KEY` and `LLAMA_API_KEY`. */
export function readKeyLines(text: string): Reading {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (/^\s*[{[<]/.test(text) || lines.some((line) => /:\s*$/.test(line))) throw unknownFile();
  const variables = lines.flatMap((line) => variableIn(line) ?? []);
  const found = variables.length > 0 ? variables : lines;
  if (found.length > MOST_KEYS) throw new UnreadableFile('has more lines than any file of keys');
  if (variables.length === 0 && found.some((line) => /\s/.test(line.trim()) || line.length > LONGEST))
    throw unknownFile();
  const unique = [...new Set(found.map((line) => line.trim()))];
  const verdicts = new Verdicts();
  const field = variables.length > 0 ? 'API key' : 'lines';
  verdicts.taken(field, `${counted(unique.length, 'key')}, each with the scope infer; clients keep them`);
  if (unique.length < found.length)
    verdicts.refused(field, `${counted(found.length - unique.length, 'line')} repeat another one`);
  return {
    format: 'keys of a model server',
    fields: verdicts.fields,
    keys: unique.map((secret, index) => plainKey(`engine-${index + 1}`, secret)),
    configuration: null,
    advice: [
      'Give the model server a new key that only Keyporter knows (`api_key` of its replica), or clients can pass Keyporter by.',
    ],
  };
}

function unknownFile(): UnreadableFile {
  return new UnreadableFile('is none of the files that `keyporter import --help` lists');
}

function variableIn(line: string): string | null {
  const value = /^(?:export\s+)?(?:VLLM_API_KEY|LLAMA_API_KEY)=(.+)$/.exec(line.trim())?.[1];
  return value === undefined ? null : value.replace(/^(['"])(.*)\1$/, '$2');
}
