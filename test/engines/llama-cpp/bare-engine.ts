import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import { freePortRange } from '../../supervisor/supervised-world.js';
import { deferred, until, within } from '../../support/patience.js';
import { PARTS } from './engine-parts.js';
import type { Question } from './questions.js';

const START_LIMIT_MS = 60_000;
const ANSWER_LIMIT_MS = 60_000;
const KEY = 'a-key-of-the-tests';

/** llama-server by itself, with a key and no gateway in front of it. */
export class BareEngine {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#child = child;
  }

  static async start(options: readonly string[]): Promise<BareEngine> {
    const port = Number.parseInt(await freePortRange(), 10);
    // From the folder of the model, so that no path of this machine is in any answer.
    const words = ['-m', basename(PARTS.model), '--port', String(port), ...options];
    const env = { PATH: process.env['PATH'], LLAMA_API_KEY: KEY };
    const child = spawn(PARTS.server, words, { cwd: dirname(PARTS.model), env, stdio: 'ignore' });
    const engine = new BareEngine(port, child);
    await until(START_LIMIT_MS, 'llama-server is ready', async () => {
      if (child.exitCode !== null) throw new Error(`llama-server ended with ${child.exitCode}`);
      return fetch(`http://127.0.0.1:${port}/health`).then(
        ({ status }) => status === 200,
        () => false,
      );
    });
    return engine;
  }

  /** Every byte the engine sends for one question, from the status line to the end of the connection. */
  async ask({ method, path, body, key = KEY }: Question): Promise<Buffer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      'host: localhost',
      ...(key === null ? [] : [`authorization: Bearer ${key}`]),
      ...(body === undefined ? [] : ['content-type: application/json', `content-length: ${Buffer.byteLength(text)}`]),
      'connection: close',
    ];
    const socket = connect(this.port, '127.0.0.1');
    const pieces: Buffer[] = [];
    const gone = deferred();
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.once('error', gone.reject);
    socket.once('close', () => gone.resolve());
    socket.write(`${head.join('\r\n')}\r\n\r\n${text}`);
    await within(ANSWER_LIMIT_MS, `the answer to ${method} ${path}`, gone.promise);
    return Buffer.concat(pieces);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
