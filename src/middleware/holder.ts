/** Who calls, as far as the source of keys tells. */
export interface KeyHolder {
  /** The owner of the key, its id where it has none, or what the endpoint calls its user. */
  principal: string;
  /** Scopes it holds. Empty where the source knows none. */
  scopes: readonly string[];
  /** What is known of it beyond: `roles`, `teams` and the like, each a list. */
  attributes: Readonly<Record<string, readonly string[]>>;
}

/** A refusal, with what the caller is told. */
export class Denial extends Error {
  override readonly name = 'Denial';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
