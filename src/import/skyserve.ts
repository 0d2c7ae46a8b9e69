import { isSecretName } from './command-secrets.js';
import { counted, UnreadableFile, Verdicts, type Reading } from './reading.js';
import { ServiceFault } from './skyserve-fault.js';
import { modelNames } from './skyserve-run.js';
import { readServiceTask, type ServiceTask } from './skyserve-task.js';
import { sharedKeyOf, sharedKeys, withoutSecretTexts, type Environment } from './skyserve-secrets.js';
import { fillText, fillValues, type Resolve } from './skyserve-text.js';

/** How many requests a second and a replica make a weight of one whole number each. */
const WEIGHTS_PER_QPS = 10;

/**
 * Reads a SkyServe service as the model of a gateway in front of it. Values of secrets stay references to the
 * environment; the one that clients share is looked for there too, and becomes a key.
 */
export function readSkyserve(root: Record<string, unknown>, { env, now }: { env: Environment; now: number }): Reading {
  const task = taskOf(root);
  const verdicts = new Verdicts();
  const resolve = references(task);
  const shared = sharedKeyOf(task, env);
  const port = task.port ?? 8000;
  const credential = shared === null ? {} : { api_key: `\${${shared.variable}}` };
  const replica = { url: `http://127.0.0.1:${port}`, ...credential };
  const [name = '*', ...aliases] = modelNames(task.run, resolve);
  const probe = probeOf(task, { keyHeader: shared?.header ?? null, resolve, verdicts });
  const model = {
    ...(aliases.length > 0 ? { aliases } : {}),
    ...(/\bvllm\b/.test(task.run) ? { engine: 'vllm' } : {}),
    replicas: [{ ...replica, ...weightOf(task) }],
    balance: { round_robin: 'round_robin', least_load: 'least_load', instance_aware_least_load: 'weighted_least_load' }[
      task.plan.policy
    ],
    readiness_probe: probe,
  };
  const keys = shared === null ? [] : sharedKeys(shared, now, verdicts);
  judge(task, verdicts, { port, shared: shared?.variable ?? null });
  return {
    format: 'SkyServe service',
    fields: verdicts.fields,
    keys,
    configuration: { ...tlsOf(task), models: { [name]: model } },
    advice: [
      `Put the endpoint of the service (sky serve status --endpoint NAME), or the endpoint of each replica, in place of ${replica.url}.`,
      'To run the service on this machine instead: keyporter serve --service FILE.',
    ],
  };
}

function taskOf(root: Record<string, unknown>): ServiceTask {
  try {
    return readServiceTask(root);
  } catch (error) {
    if (error instanceof ServiceFault) throw new UnreadableFile(`cannot be used: ${error.message}`, { cause: error });
    throw error;
  }
}

/** A plain value stands where it is used; a secret one is looked up when the gateway starts. */
function references(task: ServiceTask): Resolve {
  return (name) => {
    if (isLookedUp(task, name)) return `\${${name}}`;
    return task.envs[name]?.replaceAll('${', '$${');
  };
}

function isLookedUp({ envs, secrets }: ServiceTask, name: string): boolean {
  if (Object.hasOwn(secrets, name) || name.startsWith('PROBE_')) return true;
  return Object.hasOwn(envs, name) && (envs[name] === null || isSecretName(name));
}

function probeOf(
  { probe }: ServiceTask,
  { keyHeader, resolve, verdicts }: { keyHeader: string | null; resolve: Resolve; verdicts: Verdicts },
): Record<string, unknown> {
  const field = 'service.readiness_probe';
  verdicts.taken(field, `${probe.postData === null ? 'GET' : 'POST'} ${probe.path}, ready is status 200`);
  const others = Object.fromEntries(Object.entries(probe.headers).filter(([name]) => name !== keyHeader));
  const headers = withoutSecretTexts(others, `${field}.headers`, verdicts);
  const data = withoutSecretTexts(probe.postData, `${field}.post_data`, verdicts);
  return {
    path: fillText(probe.path, resolve),
    ...(probe.postData === null ? {} : { method: 'POST', body: JSON.stringify(fillValues(data, resolve)) }),
    ...(Object.keys(others).length === 0 ? {} : { headers: fillValues(headers, resolve) }),
    interval_seconds: 10,
    timeout_seconds: Math.max(1, Math.ceil(probe.timeoutSeconds)),
    startup_grace_seconds: Math.max(1, Math.ceil(probe.initialDelaySeconds)),
  };
}

/** The smallest target stands for a replica of unknown kind. */
function weightOf({ plan }: ServiceTask): Record<string, unknown> {
  if (typeof plan.targetQps !== 'object' || plan.targetQps === null) return {};
  const least = Math.min(...Object.values(plan.targetQps));
  return { weight: Math.min(1000, Math.max(1, Math.round(least * WEIGHTS_PER_QPS))) };
}

function tlsOf({ tls }: ServiceTask): Record<string, unknown> {
  return tls === null ? {} : { tls: { cert_file: tls.certFile, key_file: tls.keyFile } };
}

function judge(task: ServiceTask, verdicts: Verdicts, found: { port: number; shared: string | null }): void {
  const { plan, resources } = task;
  for (const name of Object.keys({ ...task.envs, ...task.secrets })) {
    const field = `${Object.hasOwn(task.secrets, name) ? 'secrets' : 'envs'}.${name}`;
    if (name === found.shared) continue;
    if (isLookedUp(task, name))
      verdicts.approximated(field, 'its value is not copied; where it is used it is looked up in the environment');
    else verdicts.taken(field, 'written out where it is used');
  }
  judgeReplicas(task, verdicts);
  verdicts.taken(
    'service.load_balancing_policy',
    plan.policy === 'instance_aware_least_load'
      ? 'weighted_least_load; give each replica the weight of its accelerator'
      : plan.policy,
  );
  if (task.port === null) verdicts.approximated('resources.ports', 'is not there; 8000 stands in its place');
  else verdicts.taken('resources.ports', `port ${found.port} of the replicas`);
  if (task.tls !== null) verdicts.taken('service.tls', 'certificate of the gateway');
  for (const name of plan.unused)
    verdicts.refused(`service.replica_policy.${name}`, 'means something to a cloud alone');
  for (const name of Object.keys(resources))
    if (name !== 'ports') verdicts.refused(`resources.${name}`, 'the engine goes on running where it runs');
  for (const name of task.unused) verdicts.refused(name, 'means something to a cloud alone');
  if (task.workdir !== null) verdicts.refused('workdir', 'the engine goes on running where it runs');
  if (task.run !== '') verdicts.refused('run', 'the engine is not started by the gateway');
  if (task.setup !== null) verdicts.refused('setup', 'the engine is not set up by the gateway');
}

function judgeReplicas({ plan }: ServiceTask, verdicts: Verdicts): void {
  if (plan.min === plan.max && plan.targetQps === null) {
    verdicts.approximated('service.replicas', `${counted(plan.min, 'replica')}; name the URL of each`);
    return;
  }
  verdicts.approximated(
    'service.replica_policy',
    `${plan.min} to ${plan.max} replicas; name the URL of each that runs`,
  );
  if (plan.targetQps !== null)
    verdicts.refused(
      'service.replica_policy.target_qps_per_replica',
      'Keyporter does not start or end replicas with the load',
    );
}
