import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { Agent } from 'undici';
import type { Clock } from '../core/clock.js';
import type { Ask, AskRequest, AskedAnswer, Unanswered } from '../identity/providers/ask.js';
import { allowedLookup, isForbidden } from './allowed-address.js';

/** The way to servers that vouch for callers. Connections are kept for a moment and used again. */
export interface Questions {
  ask: Ask;
  close(): Promise<void>;
}

const IDLE_CONNECTION_MS = 4000;
const MAX_HEADER_BYTES = 16_384;
/** Connections to one server. */
const MOST_CONNECTIONS = 32;

export function createQuestions(clock: Clock): Questions {
  const agents = new Map<string, Agent>();
  const agentFor = async ({ caFile, maxBytes }: AskRequest): Promise<Agent> => {
    // Loaded for the first question: most gateways never ask one. Bundled, it has no name but `default`.
    const { default: library } = await import('undici');
    const name = `${maxBytes} ${caFile ?? ''}`;
    const agent = agents.get(name) ?? newAgent(library, { caFile, maxBytes });
    agents.set(name, agent);
    return agent;
  };
  const ask: Ask = async (url, request) => {
    const target = new URL(url);
    if (isForbidden(target.hostname.replace(/^\[|\]$/g, '')))
      return unanswered('network', 'the address is link-local or a cloud metadata address, which is never asked');
    const abort = new AbortController();
    const cancel = clock.after(request.timeoutMs, () => abort.abort());
    try {
      const agent = await agentFor(request);
      return await sendTwice(() => send(agent, target, { ...request, signal: abort.signal }));
    } catch (error) {
      if (abort.signal.aborted)
        return unanswered('timeout', `no answer from ${target.host} within ${request.timeoutMs} ms`);
      return unanswered('network', `${target.host} could not be asked: ${codeOf(error)}`);
    } finally {
      cancel();
    }
  };
  return {
    ask,
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

function newAgent(
  library: (typeof import('undici'))['default'],
  { caFile, maxBytes }: Pick<AskRequest, 'caFile' | 'maxBytes'>,
): Agent {
  return new library.Agent({
    connections: MOST_CONNECTIONS,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    maxResponseSize: maxBytes,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    keepAliveMaxTimeout: IDLE_CONNECTION_MS,
    allowH2: false,
    connect: {
      lookup: allowedLookup,
      ...(caFile === null ? {} : { ca: [...rootCertificates, readFileSync(caFile, 'utf8')] }),
    },
  });
}

interface Sending extends AskRequest {
  signal: AbortSignal;
}

async function send(agent: Agent, target: URL, { method, headers, body, signal }: Sending): Promise<AskedAnswer> {
  const answer = await agent.request({
    origin: target.origin,
    path: target.pathname + target.search,
    method,
    body,
    headers: { ...headers, 'accept-encoding': 'identity' },
    signal,
  });
  return { ok: true, status: answer.statusCode, body: Buffer.from(await answer.body.arrayBuffer()) };
}

/** A kept connection may be closed by its server at the very moment of a question. Asking again does no harm. */
async function sendTwice(sending: () => Promise<AskedAnswer>): Promise<AskedAnswer> {
  try {
    return await sending();
  } catch (error) {
    if (!BROKEN.has(codeOf(error))) throw error;
    return sending();
  }
}

const BROKEN = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** The code alone: messages of the library could repeat what was sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : error.name;
}

function unanswered(kind: Unanswered['kind'], detail: string): Unanswered {
  return { ok: false, kind, detail };
}
