import { readFile } from 'node:fs/promises';
import { request as askPlainly, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as askOverTls, type RequestOptions } from 'node:https';
import { rootCertificates } from 'node:tls';
import { systemClock, type Clock } from '../core/clock.js';
import type { Probe, ProbeFailure, ProbeFailureKind, ProbeOutcome, ProbeRequest } from '../replicas/probe.js';
import { allowedLookup, isForbidden } from './allowed-address.js';

const MAX_HEADER_BYTES = 16_384;

/** The one place besides the transport that opens connections to model servers: small, bounded questions. */
export function createProbe(clock: Clock = systemClock): Probe {
  const running = new Set<AbortController>();
  let closed = false;
  return {
    async get(url, request) {
      if (closed) return failure('unusable', 'was not asked, because Keyporter is shutting down');
      const abort = new AbortController();
      const cancel = clock.after(request.timeoutMs, () => abort.abort());
      running.add(abort);
      try {
        return await ask(url, request, abort.signal);
      } finally {
        cancel();
        running.delete(abort);
      }
    },
    async close() {
      closed = true;
      for (const abort of running) abort.abort();
    },
  };
}

/** A connection of its own for every question: nothing is left open between two looks, and no answer can be taken for another. */
async function ask(url: string, request: ProbeRequest, signal: AbortSignal): Promise<ProbeOutcome> {
  const target = URL.canParse(url) ? new URL(url) : null;
  const refusal = unusable(target, request);
  if (target === null || refusal !== null) return refusal ?? failure('unusable', 'has no valid URL');
  const authority = await readAuthority(request.caFile);
  if (authority === null)
    return failure('certificate', `cannot be checked, because its ca_file ${request.caFile} cannot be read`);
  const body = request.body ?? '';
  const options: RequestOptions = {
    method: request.method ?? 'GET',
    headers: {
      accept: 'application/json',
      ...request.headers,
      'accept-encoding': 'identity',
      ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
    agent: false,
    lookup: allowedLookup,
    maxHeaderSize: MAX_HEADER_BYTES,
    rejectUnauthorized: request.anyCertificate !== true,
    ...authority,
    signal,
  };
  const asking = target.protocol === 'https:' ? askOverTls(target, options) : askPlainly(target, options);
  try {
    return await answerOf(asking, body, request.maxBytes);
  } catch (error) {
    return signal.aborted
      ? failure('timeout', `does not answer within ${seconds(request.timeoutMs)}`)
      : explain(error, request);
  } finally {
    asking.destroy();
  }
}

function answerOf(asking: ClientRequest, body: string, maxBytes: number): Promise<ProbeOutcome> {
  return new Promise((resolve, reject) => {
    asking.on('error', reject);
    // Nobody asked for another protocol.
    asking.on('upgrade', () => resolve(failure('not_http', 'switches to another protocol that nobody asked for')));
    asking.on('response', (answer) => {
      answer.on('error', reject);
      readAnswer(answer, maxBytes).then(resolve, reject);
    });
    asking.end(body);
  });
}

async function readAnswer(answer: IncomingMessage, maxBytes: number): Promise<ProbeOutcome> {
  const headers = Object.fromEntries(
    Object.entries(answer.headersDistinct).map(([name, values = []]) => [name, values.join(', ')]),
  );
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    return failure('encoded', 'sends compressed answers although none were asked for');
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxBytes) return failure('too_large', 'sends more than a list of models can be');
    pieces.push(piece);
  }
  return { ok: true, status: answer.statusCode ?? 0, headers, body: Buffer.concat(pieces) };
}

function unusable(target: URL | null, request: ProbeRequest): ProbeFailure | null {
  if (target === null) return failure('unusable', 'has no valid URL');
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    return failure('unusable', 'has a URL that is neither http nor https');
  if (isForbidden(hostAddress(target))) return failure('forbidden', FORBIDDEN_SENTENCE);
  const named = Object.keys(request.headers ?? {}).map((name) => name.toLowerCase());
  if (request.anyCertificate === true && (named.includes('authorization') || named.includes('x-api-key'))) {
    return failure('unusable', 'was not asked, because a credential needs a checked certificate');
  }
  return null;
}

async function readAuthority(caFile: string | null | undefined): Promise<{ ca?: string[] } | null> {
  if (caFile === null || caFile === undefined) return {};
  try {
    return { ca: [...rootCertificates, await readFile(caFile, 'utf8')] };
  } catch {
    return null;
  }
}

const FORBIDDEN_SENTENCE = 'has a link-local or cloud metadata address, which is never asked';

function hostAddress(target: URL): string {
  return target.hostname.replace(/^\[|\]$/g, '');
}

type Reason = readonly [ProbeFailureKind, string];

const REASONS: ReadonlyMap<string, Reason> = new Map<string, Reason>([
  ['ECONNREFUSED', ['refused', 'refuses connections: nothing listens there']],
  ['EHOSTUNREACH', ['unreachable', 'cannot be reached over the network']],
  ['ENETUNREACH', ['unreachable', 'cannot be reached over the network']],
  ['EADDRNOTAVAIL', ['unreachable', 'cannot be reached over the network']],
  ['ENOTFOUND', ['unknown_name', 'has a host name that does not resolve']],
  ['EAI_AGAIN', ['unknown_name', 'has a host name that cannot be resolved now']],
  ['ETIMEDOUT', ['timeout', 'does not accept connections in time']],
  ['ECONNRESET', ['broken', 'broke off the connection; if it uses TLS, write https in its URL']],
  ['EPIPE', ['broken', 'broke off the connection; if it uses TLS, write https in its URL']],
  ['HPE_HEADER_OVERFLOW', ['not_http', 'sends larger headers than a model server would']],
  ['EPROTO', ['not_tls', 'does not speak TLS; write http in its URL']],
  ['CERT_HAS_EXPIRED', ['certificate', 'has a certificate that is out of date']],
  ['ERR_TLS_CERT_ALTNAME_INVALID', ['certificate', 'has a certificate for another name']],
  ['KEYPORTER_FORBIDDEN', ['forbidden', FORBIDDEN_SENTENCE]],
]);

const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_|CERT_|ERR_TLS/;

function explain(error: unknown, request: ProbeRequest): ProbeFailure {
  const code = errorCode(error);
  const reason = REASONS.get(code);
  if (reason !== undefined) return failure(...reason);
  if (code.startsWith('HPE_'))
    return failure('not_http', 'does not speak HTTP; if it uses TLS, write https in its URL');
  if (code.startsWith('ERR_SSL_')) return failure('not_tls', 'does not speak TLS; write http in its URL');
  if (UNTRUSTED.test(code))
    return failure(
      'certificate',
      request.caFile
        ? 'has a certificate its ca_file does not vouch for'
        : 'has a certificate nobody here vouches for; name its CA in ca_file',
    );
  return failure('broken', 'could not be asked: the connection failed');
}

/** Trying several addresses of a name ends in one error that holds one for each. */
function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const own = (error as NodeJS.ErrnoException).code;
  if (typeof own === 'string') return own;
  return error instanceof AggregateError ? errorCode(error.errors[0]) : '';
}

function failure(kind: ProbeFailureKind, detail: string): ProbeFailure {
  return { ok: false, kind, detail };
}

function seconds(durationMs: number): string {
  return durationMs < 1000 ? `${durationMs} ms` : `${durationMs / 1000} s`;
}
