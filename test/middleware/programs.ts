import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import type { KeyGuard, KeyHolder } from '../../src/middleware.js';

/** A guarded program that runs. Its one answer tells who the guard let in. */
export interface Program {
  url: string;
  close(): Promise<void>;
}

const WELCOME = { message: 'Authentication successful' };
type WithHolder = IncomingMessage & { keyHolder?: KeyHolder };
const welcome = (holder: KeyHolder | undefined): string => JSON.stringify({ ...WELCOME, holder });

export async function listening(server: Server): Promise<Program> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** `node:http` without any framework. */
export function plainProgram(guard: KeyGuard): Promise<Program> {
  return listening(
    createServer((request: WithHolder, response) => {
      guard(request, response, () => response.end(welcome(request.keyHolder)));
    }),
  );
}

/** Express brings no types of its own. */
type Express = () => RequestListener & { use(...parts: unknown[]): void };

/** The guard before a router, which takes its part of the URL away. */
export function expressProgram(guard: KeyGuard): Promise<Program> {
  const express = createRequire(import.meta.url)('express') as Express;
  const app = express();
  app.use('/test', guard, (request: WithHolder, response: { end(text: string): void }) =>
    response.end(welcome(request.keyHolder)),
  );
  return listening(createServer(app));
}

export async function fastifyProgram(guard: KeyGuard): Promise<Program> {
  const app = fastify();
  app.addHook('onRequest', guard);
  app.all('/test', (request, reply) => reply.send(welcome((request as { keyHolder?: KeyHolder }).keyHolder)));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, close: () => app.close() };
}

export async function honoProgram(guard: KeyGuard): Promise<Program> {
  const app = new Hono<{ Variables: { keyHolder: KeyHolder } }>();
  app.use(guard);
  app.all('/test', (context) => context.body(welcome(context.get('keyHolder'))));
  const server = await new Promise<Server>((resolve) => {
    const made = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(made as Server));
  });
  return listening(server);
}

export const PROGRAMS = {
  'node:http': plainProgram,
  Express: expressProgram,
  Fastify: fastifyProgram,
  Hono: honoProgram,
};

/** An authentication endpoint that keeps what it is asked. */
export interface Endpoint extends Program {
  questions: {
    method: string;
    body: {
      api_key: string;
      request: Record<string, unknown> & { headers: Record<string, string>; params: Record<string, string[]> };
    };
  }[];
  /** The answer to the next questions. */
  says(status: number, body?: string, headers?: Record<string, string>): void;
  /** Leaves the next questions without an answer. */
  isSilent(): void;
}

export async function startEndpoint(): Promise<Endpoint> {
  const questions: Endpoint['questions'] = [];
  let answer: { status: number; body: string; headers: Record<string, string> } | null = {
    status: 200,
    body: 'not JSON',
    headers: {},
  };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      questions.push({
        method: request.method ?? '',
        body: JSON.parse(Buffer.concat(pieces).toString('utf8')) as Endpoint['questions'][number]['body'],
      });
      if (answer !== null) response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  const program = await listening(server);
  return {
    ...program,
    questions,
    says: (status, body = '', headers = {}) => (answer = { status, body, headers }),
    isSilent: () => (answer = null),
  };
}
