import { STATUS_CODES } from 'node:http';
import { Refusal } from '../core/errors.js';
import type { Problem } from '../admin/contract.js';

/** Why a command ends without having done its work, as one sentence that says what to do next. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** 1 = refused or failed, 2 = wrong usage. */
  readonly exitCode: 1 | 2;
  /** What the admin API said, when it was that which refused. */
  readonly problem: Problem | null;

  constructor(sentence: string, details: { exitCode?: 1 | 2; problem?: Problem; cause?: unknown } = {}) {
    super(sentence, { cause: details.cause });
    this.exitCode = details.exitCode ?? 1;
    this.problem = details.problem ?? null;
  }
}

/** Wrong usage. */
export function misuse(sentence: string): Failure {
  return new Failure(sentence, { exitCode: 2 });
}

/** Any error as a failure, so that a person never reads a stack. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Refusal) return new Failure(error.publicMessage, { problem: problemOf(error), cause: error });
  return new Failure(`Keyporter failed at this: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

/** The failure as the admin API would have sent it. */
export function problemOfFailure(failure: Failure): Problem {
  if (failure.problem !== null) return failure.problem;
  const code = failure.exitCode === 2 ? 'wrong_usage' : 'failed';
  return {
    type: 'about:blank',
    title: code === 'failed' ? 'Failed' : 'Wrong usage',
    status: failure.exitCode === 2 ? 400 : 500,
    code,
    detail: failure.message,
  };
}

function problemOf(refusal: Refusal): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[refusal.status] ?? 'Error',
    status: refusal.status,
    code: refusal.code,
    detail: refusal.publicMessage,
  };
}
