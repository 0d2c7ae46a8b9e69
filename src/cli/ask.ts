import type { Problem } from '../admin/contract.js';
import type { AdminClient } from './client.js';
import { Failure } from './failure.js';
import type { Invocation } from './invocation.js';

/** An answer of the admin API: what it means, and the text as it came. */
export interface Answer<Body> {
  body: Body;
  text: string;
}

interface Question {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  body?: object;
}

/** Asks the admin API; a refusal becomes a failure with the sentence it came with. */
export async function ask<Body>(client: AdminClient, path: string, question: Question = {}): Promise<Answer<Body>> {
  const response = await client.fetch(path, initOf(question));
  const text = await response.text();
  if (!response.ok) throw refusedBy(client, response.status, text);
  return { body: parsed(text) as Body, text };
}

/** Like `ask`, for answers of one JSON object a line. Ends when the answer or `signal` does. */
export async function* askLines(
  client: AdminClient,
  path: string,
  { signal, ...question }: Question & { signal?: AbortSignal } = {},
): AsyncGenerator<string> {
  const init = initOf(question);
  const response = await client.fetch(path, signal === undefined ? init : { ...init, signal });
  if (!response.ok || response.body === null) throw refusedBy(client, response.status, await response.text());
  let rest = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line !== '');
    }
  } catch (error) {
    if (signal?.aborted === true) return;
    throw new Failure('The gateway broke off its answer. Ask again.', { cause: error });
  }
  if (rest !== '') yield rest;
}

function initOf({ method = 'GET', body }: Question): {
  method: string;
  headers?: Record<string, string>;
  body?: string;
} {
  if (body === undefined) return { method };
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** Prints the answer: as it came with `--json`, in words otherwise. */
export async function show(invocation: Invocation, text: string, inWords: () => void | Promise<void>): Promise<number> {
  if (invocation.globals.json) invocation.io.out(text.endsWith('\n') ? text : `${text}\n`);
  else await inWords();
  return 0;
}

/** `/path?name=value`, leaving out what was not given. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.append(name, String(value));
  return given.size === 0 ? path : `${path}?${given.toString()}`;
}

/** An id or name as one segment of a path. */
export function segment(text: string | undefined): string {
  return encodeURIComponent(text ?? '');
}

function refusedBy(client: AdminClient, status: number, text: string): Failure {
  const problem = parsed(text) as Partial<Problem>;
  if (typeof problem.detail !== 'string' || typeof problem.code !== 'string') {
    return new Failure(
      otherError(problem) ?? `The answer (status ${status}) is not from a Keyporter admin API. Check the address.`,
    );
  }
  if (problem.code === 'unknown_url' && client.way !== 'offline') {
    return new Failure(
      `${problem.detail} The gateway may be of another version than this command; restart it after an update.`,
      { problem: problem as Problem },
    );
  }
  return new Failure(problem.detail, { problem: problem as Problem });
}

/** Before the admin API is reached, a listener may refuse in the form of its own routes. */
function otherError(body: object): string | null {
  if (!('error' in body) || typeof body.error !== 'object' || body.error === null) return null;
  return 'message' in body.error && typeof body.error.message === 'string' ? body.error.message : null;
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
