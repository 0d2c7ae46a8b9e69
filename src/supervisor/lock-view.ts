import type { Life } from './life.js';
import type { ProcessState } from './process-state.js';
import type { Specification } from './specification.js';
import type { Surroundings } from './surroundings.js';

/** Who can use a process past Keyporter. */
export interface LockView {
  /** Its port answers without the private key. */
  open: boolean;
  /** Where others reach its port. */
  publicAt: readonly string[];
  /** What is wrong and what to do; null when nothing is. */
  detail: string | null;
}

/** What a state shows of it; null = it was not looked at yet. */
export function lockOf(lock: LockView | null): Pick<ProcessState, 'answersWithoutKey' | 'publicAt'> {
  return { answersWithoutKey: lock?.open ?? null, publicAt: lock?.publicAt ?? [] };
}

const LONGEST_QUESTION_MS = 2000;

/** Asks a ready process without its key, and knocks at its port from outside. */
export async function lookIntoLock(
  { takesKey }: Specification,
  { port, url }: Life,
  world: Surroundings,
): Promise<LockView> {
  const doors = world.publicHosts().map((host) => `http://${host}:${port}`);
  const [open, reached] = await Promise.all([
    world.answersWithoutKey(url),
    Promise.all(doors.map((door) => isReached(door, world))),
  ]);
  const publicAt = doors.filter((_, index) => reached[index]);
  const sentences = [
    open ? openSentence(port, takesKey) : null,
    publicAt.length === 0 ? null : publicSentence(publicAt),
  ];
  const detail = sentences.filter((sentence) => sentence !== null).join(' ');
  return { open, publicAt, detail: detail === '' ? null : detail };
}

async function isReached(door: string, { ask }: Surroundings): Promise<boolean> {
  const answer = await ask(`${door}/`, { method: 'GET', headers: {}, body: null, timeoutMs: LONGEST_QUESTION_MS });
  return 'status' in answer;
}

function openSentence(port: number, takesKey: boolean): string {
  const cure = takesKey
    ? 'It is given a private key and does not ask for it: check how this engine takes one.'
    : 'Give it a private key: `env: { LLAMA_API_KEY: "{api_key}" }` for llama.cpp, VLLM_API_KEY for vLLM, or `{key_file}` where it reads a file.';
  return `It answers without a key on its port ${port}, so every user of this machine can use it past Keyporter. ${cure}`;
}

function publicSentence(publicAt: readonly string[]): string {
  return `Its port is open to others at ${publicAt.join(', ')}: bind it to 127.0.0.1 in \`command\`.`;
}
