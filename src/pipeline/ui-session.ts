import type { Caller } from '../core/caller.js';
import type { CanonicalRequest } from '../core/exchange.js';
import type { Maybe } from '../core/maybe.js';

/** The browser that a request came from is signed in. */
export interface UiSession {
  /** Who is, as he stands now; null = the operator of the machine, who signed in by a link. */
  caller: Caller | null;
  /** False from the moment it ended. */
  isOpen(): boolean;
  /** Calls back when it ends; returns the way to stop. */
  onEnd(ended: () => void): () => void;
}

/** Who is signed in. Only the admin API and the web UI ever look at it. */
export interface UiSessions {
  /** The session that a cookie stands for. Null when it has ended, or its holder may not come in any more. */
  find(request: CanonicalRequest, cookie: SessionCookie): Maybe<UiSession | null>;
  /** Pages under this origin are ours too, such as `https://keys.example.com`. */
  publicOrigin(): string | null;
}

/** What a browser keeps of its session. */
export interface SessionCookie {
  secret: string;
  /** It bears the name that only sites over TLS can set. */
  secure: boolean;
}

const PLAIN_NAME = 'keyporter_session';
/** Browsers take a cookie of such a name over TLS alone, and from no other host or path. */
const SECURE_NAME = `__Host-${PLAIN_NAME}`;
const SECRET_FORM = /^[A-Za-z0-9_-]{1,200}$/;

/** The session cookie of a request; null when there is none, or more than one of the same name: one of them was planted. */
export function sessionCookie(request: CanonicalRequest): SessionCookie | null {
  const secure = valueOf(request, SECURE_NAME);
  if (secure !== null) return { secret: secure, secure: true };
  const plain = request.secure ? null : valueOf(request, PLAIN_NAME);
  return plain === null ? null : { secret: plain, secure: false };
}

function valueOf({ names, headers }: CanonicalRequest, wanted: string): string | null {
  const found = names
    .flatMap((name, at) => (name === 'cookie' ? (headers[at * 2 + 1] ?? '').split(';') : []))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${wanted}=`))
    .map((pair) => pair.slice(wanted.length + 1));
  const [only] = found;
  return found.length === 1 && only !== undefined && SECRET_FORM.test(only) ? only : null;
}

/** The header that gives a browser its session for `seconds`; 0 takes it away. */
export function setCookie({ secret, secure }: SessionCookie, seconds: number): string {
  const name = secure ? SECURE_NAME : PLAIN_NAME;
  return `${name}=${secret}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}
