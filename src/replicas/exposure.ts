import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { engineTitle } from './change-sentence.js';
import { answersWithoutKey } from './look.js';
import { authority, isThisMachine, portOf, publicAddresses, type Interfaces } from './machine.js';
import type { EngineName } from './model.js';
import { readModelList } from './model-list.js';
import type { Probe } from './probe.js';

/** A model server of this machine that other machines can use without a key, past Keyporter. */
export interface Exposed {
  /** The URL it is used under here. */
  url: string;
  engine: EngineName;
  /** Where it answers, as URLs with public addresses of this machine. */
  openAt: readonly string[];
  /** What is wrong, in a sentence. */
  finding: string;
  /** What to do, in a sentence. */
  cure: string;
}

const ASK_TIMEOUT_MS = 1500;
const MAX_LIST_BYTES = 4_194_304;
/** Machines with many containers have hundreds of addresses; one open door is enough to name. */
const MOST_ADDRESSES = 32;

const CURES: Readonly<Record<EngineName, string>> = {
  'llama.cpp':
    'Start llama-server with `--host 127.0.0.1`, or give it a key with `--api-key` and name that key as `api_key` of the upstream.',
  vllm: 'Start vLLM with `--host 127.0.0.1`, or give it a key with `--api-key` and name that key as `api_key` of the upstream.',
  sglang:
    'Start SGLang with `--host 127.0.0.1`, or give it a key with `--api-key` and name that key as `api_key` of the upstream.',
  ollama: 'Set OLLAMA_HOST=127.0.0.1 for Ollama and restart it; it knows no keys of its own.',
  lmstudio: 'Switch "Serve on Local Network" off in the server settings of LM Studio.',
  openai: 'Bind the server to 127.0.0.1, or give it a key of its own and name it as `api_key` of the upstream.',
  orchestra: 'Bind the workers of Orchestra to 127.0.0.1, or give them a key and name it as `api_key` of the upstream.',
  'llama-stack':
    'Bind the Llama Stack server to 127.0.0.1, or switch its authentication on and name a token as `api_key` of the upstream.',
  demo: 'Report this: the demo listens on loopback only.',
  unknown: 'Bind the server to 127.0.0.1, or give it a key of its own and name it as `api_key` of the upstream.',
};

/**
 * Which of these servers run on this machine and answer without a key on one of its public addresses.
 * Asks only addresses of this machine, and sends no credential.
 *
 * @param servers found and static ones; each URL is asked about once.
 * @param interfaces as `os.networkInterfaces()` answers.
 */
export async function findExposed(
  servers: Iterable<{ url: string; engine: EngineName }>,
  probe: Probe,
  interfaces: Interfaces,
): Promise<Exposed[]> {
  const byUrl = new Map([...servers].map((server) => [server.url, server]));
  const addresses = publicAddresses(interfaces).slice(0, MOST_ADDRESSES);
  const exposed = await Promise.all(
    [...byUrl.values()].map((server) => examine(server, { probe, addresses, interfaces })),
  );
  return exposed.filter((entry) => entry !== null);
}

interface Surroundings {
  probe: Probe;
  addresses: readonly string[];
  interfaces: Interfaces;
}

async function examine(
  { url, engine }: { url: string; engine: EngineName },
  { probe, addresses, interfaces }: Surroundings,
): Promise<Exposed | null> {
  if (addresses.length === 0 || !(await runsHere(new URL(url).hostname, interfaces))) return null;
  const doors = addresses.map((address) => withAddress(url, address));
  const open = await Promise.all(doors.map((door) => isOpen(door, probe)));
  const openAt = doors.filter((_, index) => open[index]);
  if (openAt.length === 0) return null;
  const finding = `${engineTitle(engine)} at ${url} answers without a key at ${openAt.join(', ')}: whoever reaches this machine can use it past Keyporter.`;
  return { url, engine, openAt, finding, cure: CURES[engine] };
}

/** A name is this machine when it resolves to one of its addresses. */
async function runsHere(host: string, interfaces: Interfaces): Promise<boolean> {
  if (isThisMachine(host, interfaces)) return true;
  if (isIP(host.replace(/^\[|\]$/g, '')) !== 0) return false;
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.some(({ address }) => isThisMachine(address, interfaces));
}

function withAddress(url: string, address: string): string {
  const target = new URL(url);
  return `${target.protocol}//${authority(address, String(portOf(target)))}${target.pathname.replace(/\/+$/, '')}`;
}

/** It tells its models to anyone, and refuses nobody where it generates. The certificate names the host, not the address, and nothing secret is sent. */
async function isOpen(door: string, probe: Probe): Promise<boolean> {
  const request = { timeoutMs: ASK_TIMEOUT_MS, anyCertificate: true };
  const answers = await Promise.all(
    ['/v1/models', '/api/tags'].map((path) => probe.get(door + path, { ...request, maxBytes: MAX_LIST_BYTES })),
  );
  const tellsModels = answers.some(
    (answer) => answer.ok && answer.status === 200 && readModelList(answer.body) !== null,
  );
  return tellsModels && (await answersWithoutKey(door, probe, request));
}
