import { RawClient, type RawAnswer } from '../support/raw-client.js';

/** How one request differs from what a browser on our own page sends. */
export interface Sending {
  body?: unknown;
  /** In place of the usual ones; null leaves one out. */
  headers?: Record<string, string | null>;
  /** Send this cookie, in place of the one that was kept; null = none. */
  cookie?: string | null;
}

/** A browser with its cookie jar, on pages of `url` itself. One connection a request, from an address of its own. */
export class Browser {
  readonly url: string;
  readonly #from: string;
  /** `name=value` as it was set last. */
  cookie: string | null = null;

  constructor(url: string, from = '127.0.0.1') {
    this.url = url;
    this.#from = from;
  }

  async send(
    method: string,
    path: string,
    { body, headers = {}, cookie = this.cookie }: Sending = {},
  ): Promise<RawAnswer> {
    const client = await this.open(method, path, { body, headers, cookie });
    try {
      const answer = await client.answer();
      const set = answer.header('set-cookie');
      if (set !== undefined) this.cookie = set.includes('Max-Age=0') ? null : (set.split(';')[0] ?? null);
      return answer;
    } finally {
      client.close();
    }
  }

  /** Sends, and leaves the answer to be read. */
  async open(
    method: string,
    path: string,
    { body, headers = {}, cookie = this.cookie }: Sending = {},
  ): Promise<RawClient> {
    const client = await RawClient.open(this.url, this.#from);
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const changes = method === 'GET' || method === 'HEAD' ? {} : { origin: this.url, 'x-keyporter-ui': '1' };
    const sent: Record<string, string | null> = {
      host: new URL(this.url).host,
      ...changes,
      ...(text === '' ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
      ...(cookie === null ? {} : { cookie }),
      ...headers,
    };
    const lines = Object.entries(sent).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
    client.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
    return client;
  }
}

/** One event of a stream of events, its data read. */
export interface LiveEvent {
  topic: string;
  data: Record<string, unknown>;
}

/** The events that have come by now. Each is written whole, so no framing of the connection lies within. */
export function eventsOf(client: RawClient): LiveEvent[] {
  return [...client.unread.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, topic = '', text = '']) => ({
    topic,
    data: JSON.parse(text) as Record<string, unknown>,
  }));
}

/** The secret of a link. */
export function linkSecret(url: unknown): string {
  return String(url).split('#link=')[1] ?? '';
}
