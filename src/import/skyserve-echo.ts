import type { ServiceTask } from './skyserve-task.js';

/** What SkyServe says about a service before it starts it, line by line. */
export function serviceSpecification(task: ServiceTask): string[] {
  const { probe, plan, tls } = task;
  const method = probe.postData === null ? `GET ${probe.path}` : `POST ${probe.path} ${JSON.stringify(probe.postData)}`;
  const headers = Object.keys(probe.headers).length === 0 ? '' : ' with custom headers';
  const facts: [string, string][] = [
    ['Readiness probe method', method + headers],
    ['Readiness initial delay seconds', String(probe.initialDelaySeconds)],
    ['Readiness probe timeout seconds', String(probe.timeoutSeconds)],
    ['Replica autoscaling policy', scaling(plan)],
    ['TLS Certificates', tls === null ? 'No TLS Enabled' : `Keyfile: ${tls.keyFile}, Certfile: ${tls.certFile}`],
    ['Spot Policy', 'No spot fallback policy'],
    ['Load Balancing Policy', plan.policy],
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return ['Service spec:', ...facts.map(([name, value]) => `  ${`${name}:`.padEnd(width)} ${value}`)];
}

function scaling({ min, max, targetQps }: ServiceTask['plan']): string {
  if (min === max) return `Fixed ${min} replica${min === 1 ? '' : 's'}`;
  return `Autoscaling from ${min} to ${max} replicas (target QPS per replica: ${typeof targetQps === 'number' ? targetQps : JSON.stringify(targetQps)})`;
}
