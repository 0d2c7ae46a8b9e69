import { upstreamUrlFault } from '../config/upstream-url.js';
import { secretKeys } from './key-lines.js';
import { counted, Verdicts, type Reading } from './reading.js';

const NAMES = ['api-key', 'api_key'];

/** True for a file of vLLM's `--config` that holds keys. */
export function isVllmConfig(root: Readonly<Record<string, unknown>>): boolean {
  return (
    NAMES.some((name) => name in root) &&
    Object.values(root).every((value) => typeof value !== 'object' || Array.isArray(value))
  );
}

/** Reads the keys and the address of a vLLM server. */
export function readVllmConfig(root: Record<string, unknown>): Reading {
  const verdicts = new Verdicts();
  const field = NAMES.find((name) => name in root) ?? 'api-key';
  const listed: readonly unknown[] = [root[field]].flat();
  const secrets = [...new Set(listed.filter((value): value is string => typeof value === 'string' && value !== ''))];
  const keys = secretKeys('vllm', secrets, { field: `${field}, key`, verdicts });
  verdicts.taken(field, `${counted(keys.length, 'key')}, each with the scope infer; clients keep them`);
  if (secrets.length < listed.length) verdicts.refused(field, 'what is no text or stands there twice is left out');
  const { model, port, host } = root;
  const names = [root['served-model-name'] ?? root['served_model_name'] ?? []].flat().filter(isName);
  const [name = isName(model) ? model : '*', ...aliases] = names;
  if (names.length > 0) verdicts.taken('served-model-name', 'name of the model, and its aliases');
  if (isName(model)) verdicts.taken('model', names.length > 0 ? 'is known by its served name' : 'name of the model');
  const isPort = typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535;
  if (isPort) verdicts.taken('port', 'port of the model server');
  else if (port !== undefined) verdicts.refused('port', 'is no port; 8000 stands in its place');
  verdicts.refuseUnknown(root, [...NAMES, 'model', 'port', 'host', 'served-model-name', 'served_model_name']);
  const url = `http://${hostOf(host, verdicts)}:${isPort ? port : 8000}`;
  return {
    format: 'vLLM configuration',
    fields: verdicts.fields,
    keys,
    configuration: {
      models: { [name]: { ...(aliases.length === 0 ? {} : { aliases }), engine: 'vllm', replicas: [{ url }] } },
    },
    advice: [
      'Give vLLM a new key that only Keyporter knows (`api_key` of its replica), or clients can pass Keyporter by.',
    ],
  };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** The address at which this machine reaches the server: one that stands for every address is none to ask. */
function hostOf(host: unknown, verdicts: Verdicts): string {
  if (host === undefined) return '127.0.0.1';
  const named = typeof host === 'string' && host.includes(':') ? `[${host}]` : host;
  const isUsable = typeof named === 'string' && upstreamUrlFault(`http://${named}:8000`) === null;
  if (isUsable) verdicts.taken('host', 'address of the model server');
  else verdicts.approximated('host', '127.0.0.1 stands in its place');
  return isUsable ? named : '127.0.0.1';
}
