import { createHash } from 'node:crypto';
import type { ModelConfig } from '../config/schema.js';
import { fillPlaceholders, placeholdersOf, splitCommand, type Placeholder } from '../core/command-line.js';
import type { Secret } from '../core/secret.js';

/** What is read of a model that Keyporter starts itself. */
export type StartedModel = Pick<
  ModelConfig,
  'command' | 'shell' | 'processes' | 'env' | 'ports' | 'gpus' | 'takeover_seconds' | 'readiness_probe' | 'engine'
>;

export interface ProbeSettings {
  /** Null = what fits most engines. */
  path: string | null;
  method: 'GET' | 'HEAD' | 'POST';
  headers: Readonly<Record<string, Secret>>;
  body: string | null;
  intervalMs: number;
  timeoutMs: number;
  startupGraceMs: number;
}

/** One process as the configuration wants it. */
export interface Specification {
  /** Stable, readable, fit for URLs and file names: `gemma3-0`. */
  id: string;
  model: string;
  index: number;
  command: string;
  shell: boolean;
  env: Readonly<Record<string, Secret>>;
  ports: { from: number; to: number };
  gpu: number | null;
  takeoverMs: number;
  probe: ProbeSettings;
  engine: ModelConfig['engine'];
  /** It can be told a private key. */
  takesKey: boolean;
  takesKeyFile: boolean;
  /** The same for processes that need not be started anew: everything that reaches the process, and nothing else. */
  fingerprint: string;
}

/** Used when `ports` is not given. */
const USUAL_PORTS = '9100-9199';

/** The processes of all models that have a command, in order. */
export function specificationsOf(models: Readonly<Record<string, StartedModel>>, cwd: string): Specification[] {
  return Object.entries(models).flatMap(([name, model]) => {
    const { command } = model;
    if (command === null) return [];
    return Array.from({ length: model.processes }, (_, index) =>
      specification({ name, model: { ...model, command }, index, cwd }),
    );
  });
}

interface Wanted {
  name: string;
  model: StartedModel & { command: string };
  index: number;
  cwd: string;
}

function specification({ name, model, index, cwd }: Wanted): Specification {
  const { command, shell, env } = model;
  const gpu = model.gpus[index] ?? null;
  const values = Object.entries(env).map(([variable, value]) => [variable, value.reveal()] as const);
  const texts = [command, ...values.map(([, value]) => value)];
  const uses = (placeholder: Placeholder): boolean => texts.some((text) => placeholdersOf(text).used.has(placeholder));
  const [from = 0, to = 0] = (model.ports ?? USUAL_PORTS).split('-').map(Number);
  const probe = model.readiness_probe;
  return {
    id: processId(name, index),
    model: name,
    index,
    command,
    shell,
    env,
    ports: { from, to },
    gpu,
    takeoverMs: model.takeover_seconds * 1000,
    probe: {
      path: probe.path,
      method: probe.method,
      headers: probe.headers,
      body: probe.body,
      intervalMs: probe.interval_seconds * 1000,
      timeoutMs: probe.timeout_seconds * 1000,
      startupGraceMs: probe.startup_grace_seconds * 1000,
    },
    engine: model.engine,
    takesKey: uses('api_key') || uses('key_file'),
    takesKeyFile: uses('key_file'),
    fingerprint: createHash('sha256')
      .update(JSON.stringify([name, index, command, shell, values, gpu, cwd]))
      .digest('hex'),
  };
}

/** Names of models may hold anything; what is no part of a URL becomes a dash, and then a piece of a digest keeps two such names apart. */
function processId(model: string, index: number): string {
  const plain = model
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 60);
  const apart = plain === model ? '' : `-${createHash('sha256').update(model).digest('hex').slice(0, 6)}`;
  return `${plain || 'model'}${apart}-${index}`;
}

/** What is known only when the process starts. */
export interface StartValues {
  port: number;
  apiKey: string;
  /** Only with `takesKeyFile`. */
  keyFile: string;
}

/** The words of the command. The private key is never among them. */
export function argumentsOf({ command, shell, index }: Specification, { port, keyFile }: StartValues): string[] {
  const values = { port: String(port), index: String(index), key_file: keyFile, api_key: '' };
  if (shell) return ['/bin/sh', '-c', fillPlaceholders(command, { ...values, key_file: quoted(keyFile) })];
  const split = splitCommand(command);
  return split.fault === undefined ? split.words.map((word) => fillPlaceholders(word, values)) : [];
}

/** The whole environment: what every program needs, what the file names, and nothing of Keyporter's own. */
export function environmentOf(
  { env, index, gpu }: Specification,
  { port, apiKey, keyFile }: StartValues,
  inherited: Readonly<Record<string, string>>,
): Record<string, string> {
  const values = { port: String(port), index: String(index), key_file: keyFile, api_key: apiKey };
  const own = Object.entries(env).map(([name, value]) => [name, fillPlaceholders(value.reveal(), values)] as const);
  return { ...inherited, ...(gpu === null ? {} : { CUDA_VISIBLE_DEVICES: String(gpu) }), ...Object.fromEntries(own) };
}

function quoted(path: string): string {
  return /^[\w./-]*$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
