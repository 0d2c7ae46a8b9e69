import type { Secret } from '../core/secret.js';
import type { ProbeSettings, Specification } from './specification.js';

/** One small question to an engine, as the probe of the gateway asks it. */
export interface Question {
  method: ProbeSettings['method'];
  headers: Readonly<Record<string, string>>;
  body: string | null;
  timeoutMs: number;
}

/** The status of the answer, or why there is none as the rest of a sentence that begins with the server. */
export type Asking = (url: string, question: Question) => Promise<{ status: number } | { detail: string }>;

/** `detail`: the rest of a sentence that begins with the process. */
export type Readiness = { ready: true } | { ready: false; detail: string };

/** llama.cpp, vLLM and SGLang answer the first, everything that speaks the OpenAI protocol the second. */
const USUAL_PATHS = ['/health', '/v1/models'];
/** Engines that tell their readiness elsewhere. */
const OWN_PATHS: Readonly<Partial<Record<Specification['engine'], readonly string[]>>> = {
  ollama: ['/api/version'],
  orchestra: ['/'],
  'llama-stack': ['/v1/health'],
};

/** llama.cpp, vLLM and SGLang tell anybody that they are ready; whether they take their key shows here. */
const KEYED_PATH = '/v1/models';

export interface Asked {
  url: string;
  apiKey: Secret | null;
  probe: ProbeSettings;
  engine: Specification['engine'];
}

/**
 * Asks once, with the private key. Only status 200 is ready. Without a path of the operator's own, a server
 * that refuses its key is not: every request would end there.
 */
export async function askReadiness(ask: Asking, { url, apiKey, probe, engine }: Asked): Promise<Readiness> {
  const { method, body, path, timeoutMs } = probe;
  const own = apiKey === null ? {} : { authorization: `Bearer ${apiKey.reveal()}` };
  // In lower case, so that a header of the operator's own stands in place of ours.
  const written = Object.fromEntries(
    Object.entries(probe.headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]),
  );
  const question: Question = { method, body, timeoutMs, headers: { ...own, ...written } };
  let last: Readiness = { ready: false, detail: 'was not asked' };
  for (const place of path === null ? (OWN_PATHS[engine] ?? USUAL_PATHS) : [path]) {
    const answer = await ask(url + place, question);
    if ('detail' in answer) return { ready: false, detail: answer.detail };
    if (answer.status === 200)
      return path === null && place !== KEYED_PATH ? askForKey(ask, url, question) : { ready: true };
    last = { ready: false, detail: refusal(answer.status, place) };
    if (answer.status !== 404 && answer.status !== 405) return last;
  }
  return last;
}

/** Ready unless it refuses the key: a server may have no such path, or be late with it. */
async function askForKey(ask: Asking, url: string, question: Question): Promise<Readiness> {
  const answer = await ask(url + KEYED_PATH, { ...question, method: 'GET', body: null });
  const refused = 'status' in answer && (answer.status === 401 || answer.status === 403);
  return refused ? { ready: false, detail: refusal(answer.status, KEYED_PATH) } : { ready: true };
}

function refusal(status: number, path: string): string {
  if (status === 401 || status === 403) {
    return `refuses its private key at ${path} (status ${status}): give it \`{api_key}\` through \`env\`, or \`{key_file}\``;
  }
  if (status === 503) return `says at ${path} that it is not ready yet (status 503)`;
  return `answers ${path} with status ${status}, and ready is 200: name another \`readiness_probe.path\``;
}
