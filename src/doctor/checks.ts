import type { DoctorFinding } from '../admin/ports.js';
import { checkConfiguration } from './check-configuration.js';
import { checkHost } from './check-host.js';
import { checkKeys } from './check-keys.js';
import { checkLimits } from './check-limits.js';
import { checkProcesses } from './check-processes.js';
import { checkServers } from './check-servers.js';
import type { DoctorFacts } from './facts.js';

const ORDER: Readonly<Record<DoctorFinding['severity'], number>> = { error: 0, warning: 1, note: 2 };

/** Every misconfiguration these facts show, each with its cure, the worst first. Empty = nothing to do. */
export function runChecks(facts: DoctorFacts): DoctorFinding[] {
  const findings = [
    ...checkServers(facts),
    ...checkProcesses(facts),
    ...checkHost(facts.host, facts.config),
    ...checkConfiguration(facts),
    ...checkLimits(facts),
    ...checkKeys(facts),
  ];
  return findings.toSorted((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}
