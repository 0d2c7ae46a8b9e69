import { Refusal } from '../core/errors.js';
import type { Problem } from './contract.js';

/** One fault of a request, with the place where it was found. */
export interface Fault {
  pointer: string;
  in: 'body' | 'query' | 'path' | 'header';
  detail: string;
}

/** A refusal that can name several faults at once, or the key that exists already. */
export class AdminRefusal extends Refusal {
  readonly faults: readonly Fault[];
  readonly keyId: string | null;

  constructor(
    code: Refusal['code'],
    details: ConstructorParameters<typeof Refusal>[1] & { faults?: readonly Fault[]; keyId?: string },
  ) {
    super(code, details);
    this.faults = details.faults ?? [];
    this.keyId = details.keyId ?? null;
  }
}

/** The answer to a refused request, as RFC 9457 has it. `place` is where a refused member stands. */
export function problemResponse(refusal: Refusal, requestId: string | null, place: Fault['in'] = 'body'): Response {
  const body: Problem = {
    type: 'about:blank',
    title: TITLES[refusal.status] ?? 'Error',
    status: refusal.status,
    code: refusal.code,
    detail: refusal.publicMessage,
  };
  if (requestId !== null) body.request_id = requestId;
  const faults = refusal instanceof AdminRefusal ? refusal.faults : paramFault(refusal, place);
  if (faults.length > 0) body.errors = [...faults];
  if (refusal instanceof AdminRefusal && refusal.keyId !== null) body.key_id = refusal.keyId;
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  for (let at = 0; at + 1 < refusal.headers.length; at += 2)
    headers.append(refusal.headers[at] ?? '', refusal.headers[at + 1] ?? '');
  return new Response(JSON.stringify(body), { status: refusal.status, headers });
}

function paramFault(refusal: Refusal, place: Fault['in']): Fault[] {
  if (refusal.param === null) return [];
  return [{ pointer: pointerOf([refusal.param]), in: place, detail: refusal.publicMessage }];
}

/** A JSON pointer (RFC 6901) to a member. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** `type` is `about:blank`, and then RFC 9457 wants the phrase of the status here. */
const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
