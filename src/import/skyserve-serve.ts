import { fault } from './skyserve-fault.js';
import { modelNames, quoted, replicaScript } from './skyserve-run.js';
import type { ServiceTask } from './skyserve-task.js';
import { bearerVariable, fillText, fillValues, keyVariable, type Resolve } from './skyserve-text.js';

/** What only the machine and the command line know. */
export interface ServiceSurroundings {
  /** Values of variables, by name: from the command line, over those of the file. */
  given: Readonly<Record<string, string>>;
  listen: string;
  serve: readonly string[];
  /** Keeps a script and answers where it lies. */
  keepScript(text: string): string;
  /** Graphics processors of this machine. */
  gpuCount: number;
}

/** A service as this machine serves it. */
export interface ServicePlan {
  configuration: Record<string, unknown>;
  /** The key its clients have until now; null when the file names none. */
  sharedKey: string | null;
  /** Variables for the section `setup`, the shared key not among them. */
  variables: Readonly<Record<string, string>>;
  /** What is different from the original, one sentence each. */
  notes: readonly string[];
}

const BALANCE = {
  round_robin: 'round_robin',
  least_load: 'least_load',
  instance_aware_least_load: 'least_load',
} as const;

/** Plans the replicas of a service on this machine. Throws a `ServiceFault`. */
export function servicePlan(task: ServiceTask, around: ServiceSurroundings): ServicePlan {
  const values = valuesOf(task, around.given);
  const shared = sharedVariable(task, values);
  const resolve: Resolve = (name) => (Object.hasOwn(values, name) ? values[name] : undefined);
  if (task.run.trim() === '') throw fault('The service YAML has no `run` section, so there is nothing to serve.');
  if (task.port === null)
    throw fault('Set `resources.ports` (or `service.ports`) to the port the run section listens on.');
  const script = replicaScript(task, task.port);
  const processes = Math.max(task.plan.min, 1);
  if (!script.ownPort && processes > 1)
    throw fault(
      `The run section has no word \`--port ${task.port}\`, so its ${processes} replicas would all listen on that port. Write it there, or serve one replica.`,
    );
  const [model = '*', ...aliases] = modelNames(task.run, resolve);
  const gpus = gpusOf(task, processes, around.gpuCount);
  const variables = Object.fromEntries(Object.entries(values).filter(([name]) => name !== shared));
  const entry = {
    command: `bash ${quoted(around.keepScript(script.text))} {index} {port}`,
    processes,
    env: { ...environment(variables, gpus.length), ...(shared === null ? {} : { [shared]: '{api_key}' }) },
    ...(script.ownPort ? {} : { ports: `${task.port}-${task.port}` }),
    ...(gpus.length > 0 ? { gpus } : {}),
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(/\bvllm\b/.test(task.run) ? { engine: 'vllm' } : {}),
    balance: BALANCE[task.plan.policy],
    readiness_probe: probeOf(task, shared, resolve),
  };
  const listener = { listen: around.listen, serve: around.serve, profile: 'skyserve', ...tlsOf(task, resolve) };
  return {
    configuration: escaped({ listeners: [listener], models: { [model]: entry } }),
    sharedKey: shared === null ? null : (values[shared] ?? null),
    variables,
    notes: [...script.notes, ...notesOf(task, shared, { processes, gpus: gpus.length })],
  };
}

/** The values of all variables. Throws for one that must be given and was not. */
function valuesOf({ envs, secrets }: ServiceTask, given: Readonly<Record<string, string>>): Record<string, string> {
  const values: Record<string, string> = {};
  const add = (written: ServiceTask['envs'], kind: string, flag: string): void => {
    for (const [name, value] of Object.entries(written)) {
      const found = given[name] ?? value;
      if (found === null)
        throw fault(
          `${kind} variable '${name}' is None. Please set a value for it in task YAML or with ${flag} flag. To set it to be empty, use an empty string (${name}: "" in task YAML or ${flag} ${name}="" in CLI).`,
        );
      values[name] = found;
    }
  };
  add(envs, 'Environment', '--env');
  add(secrets, 'Secret', '--secret');
  return { ...given, ...values };
}

