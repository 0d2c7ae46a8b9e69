import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deferred, within, type Deferred } from '../../support/patience.js';

export interface Asked {
  method: string;
  target: string;
  headers: IncomingMessage['headers'];
  text: string;
  json(): Record<string, unknown>;
}

export type Answering = (asked: Asked, response: ServerResponse) => void;

/** Any small server of somebody else: an endpoint that validates, an issuer of tokens, a fake GitHub. */
export interface LittleServer {
  url: string;
  /** `host:port`. */
  host: string;
  asked: Asked[];
  answer: Answering;
  /** Resolves when so many questions have come in all. */
  whenAsked(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startLittleServer(answer: Answering): Promise<LittleServer> {
  const waiting: { count: number; done: Deferred<void> }[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString('utf8');
      const asked = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        text,
        json: () => JSON.parse(text) as Record<string, unknown>,
      };
      little.asked.push(asked);
      for (const one of waiting) if (little.asked.length >= one.count) one.done.resolve();
      little.answer(asked, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const little: LittleServer = {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    asked: [],
    answer,
    whenAsked(count) {
      const done = deferred();
      if (little.asked.length >= count) done.resolve();
      else waiting.push({ count, done });
      return within(10_000, `question number ${count}`, done.promise);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return little;
}

export function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Answers every question alike. */
export function always(status: number, body: unknown): Answering {
  return (_, response) => reply(response, status, body);
}
