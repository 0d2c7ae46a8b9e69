import type { DoctorFinding } from '../admin/ports.js';
import type { ReplicaState } from '../replicas/model.js';
import type { DoctorFacts } from './facts.js';

const NOT_RUNNING: DoctorFinding = {
  check: 'gateway_down',
  severity: 'warning',
  finding: 'No gateway runs with this data directory, so nobody is served, and the model servers were not looked at.',
  cure: '`keyporter serve` starts it; then ask again.',
};

/** True when it wants a key, or another one than it was given. */
export function refusesKey({ state, detail }: ReplicaState): boolean {
  return state === 'up' && detail?.includes('`api_key`') === true;
}

/** The model servers of others: those open to others, those that do not answer, those that offer nothing. */
export function checkServers({ gatewayRuns, upstreams, exposed, processes }: DoctorFacts): DoctorFinding[] {
  if (!gatewayRuns) return [NOT_RUNNING];
  const started = new Set(processes.map(({ url }) => url));
  const open = exposed.map(({ finding, cure }): DoctorFinding => ({
    check: 'engine_exposed',
    severity: 'error',
    finding,
    cure,
  }));
  return [
    ...open,
    ...upstreams.filter(({ url }) => !started.has(url)).flatMap(checkServer),
    ...(processes.length > 0 ? [] : checkAny(upstreams)),
  ];
}

function checkServer(server: ReplicaState): DoctorFinding[] {
  const { url, state, detail } = server;
  const finding = `${url} ${detail ?? 'does not answer'}.`;
  if (state === 'down')
    return [
      {
        check: 'upstream_down',
        severity: 'warning',
        finding,
        cure: 'Start the model server, or correct its URL in the configuration. It is asked again every 10 seconds.',
      },
    ];
  if (state === 'unknown' || detail === null) return [];
  const aboutKey = refusesKey(server);
  const cure = aboutKey
    ? 'Set `api_key` of this upstream in the configuration to the key of the model server.'
    : 'Rename those models on the server: 1 to 256 characters that print, at most 1000 models.';
  return [{ check: aboutKey ? 'upstream_key' : 'upstream_models', severity: 'warning', finding, cure }];
}

function checkAny(upstreams: readonly ReplicaState[]): DoctorFinding[] {
  if (upstreams.some(({ state }) => state === 'up')) return [];
  const finding = upstreams.length === 0 ? 'No model server was found.' : 'No model server answers.';
  return [
    {
      check: 'no_model_server',
      severity: 'warning',
      finding,
      cure: 'Start llama.cpp, vLLM, SGLang, LM Studio or Ollama, or name a server with `--upstream URL` or under `upstreams`.',
    },
  ];
}
