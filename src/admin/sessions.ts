import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import { Secret } from '../core/secret.js';

/** Who is signed in. What he may do is asked anew at each request. */
export interface SessionHolder {
  kind: 'operator' | 'key' | 'delegate';
  /** `local:<user>`, a key id, or `<provider>:<principal>`. */
  id: string;
}

/** A browser that is signed in. Times are Unix seconds. */
export interface Session {
  readonly holder: SessionHolder;
  readonly expiresAt: number;
  readonly idleExpiresAt: number;
}

export interface OpenSession {
  holder: SessionHolder;
  /** The browser reached us over TLS: then the cookie is taken only under the name that TLS sites alone can set. */
  secure: boolean;
  /** Unix seconds; it ends then at the latest. Null = after the usual time. */
  until: number | null;
}

/**
 * One-time links and sessions. They live in memory alone, so a restart ends them all, and of their
 * secrets only digests are kept.
 */
export interface Sessions {
  /** A secret that signs its holder in, once, within a minute. Unix seconds. */
  makeLink(holder: SessionHolder): { secret: Secret; expiresAt: number };
  /** Whose link this is, and its end; null when it is unknown, used or too old. */
  redeem(secret: string): SessionHolder | null;
  open(wanted: OpenSession): { session: Session; secret: Secret };
  /** Null when there is none, or none any more. `active` = somebody does something: the idle time begins anew. */
  find(secret: string, how: { secure: boolean; active: boolean }): Session | null;
  isOpen(session: Session): boolean;
  end(session: Session): void;
  /** Ends all sessions and links of this holder. */
  endHolder(id: string): void;
  /** Calls back when the session ends; returns the way to stop. */
  onEnd(session: Session, ended: () => void): () => void;
  /** Ends what is too old; called every second, so that what follows events ends in time. */
  sweep(): void;
}

const LINK_MS = 60_000;
const SESSION_MS = 12 * 60 * 60 * 1000;
const IDLE_MS = 60 * 60 * 1000;
const MOST_LINKS = 32;
const MOST_SESSIONS = 1000;
/** One holder cannot sign all others out by signing in again and again. */
const MOST_OF_ONE_HOLDER = 50;
const SECRET_BYTES = 32;

export function createSessions(clock: Clock): Sessions {
  return new MemorySessions(clock);
}

class MemorySessions implements Sessions {
  readonly #clock: Clock;
  /** By the digest of the secret, oldest first. Ends are monotonic milliseconds. */
  readonly #links = new Map<string, { holder: SessionHolder; endsAt: number }>();
  /** By the digest of the secret, the one unused for longest first. */
  readonly #sessions = new Map<string, LiveSession>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  makeLink(holder: SessionHolder): { secret: Secret; expiresAt: number } {
    this.sweep();
    for (const digest of this.#links.keys()) if (this.#links.size >= MOST_LINKS) this.#links.delete(digest);
    const secret = newSecret();
    this.#links.set(digestOf(secret), { holder, endsAt: this.#clock.monotonic() + LINK_MS });
    return { secret: new Secret(secret), expiresAt: Math.floor((this.#clock.now() + LINK_MS) / 1000) };
  }

  redeem(secret: string): SessionHolder | null {
    const digest = digestOf(secret);
    const link = this.#links.get(digest);
    this.#links.delete(digest);
    return link !== undefined && link.endsAt > this.#clock.monotonic() ? link.holder : null;
  }

  open({ holder, secure, until }: OpenSession): { session: Session; secret: Secret } {
    this.sweep();
    this.#makeRoom(holder);
    const secret = newSecret();
    const now = this.#clock.now();
    const lifeMs = Math.min(SESSION_MS, until === null ? SESSION_MS : Math.max(0, until * 1000 - now));
    const session = new LiveSession({ clock: this.#clock, holder, secure, digest: digestOf(secret), lifeMs });
    this.#sessions.set(session.digest, session);
    return { session, secret: new Secret(secret) };
  }

  find(secret: string, { secure, active }: { secure: boolean; active: boolean }): Session | null {
    const session = this.#sessions.get(digestOf(secret));
    if (session === undefined || session.secure !== secure) return null;
    if (session.isOver()) {
      this.#drop(session);
      return null;
    }
    if (active) {
      session.touch();
      this.#sessions.delete(session.digest);
      this.#sessions.set(session.digest, session);
    }
    return session;
  }

  isOpen(session: Session): boolean {
    const live = this.#liveOf(session);
    return live !== null && !live.isOver();
  }

  end(session: Session): void {
    const live = this.#liveOf(session);
    if (live !== null) this.#drop(live);
  }

  endHolder(id: string): void {
    for (const [digest, { holder }] of this.#links) if (holder.id === id) this.#links.delete(digest);
    for (const session of this.#sessions.values()) if (session.holder.id === id) this.#drop(session);
  }

  onEnd(session: Session, ended: () => void): () => void {
    const live = this.#liveOf(session);
    if (live === null) {
      ended();
      return () => undefined;
    }
    live.whenEnded.add(ended);
    return () => void live.whenEnded.delete(ended);
  }

  sweep(): void {
    const now = this.#clock.monotonic();
    for (const [digest, { endsAt }] of this.#links) if (endsAt <= now) this.#links.delete(digest);
    for (const session of this.#sessions.values()) if (session.isOver()) this.#drop(session);
  }

  #makeRoom({ id }: SessionHolder): void {
    const own = [...this.#sessions.values()].filter(({ holder }) => holder.id === id);
    const [longestUnused] = own.length >= MOST_OF_ONE_HOLDER ? own : this.#sessions.values();
    if (longestUnused === undefined) return;
    if (own.length >= MOST_OF_ONE_HOLDER || this.#sessions.size >= MOST_SESSIONS) this.#drop(longestUnused);
  }

  #liveOf(session: Session): LiveSession | null {
    return session instanceof LiveSession && this.#sessions.has(session.digest) ? session : null;
  }

  #drop(session: LiveSession): void {
    this.#sessions.delete(session.digest);
    for (const tell of session.whenEnded) tell();
    session.whenEnded.clear();
  }
}

interface NewSession {
  clock: Clock;
  holder: SessionHolder;
  secure: boolean;
  digest: string;
  lifeMs: number;
}

class LiveSession implements Session {
  readonly holder: SessionHolder;
  readonly secure: boolean;
  readonly digest: string;
  readonly whenEnded = new Set<() => void>();
  readonly #clock: Clock;
  /** Monotonic milliseconds: a clock that jumps ends no session and lengthens none. */
  readonly #endsAt: number;
  #idleFrom: number;

  constructor({ clock, holder, secure, digest, lifeMs }: NewSession) {
    this.holder = holder;
    this.secure = secure;
    this.digest = digest;
    this.#clock = clock;
    this.#idleFrom = clock.monotonic();
    this.#endsAt = this.#idleFrom + lifeMs;
  }

  get expiresAt(): number {
    return this.#wallSeconds(this.#endsAt);
  }

  get idleExpiresAt(): number {
    return this.#wallSeconds(Math.min(this.#endsAt, this.#idleFrom + IDLE_MS));
  }

  touch(): void {
    this.#idleFrom = this.#clock.monotonic();
  }

  isOver(): boolean {
    return this.#clock.monotonic() >= Math.min(this.#endsAt, this.#idleFrom + IDLE_MS);
  }

  #wallSeconds(monotonicMs: number): number {
    return Math.floor((this.#clock.now() + monotonicMs - this.#clock.monotonic()) / 1000);
  }
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
