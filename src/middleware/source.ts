import type { AskedRequest } from './asked-request.js';
import type { KeyHolder } from './holder.js';

/** A program that is asked about a credential, in the contract of Llama Stack and OGX. */
export interface EndpointSource {
  /** https, or http to this machine. */
  endpoint: string;
  /** `ogx` (the default) needs a `principal` in the answer; `llama-stack-1626` takes any 200. */
  contract?: 'ogx' | 'llama-stack-1626';
  /** For the whole question; 2000 when left out. */
  timeoutMs?: number;
  /** How long a yes is remembered, for the same credential, method, path and query; at most 60, 0 when left out. */
  cacheSeconds?: number;
  /** Lets credentials travel to the endpoint without TLS. */
  allowPlainHttp?: boolean;
}

/** A running Keyporter. */
export interface GatewaySource {
  /** Base URL of a listener that serves `api` or `verify`. */
  url: string;
  /** A key with the scope `auth:verify`. */
  key: string;
  /** The model the guarded routes use. Without it keys that are bound to models do not pass where inference is asked for. */
  model?: string;
  timeoutMs?: number;
  /** How long a yes is remembered; at most 60, 0 when left out: a revoked key is refused at once. */
  cacheSeconds?: number;
  allowPlainHttp?: boolean;
}

/** Keys that are known by their hashes: SHA-256 of the whole key in hexadecimal. Being listed is the permission. */
export interface HashSource {
  sha256: readonly string[];
}

export type KeySource = EndpointSource | GatewaySource | HashSource;

/** What a source is asked. */
export interface Question {
  request: AskedRequest;
  /** All of them are needed. */
  scopes: readonly string[];
}

/** Finds the holder of the credential in a request; rejects with a `Denial`. */
export type FindHolder = (question: Question) => Promise<KeyHolder>;

/** One source, and how its contract words a refusal. */
export interface OpenedSource {
  findHolder: FindHolder;
  body(message: string): string;
}

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The URL of a source; throws a `TypeError` for one to which credentials cannot be sent safely. */
export function sourceUrl(text: string, member: string, allowPlainHttp = false): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new TypeError(`requireKey: ${member} must be a full http or https URL.`);
  if (url.username !== '' || url.password !== '')
    throw new TypeError(`requireKey: ${member} must not hold a password.`);
  if (url.protocol === 'http:' && !allowPlainHttp && !LOOPBACK.test(url.hostname)) {
    throw new TypeError(
      `requireKey: ${member} must be https, because credentials travel to it; allowPlainHttp lets them travel readable.`,
    );
  }
  return url;
}

/** Exactly a duration within its bounds, or the default. */
export function within(
  value: number | undefined,
  { fallback, most, member }: { fallback: number; most: number; member: string },
): number {
  const chosen = value ?? fallback;
  if (!Number.isFinite(chosen) || chosen < 0 || chosen > most)
    throw new TypeError(`requireKey: ${member} must be a number from 0 to ${most}.`);
  return chosen;
}
