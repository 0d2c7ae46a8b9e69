import { readYaml } from '../config/yaml-tree.js';
import { nearest } from '../core/nearest.js';
import { isObject } from './reading.js';
import { readReplicas, type ReplicaPlan } from './skyserve-replicas.js';
import { fault } from './skyserve-fault.js';
import { readProbe, type ServiceProbe } from './skyserve-probe.js';

/** A SkyServe task as it is written: variables are not filled in yet. */
export interface ServiceTask {
  probe: ServiceProbe;
  plan: ReplicaPlan;
  /** Null = the file names none. */
  port: number | null;
  tls: { keyFile: string; certFile: string } | null;
  /** Null = must be given at the start. */
  envs: Readonly<Record<string, string | null>>;
  secrets: Readonly<Record<string, string | null>>;
  run: string;
  setup: string | null;
  workdir: string | null;
  resources: Readonly<Record<string, unknown>>;
  /** Members that mean something to a cloud alone. */
  unused: readonly string[];
}

const TASK = [
  'name',
  'workdir',
  'num_nodes',
  'resources',
  'envs',
  'secrets',
  'volumes',
  'file_mounts',
  'setup',
  'run',
  'service',
  'config',
  'experimental',
  'inputs',
  'outputs',
  'event_callback',
  'file_mounts_mapping',
  'estimated',
  'pool',
];
const SERVICE = [
  'readiness_probe',
  'replicas',
  'replica_policy',
  'load_balancing_policy',
  'ports',
  'tls',
  'pool',
  'workers',
];
const UNUSED = [
  'num_nodes',
  'volumes',
  'file_mounts',
  'config',
  'experimental',
  'inputs',
  'outputs',
  'event_callback',
  'file_mounts_mapping',
  'estimated',
];

/** True for a YAML file that describes a SkyServe service. */
export function isServiceTask(root: Readonly<Record<string, unknown>>): boolean {
  return isObject(root['service']) && ('run' in root || 'resources' in root || 'envs' in root);
}

/** Reads the text of a service YAML. Throws a `ServiceFault` in the words of the original. */
export function readServiceText(text: string): ServiceTask {
  const { root, faults } = readYaml(text);
  if (root === undefined) {
    const sentences = new Set(faults.map(({ line, message }) => `line ${line}: ${message}`));
    throw fault(`Invalid service YAML: ${[...sentences].join('; ')}`);
  }
  return readServiceTask(root);
}

/** Reads a parsed service YAML. Throws a `ServiceFault`. */
export function readServiceTask(root: Readonly<Record<string, unknown>>): ServiceTask {
  const { service } = root;
  if (!isObject(service))
    throw fault('Service section not found in the YAML file. Add `service:` with a readiness_probe.');
  refuseUnknown(root, TASK, '');
  refuseUnknown(service, SERVICE, 'service.');
  if ('pool' in service || 'workers' in service || 'pool' in root)
    throw fault('Pools of batch workers cannot be served. Describe a service with `readiness_probe` and `replicas`.');
  const resources = isObject(root['resources']) ? root['resources'] : {};
  return {
    probe: readProbe(service['readiness_probe'] ?? '/'),
    plan: readReplicas(service),
    port: portOf(service['ports'], resources['ports']),
    tls: tlsOf(service['tls']),
    envs: variablesOf(root['envs'], 'envs'),
    secrets: variablesOf(root['secrets'], 'secrets'),
    run: textOf(root['run'], 'run') ?? '',
    setup: textOf(root['setup'], 'setup'),
    workdir: textOf(root['workdir'], 'workdir'),
    resources,
    unused: UNUSED.filter((name) => name in root),
  };
}

function refuseUnknown(members: Readonly<Record<string, unknown>>, known: readonly string[], under: string): void {
  const unknown = Object.keys(members).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  throw fault(
    `Invalid service YAML: \`${under}${unknown}\` is not known${meant === null ? '' : `; did you mean \`${under}${meant}\`?`}`,
  );
}

function portOf(main: unknown, opened: unknown): number | null {
  if (main !== undefined && main !== null) return onePort(main, 'service.ports');
  if (opened === undefined || opened === null) return null;
  const list: readonly unknown[] = Array.isArray(opened) ? opened : [opened];
  if (list.length !== 1 || /^\d+-\d+$/.test(String(list[0])))
    throw fault(
      'To open multiple ports on the replica, please set the `service.ports` field to specify a main service port. Must only specify one port in resources otherwise. Each replica will use the port specified as application ingress port.',
    );
  return onePort(list[0], 'resources.ports');
}

function onePort(value: unknown, field: string): number {
  const port = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw fault(`Invalid service YAML: \`${field}\` must be a port from 1 to 65535.`);
  return port;
}

function tlsOf(value: unknown): ServiceTask['tls'] {
  if (value === undefined || value === null) return null;
  if (isObject(value)) refuseUnknown(value, ['keyfile', 'certfile'], 'service.tls.');
  const { keyfile, certfile } = isObject(value) ? value : {};
  if (typeof keyfile !== 'string' || typeof certfile !== 'string')
    throw fault('Invalid service YAML: `service.tls` needs both `keyfile` and `certfile`.');
  return { keyFile: keyfile, certFile: certfile };
}

function variablesOf(value: unknown, field: string): Record<string, string | null> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw fault(`Invalid service YAML: \`${field}\` must be a map of variables.`);
  const entries = Object.entries(value).map(([name, member]): [string, string | null] => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw fault(`Invalid service YAML: \`${field}.${name}\` is no name of a variable.`);
    if (member === null || member === undefined) return [name, null];
    if (typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean')
      return [name, String(member)];
    throw fault(`Invalid service YAML: \`${field}.${name}\` must be text.`);
  });
  return Object.fromEntries(entries);
}

function textOf(value: unknown, field: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw fault(`Invalid service YAML: \`${field}\` must be text.`);
  return value;
}
