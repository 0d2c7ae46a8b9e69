import { nearest } from '../core/nearest.js';
import { isObject } from './reading.js';
import { fault } from './skyserve-fault.js';

/** How a replica is asked whether it is ready, as written. */
export interface ServiceProbe {
  path: string;
  headers: Readonly<Record<string, string>>;
  /** Set = the question is a POST with this JSON. */
  postData: unknown;
  initialDelaySeconds: number;
  timeoutSeconds: number;
}

const MEMBERS = ['path', 'headers', 'post_data', 'initial_delay_seconds', 'timeout_seconds'];
const USUAL_DELAY_SECONDS = 1200;
const USUAL_TIMEOUT_SECONDS = 15;

export function readProbe(value: unknown): ServiceProbe {
  const probe = typeof value === 'string' ? { path: value } : value;
  if (!isObject(probe)) throw fault('Invalid service YAML: `service.readiness_probe` must be a path or a map.');
  const unknown = Object.keys(probe).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, MEMBERS);
    throw fault(
      `Invalid service YAML: \`service.readiness_probe.${unknown}\` is not known${meant === null ? '' : `; did you mean \`${meant}\`?`}`,
    );
  }
  const { path } = probe;
  if (typeof path !== 'string') throw fault('Invalid service YAML: `service.readiness_probe.path` is missing.');
  if (!path.startsWith('/')) throw fault(`readiness_path must start with a slash (/). Got: ${path}`);
  return {
    path,
    headers: headersOf(probe['headers']),
    postData: postDataOf(probe['post_data']),
    initialDelaySeconds: numberOf(probe['initial_delay_seconds'] ?? USUAL_DELAY_SECONDS, 'initial_delay_seconds'),
    timeoutSeconds: secondsOf(probe['timeout_seconds'] ?? USUAL_TIMEOUT_SECONDS, 'timeout_seconds'),
  };
}

function headersOf(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value) || Object.values(value).some((text) => typeof text !== 'string'))
    throw fault('Invalid service YAML: `service.readiness_probe.headers` must be a map of texts.');
  return value as Record<string, string>;
}

function postDataOf(value: unknown): unknown {
  if (value === undefined || value === null || isObject(value)) return value ?? null;
  if (typeof value !== 'string')
    throw fault('Invalid service YAML: `service.readiness_probe.post_data` must be a map or JSON text.');
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw fault('Invalid JSON string for `post_data` in the `readiness_probe` section of your service YAML.');
  }
}

function secondsOf(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw fault(`Invalid service YAML: \`service.readiness_probe.${name}\` must be a number above 0.`);
}

/** A service may be given no time at all before its first failure counts. */
function numberOf(value: unknown, name: string): number {
  return value === 0 ? value : secondsOf(value, name);
}
