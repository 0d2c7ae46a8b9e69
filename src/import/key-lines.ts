import { Secret } from '../core/secret.js';
import type { ImportedKey } from '../keys/key.js';
import { counted, UnreadableFile, Verdicts, type Reading } from './reading.js';
import { takeKey, warnOfShort } from './take-key.js';

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

/**
 * Reads a key file of llama.cpp or vLLM: one key a line, comments begin with a hash. A file of variables is
 * read for `VLLM_API_KEY` and `LLAMA_API_KEY`.
 */
export function readKeyLines(text: string): Reading {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (/^\s*[{[<]/.test(text) || lines.length === 0 || lines.some((line) => /:\s*$/.test(line))) throw unknownFile();
  const variables = lines.flatMap(variablesIn);
  const found = variables.length > 0 ? variables : lines;
  if (found.length > MOST_KEYS) throw new UnreadableFile('has more lines than any file of keys');
  if (variables.length === 0 && found.some((line) => /\s/.test(line.trim()) || line.length > LONGEST))
    throw unknownFile();
  const unique = [...new Set(found.map((line) => line.trim()))];
  const verdicts = new Verdicts();
  const field = variables.length > 0 ? 'API key' : 'lines';
  const keys = secretKeys('engine', unique, { field: 'key', verdicts });
  if (keys.length === 0)
    throw new UnreadableFile(`holds no key that can be taken: ${verdicts.fields[0]?.why ?? 'none is there'}`);
  verdicts.taken(field, `${counted(keys.length, 'key')}, each with the scope infer; clients keep them`);
  if (unique.length < found.length)
    verdicts.refused(field, `${counted(found.length - unique.length, 'line')} repeat another one`);
  return {
    format: 'keys of a model server',
    fields: verdicts.fields,
    keys,
    configuration: null,
    advice: [
      'Give the model server a new key that only Keyporter knows (`api_key` of its replica), or clients can pass Keyporter by.',
    ],
  };
}

/** A key for each secret, named by its place, with a warning for those that are short. */
export function secretKeys(
  name: string,
  secrets: readonly string[],
  { field, verdicts }: { field: string; verdicts: Verdicts },
): ImportedKey[] {
  return secrets.flatMap((secret, index) => {
    const place = `${field} ${index + 1}`;
    const taken = takeKey(place, plainKey(`${name}-${index + 1}`, secret), verdicts);
    if (taken.length > 0) warnOfShort(place, secret, verdicts);
    return taken;
  });
}

function unknownFile(): UnreadableFile {
  return new UnreadableFile('is none of the files that `keyporter import --help` lists');
}

/** llama.cpp takes several keys with commas between them; what stands behind a hash is a comment. */
function variablesIn(line: string): string[] {
  const [, name, written = ''] = /^(?:export\s+)?(VLLM_API_KEY|LLAMA_API_KEY)\s*=\s*(.+)$/.exec(line.trim()) ?? [];
  if (name === undefined) return [];
  const [, , quoted] = /^(['"])(.*?)\1\s*(?:#.*)?$/.exec(written) ?? [];
  const value = quoted ?? written.replace(/\s+#.*$/, '');
  const keys = name === 'LLAMA_API_KEY' ? value.split(',') : [value];
  return keys.filter((key) => key.trim() !== '');
}
