import type { RequestRow } from '../usage/request-row.js';
import { TOPICS, type RequestsEventBody, type Topic } from './contract-live.js';
import { ownerOf, type Holder, type LiveView } from './live-view.js';
import { requestToWire } from './wire-activity.js';

/** New requests between two pushes; the earliest are left out and counted. */
const MOST_ROWS = 100;
/** So many seconds of silence, and a comment shows that the connection lives. */
const QUIET_SECONDS = 15;

export function isTopic(text: string): text is Topic {
  return (TOPICS as readonly string[]).includes(text);
}

/** One connection that follows events. It is told once a second at most, and only what has changed. */
export class Follower {
  readonly #topics: ReadonlySet<Topic>;
  readonly #send: (text: string) => void;
  #owner: string | null;
  readonly #told = new Map<Topic, string>();
  #rows: RequestRow[] = [];
  /** How many there were; `rows` holds the last of them. */
  #seen = 0;
  #quietSeconds = 0;

  constructor(topics: readonly Topic[], holder: Holder, send: (text: string) => void) {
    this.#topics = new Set(topics);
    this.#owner = ownerOf(holder);
    this.#send = send;
  }

  get wantsRows(): boolean {
    return this.#topics.has('requests');
  }

  noteRow(row: RequestRow): void {
    if (this.#owner !== null && row.owner !== this.#owner) return;
    this.#rows[this.#seen % MOST_ROWS] = row;
    this.#seen += 1;
  }

  /** Tells what is new since it was told last. */
  tell(view: LiveView, holder: Holder): void {
    this.#owner = ownerOf(holder);
    this.#quietSeconds += 1;
    if (this.#topics.has('overview')) this.#tellOverview(view, holder);
    if (this.#topics.has('streams')) this.#tellChanged('streams', JSON.stringify(view.streams(holder)));
    if (this.#seen > 0) this.#push('requests', JSON.stringify(this.#takeRows()));
    if (this.#quietSeconds < QUIET_SECONDS) return;
    this.#quietSeconds = 0;
    this.#send(':\n\n');
  }

  #tellOverview(view: LiveView, holder: Holder): void {
    const body = view.newest(holder);
    // That time goes on is nothing new.
    if (body !== null) this.#tellChanged('overview', JSON.stringify(body), JSON.stringify({ ...body, at: 0 }));
  }

  #tellChanged(topic: Topic, text: string, compared = text): void {
    if (this.#told.get(topic) === compared) return;
    this.#told.set(topic, compared);
    this.#push(topic, text);
  }

  #push(topic: Topic, text: string): void {
    this.#quietSeconds = 0;
    this.#send(`event: ${topic}\ndata: ${text}\n\n`);
  }

  #takeRows(): RequestsEventBody {
    const oldest = this.#seen > MOST_ROWS ? this.#seen % MOST_ROWS : 0;
    const rows = [...this.#rows.slice(oldest), ...this.#rows.slice(0, oldest)];
    const skipped = this.#seen - rows.length;
    this.#rows = [];
    this.#seen = 0;
    return { data: rows.map(requestToWire), skipped };
  }
}
