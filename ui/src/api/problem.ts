import type { Problem } from '../../../src/admin/contract.js';

/** What the gateway refused, in its own words. */
export class ApiProblem extends Error {
  readonly status: number;
  /** Stable name of the error, as in docs/errors.md. */
  readonly code: string;
  /** Leads to the line in the log of the gateway. */
  readonly requestId: string | null;
  readonly faults: NonNullable<Problem['errors']>;
  /** The key that exists already, when a creation was sent twice. */
  readonly keyId: string | null;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.code = problem.code;
    this.requestId = problem.request_id ?? null;
    this.faults = problem.errors ?? [];
    this.keyId = problem.key_id ?? null;
  }
}

/** The gateway gave no answer at all: it is stopped, or the way to it is broken. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('The gateway did not answer. Check that it runs (`keyporter status`) and that this machine reaches it.', {
      cause,
    });
    this.name = 'Unreachable';
  }
}

/** Reads an answer that is not 2xx. Anything but a problem body came from something in front of the gateway. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => '');
  return new ApiProblem(
    parsed(text) ?? {
      type: 'about:blank',
      title: response.statusText,
      status: response.status,
      code: 'unexpected_answer',
      detail: `The answer had the status ${response.status} and was not from Keyporter. Look at what stands between this browser and the gateway.`,
    },
  );
}

function parsed(text: string): Problem | null {
  try {
    const body: unknown = JSON.parse(text);
    return isProblem(body) ? body : null;
  } catch {
    return null;
  }
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === 'object' &&
    body !== null &&
    'detail' in body &&
    typeof body.detail === 'string' &&
    'status' in body &&
    typeof body.status === 'number' &&
    'code' in body &&
    typeof body.code === 'string'
  );
}
