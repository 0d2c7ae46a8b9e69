import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Io, SignalName } from '../../src/cli/io.js';
import { runCli } from '../../src/cli/run.js';

export interface Outcome {
  code: number;
  out: string;
  err: string;
  /** Standard output as JSON. */
  json(): Record<string, unknown>;
}

export interface Surroundings {
  env?: Record<string, string>;
  input?: string;
  terminal?: boolean;
}

/** A command that goes on running, and what it has said so far. */
export interface Running {
  ended: Promise<Outcome>;
  signal(name: SignalName): void;
  /** Resolves with all of standard output once it holds this text. */
  said(text: string): Promise<string>;
}

/** A home directory of its own in which command lines run, in this process, with everything they say caught. */
export class CliWorld {
  readonly home: string;
  readonly dataDir: string;

  private constructor(home: string) {
    this.home = home;
    this.dataDir = join(home, 'data');
  }

  static async make(): Promise<CliWorld> {
    return new CliWorld(await mkdtemp(join(tmpdir(), 'kp-')));
  }

  /** Runs `keyporter` with these arguments. */
  run(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
    return this.start(args, surroundings).ended;
  }

  /** As `run`, on the data directory of this world. */
  here(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
    return this.run([...args, '--data-dir', this.dataDir], surroundings);
  }

  start(args: readonly string[], { env = {}, input = '', terminal = false }: Surroundings = {}): Running {
    const said = { out: '', err: '' };
    const waiting = new Set<() => void>();
    const handlers = new Map<SignalName, Set<() => void>>();
    const io: Io = {
      out(text) {
        said.out += text;
        for (const look of waiting) look();
      },
      err: (text) => void (said.err += text),
      env,
      cwd: this.home,
      home: this.home,
      outIsTerminal: terminal,
      inIsTerminal: terminal,
      readInput: async () => input,
      onSignal(name, handler) {
        const all = handlers.get(name) ?? new Set();
        handlers.set(name, all.add(handler));
        return () => void all.delete(handler);
      },
      version: '0.0.0-test',
    };
    const ended = runCli(args, io).then((code) => ({
      code,
      ...said,
      json: () => JSON.parse(said.out) as Record<string, unknown>,
    }));
    return {
      ended,
      signal: (name) => handlers.get(name)?.forEach((handler) => handler()),
      said: (text) =>
        Promise.race([
          new Promise<string>((resolve) => {
            const look = (): void => {
              if (said.out.includes(text)) resolve(said.out);
            };
            waiting.add(look);
            look();
          }),
          ended.then(({ code, out, err }) => {
            throw new Error(`ended with ${code} before it said "${text}": ${out}${err}`);
          }),
        ]),
    };
  }

  /** A gateway of this world, on a port of its own. */
  async serve(...args: readonly string[]): Promise<Running & { url: string }> {
    const running = this.start(['serve', '--listen', '127.0.0.1:0', '--data-dir', this.dataDir, ...args]);
    const banner = await running.said('data directory');
    return { ...running, url: /http:\/\/[\d.]+:\d+/.exec(banner)?.[0] ?? '' };
  }

  remove(): Promise<void> {
    return rm(this.home, { recursive: true, force: true });
  }
}
