import type { DoctorFinding } from '../admin/ports.js';
import type { DoctorFacts, ProcessFacts } from './facts.js';

const BROKEN = ['failed', 'failed_initial_delay', 'failed_probing', 'not_ready'];

/** The model servers that Keyporter started: those that do not run, and those that can be used past it. */
export function checkProcesses({ processes }: DoctorFacts): DoctorFinding[] {
  return processes.flatMap((process) => [...checkRunning(process), ...checkLock(process)]);
}

function checkRunning({ id, condition, detail }: ProcessFacts): DoctorFinding[] {
  if (!BROKEN.includes(condition)) return [];
  return [
    {
      check: 'process_down',
      severity: 'error',
      finding: `The model server ${id} is ${condition.replaceAll('_', ' ')}. ${detail ?? ''}`.trim(),
      cure: `Look at \`keyporter replicas logs ${id}\`; \`keyporter replicas restart ${id}\` tries it again at once.`,
    },
  ];
}

function checkLock({ id, answersWithoutKey, publicAt }: ProcessFacts): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  if (answersWithoutKey === true) {
    findings.push({
      check: 'process_without_key',
      severity: publicAt.length > 0 ? 'error' : 'warning',
      finding: `The model server ${id} answers without a key on its port: whoever reaches it uses it past Keyporter.`,
      cure: 'Give it its private key through `env`, such as `LLAMA_API_KEY: "{api_key}"` or `VLLM_API_KEY: "{api_key}"`, or through `{key_file}`.',
    });
  }
  if (publicAt.length > 0) {
    findings.push({
      check: 'process_public',
      severity: 'warning',
      finding: `The port of the model server ${id} is open to others at ${publicAt.join(', ')}.`,
      cure: 'Bind it to 127.0.0.1 in `command`; clients reach it through Keyporter.',
    });
  }
  return findings;
}
