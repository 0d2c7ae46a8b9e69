import { plainKey } from './key-lines.js';
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
  verdicts.taken(field, `${counted(secrets.length, 'key')}, each with the scope infer; clients keep them`);
  const { model, port, host } = root;
  const served = root['served-model-name'] ?? root['served_model_name'] ?? model;
  const name = [served].flat().find((value) => typeof value === 'string');
  if (typeof name === 'string') verdicts.taken('model', 'name of the model');
  if (port !== undefined) verdicts.taken('port', 'port of the model server');
  verdicts.refuseUnknown(root, [field, 'model', 'port', 'host', 'served-model-name', 'served_model_name']);
  const address = typeof host === 'string' && host !== '0.0.0.0' ? host : '127.0.0.1';
  const url = `http://${address}:${typeof port === 'number' ? port : 8000}`;
  return {
    format: 'vLLM configuration',
    fields: verdicts.fields,
    keys: secrets.map((secret, index) => plainKey(`vllm-${index + 1}`, secret)),
    configuration: { models: { [typeof name === 'string' ? name : '*']: { engine: 'vllm', replicas: [{ url }] } } },
    advice: [
      'Give vLLM a new key that only Keyporter knows (`api_key` of its replica), or clients can pass Keyporter by.',
    ],
  };
}