/** The variable that holds the key of the replicas: the probe sends it, or the script hands it to the engine. */
function sharedVariable({ probe, run }: ServiceTask, values: Readonly<Record<string, string>>): string | null {
  const header = Object.entries(probe.headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  const named = (header === undefined ? null : bearerVariable(header)) ?? keyVariable(run);
  return named !== null && Object.hasOwn(values, named) ? named : null;
}

function probeOf(task: ServiceTask, shared: string | null, resolve: Resolve): Record<string, unknown> {
  const { probe } = task;
  const own = Object.entries(probe.headers).filter(
    ([name, text]) => name.toLowerCase() !== 'authorization' || shared === null || bearerVariable(text) !== shared,
  );
  let usesShared = false;
  const body = probe.postData === null ? null : probe.postData;
  const fill: Resolve = (name) => {
    usesShared ||= name === shared;
    return resolve(name);
  };
  const filled = fillValues({ path: probe.path, headers: Object.fromEntries(own), body }, fill);
  if (usesShared)
    throw fault(
      `The probe sends ${shared ?? ''} elsewhere than in "Authorization: Bearer $${shared ?? ''}". Each replica has a private key in its place, which is sent there and nowhere else.`,
    );
  return {
    path: filled.path,
    method: probe.postData === null ? 'GET' : 'POST',
    headers: filled.headers,
    body: filled.body === null ? null : JSON.stringify(filled.body),
    interval_seconds: 10,
    timeout_seconds: Math.max(1, Math.ceil(probe.timeoutSeconds)),
    startup_grace_seconds: Math.max(1, Math.ceil(probe.initialDelaySeconds)),
  };
}

function tlsOf({ tls }: ServiceTask, resolve: Resolve): Record<string, unknown> {
  return tls === null
    ? {}
    : { tls: { cert_file: fillText(tls.certFile, resolve), key_file: fillText(tls.keyFile, resolve) } };
}

/** Each replica has one, when all of them can. */
function gpusOf({ resources }: ServiceTask, processes: number, count: number): number[] {
  return resources['accelerators'] !== undefined && count >= processes
    ? Array.from({ length: processes }, (_, index) => index)
    : [];
}

function environment(values: Readonly<Record<string, string>>, gpus: number): Record<string, string> {
  const unclear = Object.entries(values).find(([, value]) => /\{[a-z][a-z_]*\}/.test(value))?.[0];
  if (unclear !== undefined)
    throw fault(
      `The value of ${unclear} holds a word in braces, which cannot be handed on. Read it from a file in the run section.`,
    );
  return {
    ...values,
    SKYPILOT_NODE_IPS: '127.0.0.1',
    SKYPILOT_NUM_NODES: '1',
    SKYPILOT_NODE_RANK: '0',
    ...(gpus > 0 ? { SKYPILOT_NUM_GPUS_PER_NODE: '1' } : {}),
  };
}

function notesOf(
  task: ServiceTask,
  shared: string | null,
  { processes, gpus }: { processes: number; gpus: number },
): string[] {
  const { plan, resources } = task;
  const notes: string[] = [];
  if (shared === null)
    notes.push(
      'No variable holds a key of the replicas, so they answer everybody on this machine. Start the engine with `--api-key $AUTH_TOKEN`.',
    );
  else
    notes.push(
      `Each replica has a private key in ${shared}; the value given for it is the clients' key \`legacy-shared\`.`,
    );
  if (shared !== null && keyVariable(task.run) === shared)
    notes.push(
      `The run section puts ${shared} on a command line, where every user of this machine can read that private key.`,
    );
  if (plan.max !== plan.min || plan.min === 0)
    notes.push(
      `Replicas are not scaled with the load: ${processes} run all the time, where ${plan.min} to ${plan.max} were asked for.`,
    );
  if (plan.policy === 'instance_aware_least_load')
    notes.push('All replicas run on this machine, so instance_aware_least_load is least_load.');
  if (resources['accelerators'] !== undefined)
    notes.push(
      gpus > 0
        ? 'Each replica sees one accelerator, through CUDA_VISIBLE_DEVICES.'
        : `This machine has no accelerator for each of ${processes} replicas, so every one sees all there are.`,
    );
  const unused = [
    ...plan.unused,
    ...task.unused,
    ...Object.keys(resources)
      .filter((name) => !['accelerators', 'ports'].includes(name))
      .map((name) => `resources.${name}`),
  ];
  if (unused.length > 0) notes.push(`Not used on one machine: ${unused.join(', ')}.`);
  return notes;
}

/** In a configuration `\${` begins a reference, and here it never does. */
function escaped<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value).replaceAll('${', '$$${')) as Value;
}
