import type { FlatHeaders } from '../core/headers.js';
import type { Exchange } from './exchange.js';

export interface WholeAnswer {
  status?: number;
  type?: string;
  /** Besides those of every answer, flat. */
  headers?: FlatHeaders;
}

/** Sends an answer of our own in one piece. */
export function answerWhole(
  exchange: Exchange,
  text: string,
  { status = 200, type = 'application/json', headers = [] }: WholeAnswer = {},
): void {
  const bytes = Buffer.from(text);
  exchange.status = status;
  exchange.bytesOut = bytes.length;
  exchange.reply.head(status, [
    'content-type',
    type,
    'content-length',
    String(bytes.length),
    ...headers,
    ...exchange.ownHeaders,
  ]);
  exchange.reply.end(exchange.request.method === 'HEAD' ? undefined : bytes);
}
