/** How one question to a model server is asked. */
export interface ProbeRequest {
  /** GET when absent. */
  method?: 'GET' | 'HEAD' | 'POST';
  body?: string | null;
  headers?: Readonly<Record<string, string>>;
  /** Bound on the whole exchange, from connecting to the last byte. */
  timeoutMs: number;
  /** A longer body is a failure, not a cut. */
  maxBytes: number;
  /** PEM file that vouches for the server besides the system's. */
  caFile?: string | null;
  /**
   * Accepts any certificate. Only for asking this machine whether one of its own doors is open: a
   * request that also carries a credential is refused.
   */
  anyCertificate?: boolean;
}

/** Why there is no answer, for programs that must tell cases apart. */
export type ProbeFailureKind =
  | 'refused'
  | 'unreachable'
  | 'unknown_name'
  | 'timeout'
  | 'broken'
  | 'not_http'
  | 'not_tls'
  | 'certificate'
  | 'too_large'
  | 'encoded'
  | 'forbidden'
  | 'unusable';

export interface ProbeAnswer {
  ok: true;
  status: number;
  /** Lower-case names; repeated headers joined by a comma. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

export interface ProbeFailure {
  ok: false;
  kind: ProbeFailureKind;
  /** The rest of a sentence that begins with the server: "refuses connections". Holds nothing the server said. */
  detail: string;
}

export type ProbeOutcome = ProbeAnswer | ProbeFailure;

/** Asks servers small questions. Never rejects: what goes wrong is part of the outcome. */
export interface Probe {
  /** One question. Redirects are not followed. */
  get(url: string, request: ProbeRequest): Promise<ProbeOutcome>;
  /** Breaks off what still runs; later questions fail at once. */
  close(): Promise<void>;
}
