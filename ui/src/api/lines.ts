import { problemOf, Unreachable } from './problem.js';

interface Followed {
  path: string;
  /** Sent as JSON by POST; without it the path is read by GET. */
  body?: unknown;
  signal: AbortSignal;
  /** Called for every object of the answer as it arrives. */
  take(value: unknown): void;
}

/**
 * Reads an answer that has one JSON object a line, until it ends or `signal` aborts.
 * @throws ApiProblem when the gateway refuses, Unreachable when the line breaks.
 */
export async function followLines({ path, body, signal, take }: Followed): Promise<void> {
  const response = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    credentials: 'same-origin',
    headers: {
      'x-keyporter-ui': '1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  }).catch((error: unknown) => {
    throw told(error, signal);
  });
  if (!response.ok || response.body === null) throw await problemOf(response);
  for await (const line of textLines(response.body, signal)) if (line.trim() !== '') take(JSON.parse(line));
}

/** The lines of a body, without their ends. */
export async function* textLines(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw told(error, signal);
      });
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split(/\r?\n/);
      rest = lines.pop() ?? '';
      yield* lines;
      if (done) break;
    }
    if (rest !== '') yield rest;
  } finally {
    // Also when whoever reads stops early: the gateway then need not go on.
    void reader.cancel().catch(() => undefined);
  }
}

function told(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted ? error : new Unreachable(error);
}
