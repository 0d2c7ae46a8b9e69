import { decide } from '../access/decide.js';
import { anyCovers } from '../access/scope.js';
import { ADMIN_SCOPES } from '../admin/admin-scopes.js';
import type { SessionActs, SignedIn } from '../admin/caller.js';
import type { Session, SessionHolder, Sessions } from '../admin/sessions.js';
import type { Caller } from '../core/caller.js';
import { unixSeconds, type Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { CanonicalRequest } from '../core/exchange.js';
import { isPromise, type Maybe } from '../core/maybe.js';
import { credentialsOf } from '../identity/credentials.js';
import type { FailureThrottle } from '../identity/failure-throttle.js';
import type { Identity } from '../identity/identify.js';
import type { Exchange } from '../pipeline/exchange.js';
import { isBackground } from '../pipeline/own-page.js';
import { sessionCookie, setCookie, type UiSession, type UiSessions } from '../pipeline/ui-session.js';
import { heldScopes } from '../pipeline/verify-subject.js';
import type { KeyDirectory, KeyPolicy } from '../keys/key.js';
import type { LastUse } from '../usage/request-row.js';
import { holderOf } from './answer-admin.js';
import type { Configuration } from './configuration.js';
import { operatorHolder, type Ui } from './ui.js';

export interface UiSessionParts {
  ui: Pick<Ui, 'sessions' | 'link'>;
  identity: Identity;
  throttle: FailureThrottle;
  lastUse: LastUse;
  directory: KeyDirectory;
  configuration: Configuration;
  clock: Clock;
}

type Shown = Parameters<SessionActs['signIn']>[0];

/** Who signs in; a caller stands behind all but the operator of the machine. */
interface SigningIn {
  holder: SessionHolder;
  caller: Caller | null;
}

/** Signs browsers in, and judges at each request whether they still may come in. */
export class BrowserSessions implements UiSessions {
  readonly #parts: UiSessionParts;
  readonly #sessions: Sessions;

  constructor(parts: UiSessionParts) {
    this.#parts = parts;
    this.#sessions = parts.ui.sessions;
  }

  publicOrigin(): string | null {
    const url = this.#parts.configuration.current().config.public_url;
    return url === null ? null : new URL(url).origin;
  }

  find(request: CanonicalRequest, { secret, secure }: { secret: string; secure: boolean }): Maybe<UiSession | null> {
    const session = this.#sessions.find(secret, { secure, active: !isBackground(request) });
    if (session === null) return null;
    if (session.holder.kind === 'operator') return this.#entered(session, null);
    const present = this.#present(session.holder, request);
    const judged = (caller: Caller | null): UiSession | null => {
      if (caller !== null && this.#mayEnter(caller, request)) return this.#entered(session, caller);
      this.#sessions.end(session);
      return null;
    };
    return isPromise(present) ? present.then(judged) : judged(present);
  }

  /** What the admin API may do about the session of this request. */
  actsFor(exchange: Exchange): SessionActs {
    const { session } = exchange;
    return {
      current: session instanceof Entered ? signedIn(session.session, session.caller) : null,
      signIn: (shown) => this.#signIn(exchange, shown),
      signOut: () => {
        if (session instanceof Entered) this.#sessions.end(session.session);
        return setCookie({ secret: 'ended', secure: sessionCookie(exchange.request)?.secure ?? false }, 0);
      },
      makeLink: () => this.#parts.ui.link(linkHolder(exchange)),
    };
  }

  /** What whoever sent this request holds at each moment; null from when he may not come in any more. */
  holding({ operator, caller, session, request }: Exchange): () => KeyPolicy | 'operator' | null {
    if (operator) return () => 'operator';
    return () => {
      if (session?.isOpen() === false) return null;
      if (caller === null) return session === undefined ? null : 'operator';
      const present = this.#parts.identity.present(caller);
      return present !== null && this.#mayEnter(present, request) ? holderOf(present, this.#parts.directory) : null;
    };
  }

  #entered(session: Session, caller: Caller | null): UiSession {
    return new Entered(this.#sessions, session, caller);
  }

  /** The holder as he stands now. Whom a proxy vouches for is asked of the proxy's word in this very request. */
  #present({ kind, id }: SessionHolder, request: CanonicalRequest): Maybe<Caller | null> {
    if (kind === 'key') return this.#parts.identity.callerOf(id);
    return this.#vouchedFor(request).then((caller) => (caller?.id === id ? caller : null));
  }

  async #vouchedFor(request: CanonicalRequest): Promise<Caller | null> {
    try {
      const caller = await this.#parts.identity.identify(request);
      return caller?.kind === 'delegate' ? caller : null;
    } catch (cause) {
      if (cause instanceof Refusal && cause.status === 401) return null;
      throw cause;
    }
  }

  #mayEnter(caller: Caller, { address }: CanonicalRequest): boolean {
    const asked = { scope: null, model: null, address };
    return (
      decide({ caller, asked, nowSeconds: unixSeconds(this.#parts.clock) }).allowed &&
      heldScopes(caller).some((scope) => ADMIN_SCOPES.some((part) => anyCovers([scope], part)))
    );
  }

  async #signIn(exchange: Exchange, shown: Shown): ReturnType<SessionActs['signIn']> {
    const { request } = exchange;
    const { holder, caller } = await this.#whoSignsIn(request, shown);
    this.#endEarlier(request);
    const secure = isOverTls(request);
    const { session, secret } = this.#sessions.open({ holder, secure, until: caller?.expiresAt ?? null });
    const cookie = setCookie({ secret: secret.reveal(), secure }, session.expiresAt - unixSeconds(this.#parts.clock));
    return { ...signedIn(session, caller), cookie };
  }

  #whoSignsIn(request: CanonicalRequest, { link, key }: Shown): Maybe<SigningIn> {
    if (link !== undefined) return this.#byLink(request, link);
    return key === undefined ? this.#byProxy(request) : this.#byKey(request, key);
  }

  #byLink(request: CanonicalRequest, link: string): SigningIn {
    const holder = this.#sessions.redeem(link);
    if (holder?.kind === 'operator') return { holder, caller: null };
    const caller = holder === null ? null : this.#parts.identity.callerOf(holder.id);
    if (holder !== null && caller !== null) return { holder, caller: this.#requireEntry(caller, request) };
    this.#parts.throttle.failed(request.address);
    throw new Refusal('invalid_api_key', {
      message: 'The link is not valid any more: it works once, for a minute. Get a new one with `keyporter ui`.',
      reason: 'a link that is unknown, used or too old',
    });
  }

  async #byKey(request: CanonicalRequest, key: string): Promise<SigningIn> {
    const { throttle, identity, lastUse, clock } = this.#parts;
    const caller = await identity.callerWith(key);
    if (caller === null) {
      throttle.failed(request.address);
      throw new Refusal('invalid_api_key', { reason: 'signing in with an unknown or mistyped key' });
    }
    this.#requireEntry(caller, request);
    lastUse.touch(caller.id, caller.secretSlot, unixSeconds(clock));
    return { holder: { kind: 'key', id: caller.id }, caller };
  }

  async #byProxy(request: CanonicalRequest): Promise<SigningIn> {
    // A credential of its own is not there any more at the next request: then there is no session to begin.
    const caller = credentialsOf(request).length > 0 ? null : await this.#vouchedFor(request);
    if (caller !== null)
      return { holder: { kind: 'delegate', id: caller.id }, caller: this.#requireEntry(caller, request) };
    throw new Refusal('missing_api_key', {
      message: 'No proxy says who you are. Sign in with a link from `keyporter ui`, or with a key.',
    });
  }

  /** Says what is missing to whom has shown that he is somebody. */
  #requireEntry(caller: Caller, request: CanonicalRequest): Caller {
    if (this.#mayEnter(caller, request)) return caller;
    const { throttle, clock } = this.#parts;
    const asked = { scope: null, model: null, address: request.address };
    const { allowed, code, why, told } = decide({ caller, asked, nowSeconds: unixSeconds(clock) });
    if (!allowed) {
      throttle.failed(request.address);
      throw new Refusal(code ?? 'internal', { reason: why ?? 'denied', ...(told === null ? {} : { message: told }) });
    }
    throw new Refusal('missing_scope', {
      message: `This key opens no part of the web interface. It needs one of the scopes ${ADMIN_SCOPES.join(', ')} or admin.`,
    });
  }

  /** Who signs in again leaves nothing behind. */
  #endEarlier(request: CanonicalRequest): void {
    const cookie = sessionCookie(request);
    const earlier = cookie && this.#sessions.find(cookie.secret, { secure: cookie.secure, active: false });
    if (earlier !== null) this.#sessions.end(earlier);
  }
}

