import { ERRORS, STREAM_ENDS, type Refusal } from '../core/errors.js';
import type { Dialect, Reply } from '../core/exchange.js';

export interface RefusalAnswer {
  dialect: Dialect;
  requestId: string;
  /** Headers of ours for every answer, flat. */
  ownHeaders: readonly string[];
  /** Close the connection behind the answer: the rest of the request was not read. */
  close: boolean;
  /** In place of the status of the table. */
  status?: number | undefined;
  /** A HEAD request: the head alone. */
  headOnly: boolean;
}

/**
 * The only place where a refusal becomes bytes: an answer, or the last event of a stream that has only heartbeats.
 * Says nothing when more of the answer was sent or the client is gone.
 */
export function sendRefusal(reply: Reply, refusal: Refusal, answer: RefusalAnswer): void {
  if (reply.keptAlive === true) {
    reply.destroy(lastEvent(refusal, answer));
    return;
  }
  if (reply.headSent || reply.closed) {
    reply.destroy();
    return;
  }
  const body = Buffer.from(answer.dialect.errorBody(refusal, answer.requestId));
  const headers = [
    'content-type',
    answer.dialect.errorType,
    'content-length',
    String(body.length),
    ...answer.ownHeaders,
    ...refusalHeaders(refusal, answer.dialect),
  ];
  if (
    answer.dialect.unchallenged !== true &&
    ERRORS[refusal.code].status === 401 &&
    !refusal.headers.includes('www-authenticate')
  ) {
    headers.push('www-authenticate', 'Bearer realm="keyporter", error="invalid_token"');
  }
  if (answer.close) headers.push('connection', 'close');
  reply.head(answer.status ?? refusal.status, headers);
  reply.end(answer.headOnly ? undefined : body);
}

function lastEvent({ code, inStream, publicMessage }: Refusal, { dialect, requestId }: RefusalAnswer): string {
  return inStream === null
    ? dialect.lastEvent(code, publicMessage, requestId)
    : dialect.lastEvent(inStream, STREAM_ENDS[inStream], requestId);
}

function refusalHeaders({ headers }: Refusal, { unchallenged }: Dialect): readonly string[] {
  if (unchallenged !== true) return headers;
  const isChallenge = (at: number): boolean => headers[at - (at % 2)] === 'www-authenticate';
  return headers.filter((_, at) => !isChallenge(at));
}
