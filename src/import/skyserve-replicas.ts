import { nearest } from '../core/nearest.js';
import { isObject } from './reading.js';
import { fault } from './skyserve-fault.js';

export const POLICIES = ['round_robin', 'least_load', 'instance_aware_least_load'] as const;
type Policy = (typeof POLICIES)[number];

/** How many replicas there are to be, and who of them is asked. */
export interface ReplicaPlan {
  min: number;
  max: number;
  /** Requests a second for each replica, or for each replica with such an accelerator. */
  targetQps: number | Readonly<Record<string, number>> | null;
  policy: Policy;
  /** Members that mean something to a cloud alone. */
  unused: readonly string[];
}

const MEMBERS = [
  'min_replicas',
  'max_replicas',
  'target_qps_per_replica',
  'upscale_delay_seconds',
  'downscale_delay_seconds',
  'num_overprovision',
  'base_ondemand_fallback_replicas',
  'dynamic_ondemand_fallback',
  'spot_placer',
];
const UNUSED = MEMBERS.slice(3);
const DELAYS = ['upscale_delay_seconds', 'downscale_delay_seconds'];

/** Reads `replicas` or `replica_policy`, and the policy of balancing, of the section `service`. */
export function readReplicas(service: Readonly<Record<string, unknown>>): ReplicaPlan {
  const { replicas, replica_policy: asked } = service;
  if (isGiven(replicas) && isGiven(asked))
    throw fault('Cannot specify both `replicas` and `replica_policy` in the service YAML. Please use one of them.');
  const plan = isGiven(asked) ? policyOf(asked) : fixed(replicas);
  const policy = balancing(service['load_balancing_policy']);
  if ((policy === 'instance_aware_least_load') !== isObject(plan.targetQps))
    throw fault(
      'target_qps_per_replica as a map from accelerators to numbers and load_balancing_policy: instance_aware_least_load require each other.',
    );
  return { ...plan, policy };
}

function fixed(replicas: unknown): Omit<ReplicaPlan, 'policy'> {
  const count = isGiven(replicas) ? wholeNumber(replicas, 'service.replicas', 1) : 1;
  return { min: count, max: count, targetQps: null, unused: [] };
}

function policyOf(asked: unknown): Omit<ReplicaPlan, 'policy'> {
  if (!isObject(asked)) throw fault('Invalid service YAML: `service.replica_policy` must be a map.');
  const unknown = Object.keys(asked).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, MEMBERS);
    throw fault(
      `Invalid service YAML: \`service.replica_policy.${unknown}\` is not known${meant === null ? '' : `; did you mean \`${meant}\`?`}`,
    );
  }
  const late = DELAYS.find((name) => isGiven(asked[name]) && typeof asked[name] !== 'number');
  if (late !== undefined) throw fault(`Invalid service YAML: \`service.replica_policy.${late}\` must be a number.`);
  if (!isGiven(asked['min_replicas']))
    throw fault('Invalid service YAML: `service.replica_policy.min_replicas` is missing.');
  const min = wholeNumber(asked['min_replicas'], 'service.replica_policy.min_replicas', 0);
  const max = isGiven(asked['max_replicas'])
    ? wholeNumber(asked['max_replicas'], 'service.replica_policy.max_replicas', 0)
    : min;
  const targetQps = targetOf(asked['target_qps_per_replica']);
  if (max < min)
    throw fault(
      `max_replicas must be greater than or equal to min_replicas. Found: min_replicas=${min}, max_replicas=${max}`,
    );
  if (targetQps !== null && !isGiven(asked['max_replicas']))
    throw fault('max_replicas must be set where target_qps_per_replica is set.');
  if (max !== min && targetQps === null)
    throw fault(
      'Detected different min_replicas and max_replicas while target_qps_per_replica is not set. To enable autoscaling, please set target_qps_per_replica.',
    );
  return { min, max, targetQps, unused: UNUSED.filter((name) => isGiven(asked[name])) };
}

function targetOf(value: unknown): ReplicaPlan['targetQps'] {
  if (!isGiven(value)) return null;
  if (typeof value === 'number' && value >= 0) return value;
  if (
    isObject(value) &&
    Object.entries(value).every(([name, qps]) => /^[A-Z0-9]+(:\d+)?$/.test(name) && typeof qps === 'number')
  )
    return value as Record<string, number>;
  throw fault(
    'Invalid service YAML: `target_qps_per_replica` must be a number, or a map from accelerators such as A100 or A100:2 to numbers.',
  );
}

function balancing(value: unknown): Policy {
  if (!isGiven(value)) return 'least_load';
  const known = POLICIES.find((policy) => policy === value);
  if (known === undefined)
    throw fault(
      `Unknown load balancing policy: ${String(value)}. Available policies: [${POLICIES.map((name) => `'${name}'`).join(', ')}]`,
    );
  return known;
}

function wholeNumber(value: unknown, field: string, least: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
  throw fault(`Invalid service YAML: \`${field}\` must be a whole number from ${least} up.`);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
