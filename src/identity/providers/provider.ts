import type { CanonicalRequest } from '../../core/exchange.js';
import type { Maybe } from '../../core/maybe.js';
import type { Secret } from '../../core/secret.js';

/** What a provider is asked about. */
export interface Question {
  /** Null when the request shows none. */
  credential: Secret | null;
  request: CanonicalRequest;
}

export type Attributes = Readonly<Record<string, readonly string[]>>;

export interface Vouched {
  kind: 'yes';
  principal: string;
  /** What route rules see and what model servers are told. */
  attributes: Attributes;
  /** Values that owner and scopes may be taken from, by name. */
  values(name: string): readonly string[];
  /** Unix seconds, exclusive; null = until asked again. */
  expiresAt: number | null;
}

/** `words` are those of the contract the provider speaks, for the caller; `reason` is for the log. Neither holds a credential. */
export interface Denied {
  kind: 'no';
  words: string;
  reason: string;
  /** There was nothing to judge: to this provider the request says nothing of a caller. */
  nothingShown?: true;
}

/** Nobody knows now. Never lets anybody in. */
export interface Outage {
  kind: 'outage';
  words: string;
  reason: string;
  status: number;
}

export type Verdict = Vouched | Denied | Outage;

/** Somebody who may vouch for a caller that has no key of ours. */
export interface Provider {
  /** First part of the caller's id. */
  readonly name: string;
  /** How the contract words what goes wrong before anybody is asked, and a credential of ours that is not valid. */
  readonly words: { missing: string; malformed: string; refused: string };
  /** Judges the connection, so that a credential may be absent and is not read. */
  readonly needsCredential: boolean;
  /** How often a running answer is asked about again. */
  readonly recheckMs: number;
  /** Never rejects: whatever goes wrong is an outage. */
  ask(question: Question): Maybe<Verdict>;
}
