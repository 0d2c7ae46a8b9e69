import { spawn, type ChildProcess } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AdminClient } from './admin-client.js';
import { deferred, within } from './patience.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_LIMIT_MS = 20_000;

export interface SpawnedGateway {
  url: string;
  child: ChildProcess;
  admin: AdminClient;
  /** Everything printed so far, both outputs. */
  output(): string;
  /** Sends a signal and resolves with what the process ended with. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Resolves when the process is gone. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A directory with a configuration file and a place for data, in which `dist/main.js serve` runs again and again. */
export class GatewayHome {
  readonly dir: string;
  readonly dataDir: string;
  readonly configFile: string;
  readonly #children = new Set<SpawnedGateway>();

  private constructor(dir: string) {
    this.dir = dir;
    this.dataDir = join(dir, 'data');
    this.configFile = join(dir, 'keyporter.yaml');
  }

  static async make(config: Record<string, unknown>): Promise<GatewayHome> {
    const home = new GatewayHome(await mkdtemp(join(tmpdir(), 'kp-')));
    await mkdir(home.dataDir, { mode: 0o700 });
    await home.configure(config);
    return home;
  }

  async configure(config: Record<string, unknown>): Promise<void> {
    await writeFile(this.configFile, JSON.stringify({ listen: '127.0.0.1:0', ...config }), { mode: 0o600 });
  }

  get arguments(): string[] {
    return ['--config', this.configFile, '--data-dir', this.dataDir];
  }

  /** Starts the gateway and resolves when it says where it listens. */
  async start(extra: readonly string[] = []): Promise<SpawnedGateway> {
    const spawned = launch(['serve', ...this.arguments, ...extra], this.dir);
    const announced = announcement(this.dataDir, spawned.child.pid ?? 0);
    const failed = spawned.ended.then((how) => {
      throw new Error(`the gateway ended with ${how.code ?? how.signal} before it listened:\n${spawned.output()}`);
    });
    try {
      const url = await within(START_LIMIT_MS, 'the gateway listens', Promise.race([announced.found, failed]));
      const gateway = { ...spawned, url, admin: new AdminClient(this.dataDir) };
      this.#children.add(gateway);
      return gateway;
    } catch (error) {
      spawned.child.kill('SIGKILL');
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${spawned.output()}`, {
        cause: error,
      });
    } finally {
      announced.stop();
    }
  }

  /** Runs one command of the same program to its end. */
  async run(command: readonly string[], input = ''): Promise<{ code: number | null; output: string }> {
    const spawned = launch([...command, ...this.arguments], this.dir);
    spawned.child.stdin?.end(input);
    const { code } = await within(START_LIMIT_MS, `keyporter ${command.join(' ')} ends`, spawned.ended);
    return { code, output: spawned.output() };
  }

  async remove(): Promise<void> {
    for (const gateway of this.#children) gateway.child.kill('SIGKILL');
    await Promise.all([...this.#children].map((gateway) => gateway.ended));
    // What the gateway started may end a moment later and write until then.
    await rm(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

function launch(command: readonly string[], cwd: string): Omit<SpawnedGateway, 'url' | 'admin'> {
  const env = { PATH: process.env['PATH'], HOME: cwd, NO_COLOR: '1' };
  const child = spawn(process.execPath, [MAIN, ...command], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => pieces.push(piece));
  const gone = deferred<{ code: number | null; signal: NodeJS.Signals | null }>();
  child.once('close', (code, signal) => gone.resolve({ code, signal }));
  return {
    child,
    ended: gone.promise,
    output: () => Buffer.concat(pieces).toString('utf8'),
    end: (signal) => {
      child.kill(signal);
      return gone.promise;
    },
  };
}

/** Waits for `keyporter.json` of the process `pid`; one left by an earlier process does not count. */
function announcement(dataDir: string, pid: number): { found: Promise<string>; stop(): void } {
  const found = deferred<string>();
  const look = async (): Promise<void> => {
    const text = await readFile(join(dataDir, 'keyporter.json'), 'utf8').catch(() => '');
    if (text === '') return;
    try {
      const said = JSON.parse(text) as { pid: number; url: string };
      if (said.pid === pid) found.resolve(said.url);
    } catch {
      // Half written: the next change of the directory looks again.
    }
  };
  const watcher = watch(dataDir, () => void look());
  void look();
  return { found: found.promise, stop: () => watcher.close() };
}
