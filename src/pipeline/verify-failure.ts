import type { FlatHeaders } from '../core/headers.js';
import { Refusal } from '../core/errors.js';
import type { Parts } from './parts.js';

/** Notes a wrong key of an address. Where it was one too many, the refusal says whose it was: `about` are the headers that tell. */
export function noteFailure({ throttle }: Parts, address: string, about: FlatHeaders): void {
  try {
    throttle.failed(address);
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    const { code, publicMessage: message, reason, rule, headers } = cause;
    throw new Refusal(code, { message, reason, ...(rule === null ? {} : { rule }), headers: [...headers, ...about] });
  }
}
