import type { Actor, KeyPolicy } from '../keys/key.js';
import type { TokenActs } from './token-acts.js';

/** Who asks. Made by the front door after it authenticated the request, or by the CLI for the operator of the machine. */
export interface AdminCaller {
  actor: Actor;
  /** What the caller holds; `operator` (unix socket, offline) may do everything. */
  holder: KeyPolicy | 'operator';
  /** The key that was shown; null for the operator and for callers without a key of ours. */
  keyId: string | null;
  /** Which routes are served: `/admin/v1`, or a holder's own `/me`. */
  reach: 'admin' | 'me';
  /** Signing in and out. Absent where there are no browsers: offline, and at the side of other listeners. */
  session?: SessionActs;
  /** What the caller holds at this moment, for what goes on for long; null = he may not come in any more. Absent = it never changes. */
  holdsNow?(): KeyPolicy | 'operator' | null;
}

/** A browser that is signed in. Times are Unix seconds. */
export interface SignedIn {
  kind: 'operator' | 'key' | 'delegate';
  /** `local:<user>`, a key id, or `<provider>:<principal>`. */
  id: string;
  owner: string | null;
  scopes: readonly string[];
  expiresAt: number;
  idleExpiresAt: number;
}

/** What one request can do about its session. */
export interface SessionActs {
  /** Null when it came with something else. */
  current: SignedIn | null;
  /** By the secret of a link, by a key, or by what a proxy in front says. Rejects with a `Refusal`. */
  signIn(shown: { link?: string | undefined; key?: string | undefined }): Promise<SignedIn & { cookie: string }>;
  /** Ends it; answers the cookie that takes the browser's one away. */
  signOut(): string;
  /** Throws a `Refusal` where there is no place a link could lead to. */
  makeLink(): { url: string; expiresAt: number };
}

/** The admin API as one function from request to answer, so that a socket, HTTP and an open store look the same. */
export interface AdminApp {
  /** Answers every failure as a problem body; rejects never. `request.signal` ends what streams. */
  fetch(request: Request, caller: AdminCaller): Promise<Response>;
  /** OpenAPI 3.1, from the schemas that validate. */
  openapi(): object;
  /** For authkeys listeners. */
  tokens: TokenActs;
}

/** How the CLI reaches an admin API. `path` is absolute, for example `/admin/v1/keys?limit=10`. */
export type AdminFetch = (
  path: string,
  init?: { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal },
) => Promise<Response>;
