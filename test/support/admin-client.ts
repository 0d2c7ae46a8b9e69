import { request } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface AdminAnswer {
  status: number;
  text: string;
  json(): Record<string, unknown>;
}

export interface MadeKey {
  id: string;
  /** The secret, shown once. */
  key: string;
}

/** The admin API over the unix socket of a data directory, as the command line uses it on the same machine. */
export class AdminClient {
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<AdminAnswer> {
    const socketPath = await this.#socketPath();
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const sent =
      payload === undefined
        ? headers
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)), ...headers };
    return await new Promise((resolve, reject) => {
      const outgoing = request(
        { socketPath, method, path: `/admin/v1${path}`, headers: { host: 'localhost', ...sent } },
        (incoming) => {
          const pieces: Buffer[] = [];
          incoming.on('data', (piece: Buffer) => pieces.push(piece));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const text = Buffer.concat(pieces).toString('utf8');
            resolve({
              status: incoming.statusCode ?? 0,
              text,
              json: () => JSON.parse(text) as Record<string, unknown>,
            });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }

  /** As `call`, and fails unless the answer is a success. */
  async must(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text === '' ? {} : answer.json();
  }

  async createKey(fields: Record<string, unknown> = {}): Promise<MadeKey> {
    const made = await this.must('POST', '/keys', { name: 'test', ...fields });
    return { id: String(made['id']), key: String(made['key']) };
  }

  /** The requests that run now. */
  async streams(): Promise<Record<string, unknown>[]> {
    return (await this.must('GET', '/streams'))['data'] as Record<string, unknown>[];
  }

  async #socketPath(): Promise<string> {
    const announced = JSON.parse(await readFile(join(this.#dataDir, 'keyporter.json'), 'utf8')) as { socket: string };
    return announced.socket;
  }
}
