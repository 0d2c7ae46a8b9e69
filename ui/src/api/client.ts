import { problemOf, Unreachable } from './problem.js';

type Parameters = Record<string, string | number | undefined | null>;

interface Sent {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
}

export const api = {
  get: <Body>(path: string, signal?: AbortSignal): Promise<Body> => send<Body>({ method: 'GET', path, signal }),
  post: <Body>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Body> =>
    send<Body>({ method: 'POST', path, body, ...(headers === undefined ? {} : { headers }) }),
  patch: <Body>(path: string, body: unknown): Promise<Body> => send<Body>({ method: 'PATCH', path, body }),
  delete: <Body>(path: string): Promise<Body> => send<Body>({ method: 'DELETE', path }),
};

/** A path of the admin API with its query: `/admin/v1/keys?limit=1000`. What is null or absent is left out. */
export function pathOf(path: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  const text = query.toString();
  return `/admin/v1${path}${text === '' ? '' : `?${text}`}`;
}

/**
 * Asks the admin API with the session's cookie.
 * @throws ApiProblem when the gateway refuses, Unreachable when nothing answers.
 */
async function send<Body>({ method, path, body, signal, headers }: Sent): Promise<Body> {
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    // A page of another site cannot send this header: it tells our own requests from forged ones.
    headers: {
      'x-keyporter-ui': method === 'GET' && !isAsked() ? 'background' : '1',
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new Unreachable(error);
  });
  if (!response.ok) throw await problemOf(response);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as Body;
}

/** True within seconds of a click or a key. What a page reads by itself must not keep an idle session alive. */
function isAsked(): boolean {
  // Browsers that do not tell count as asked: their sessions then end by the other bound.
  return (navigator as { userActivation?: UserActivation }).userActivation?.isActive ?? true;
}

/** Random text for an `Idempotency-Key`. Works on plain http too, where `crypto.randomUUID` does not exist. */
export function freshToken(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