/** A session that was found for one request. */
class Entered implements UiSession {
  readonly session: Session;
  readonly caller: Caller | null;
  readonly #sessions: Sessions;

  constructor(sessions: Sessions, session: Session, caller: Caller | null) {
    this.#sessions = sessions;
    this.session = session;
    this.caller = caller;
  }

  isOpen(): boolean {
    return this.#sessions.isOpen(this.session);
  }

  onEnd(ended: () => void): () => void {
    return this.#sessions.onEnd(this.session, ended);
  }
}

function signedIn({ holder, expiresAt, idleExpiresAt }: Session, caller: Caller | null): SignedIn {
  const { kind, id } = holder;
  const scopes = caller === null ? ['admin'] : heldScopes(caller);
  return { kind, id, owner: caller?.owner ?? null, scopes, expiresAt, idleExpiresAt };
}

/** A link signs in as whoever asks for it. A session cannot make its own life longer that way. */
function linkHolder({ operator, session, caller }: Exchange): SessionHolder {
  if (operator) return operatorHolder();
  if (session === undefined && caller?.kind === 'key') return { kind: 'key', id: caller.id };
  throw new Refusal('missing_scope', {
    message: 'A link is made with a key, or on the machine itself with `keyporter ui`.',
  });
}

/** A page tells how its browser reached it; in front of us may stand whoever speaks TLS for us. */
function isOverTls({ secure, origin }: CanonicalRequest): boolean {
  return secure || origin?.startsWith('https://') === true;
}
