import type { DoctorFinding } from '../admin/ports.js';
import { refusesKey } from './check-servers.js';
import type { DoctorFacts, ProcessFacts } from './facts.js';

const BROKEN = ['failed', 'failed_initial_delay', 'failed_probing', 'not_ready'];

const GIVE_KEY =
  'Give it its private key through `env`, such as `LLAMA_API_KEY: "{api_key}"` or `VLLM_API_KEY: "{api_key}"`, or through `{key_file}`.';

/** The model servers that Keyporter started: those that take no key of ours, those that do not run, and those that can be used past it. */
export function checkProcesses({ processes, upstreams }: DoctorFacts): DoctorFinding[] {
  const refusing = new Set(upstreams.filter(refusesKey).map(({ url }) => url));
  return processes.flatMap((process) => {
    const { url, detail } = process;
    const refuses = detail?.includes('refuses its private key') === true || (url !== null && refusing.has(url));
    return [...(refuses ? [keyFinding(process)] : checkRunning(process)), ...checkLock(process)];
  });
}

/** Its key was made by Keyporter: there is no `api_key` anybody could correct. */
function keyFinding({ id }: ProcessFacts): DoctorFinding {
  return {
    check: 'process_key',
    severity: 'error',
    finding: `The model server ${id} refuses the private key that Keyporter made for it: it gets no requests, or refuses them.`,
    cure: `${GIVE_KEY} Take a key of its own out of \`command\` and \`env\`.`,
  };
}

function checkRunning({ id, condition, detail }: ProcessFacts): DoctorFinding[] {
  if (condition === 'starting' && detail?.includes('`readiness_probe.path`'))
    return [
      {
        check: 'process_probe',
        severity: 'warning',
        finding: `The model server ${id} runs and does not count as ready. ${detail}`,
        cure: 'Name a path that it answers with 200 once it is ready as `readiness_probe.path` of the model.',
      },
    ];
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
      cure: GIVE_KEY,
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
