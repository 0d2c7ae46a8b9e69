/** A question to a server elsewhere. Redirects are never followed. */
export interface AskRequest {
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body: string | null;
  /** For everything: name, connection, headers and body. */
  timeoutMs: number;
  maxBytes: number;
  /** PEM file of authorities, besides the usual ones. */
  caFile: string | null;
}

export interface AskedAnswer {
  ok: true;
  status: number;
  body: Buffer;
}

export interface Unanswered {
  ok: false;
  kind: 'timeout' | 'network';
  /** For the log, without anything that was sent. */
  detail: string;
}

/** The way to servers elsewhere, implemented where connections are made. Never rejects. */
export type Ask = (url: string, request: AskRequest) => Promise<AskedAnswer | Unanswered>;
