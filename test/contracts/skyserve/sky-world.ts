import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AdminClient } from '../../support/admin-client.js';
import { until } from '../../support/patience.js';
import type { ReplicaRow } from '../../supervisor/supervised-world.js';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const FAKE_VLLM = fileURLToPath(new URL('fake-vllm.mjs', import.meta.url));

/** The service of SkyPilot's guide, as it stands there. */
export const SEED = `envs:
  MODEL_NAME: meta-llama/Meta-Llama-3-8B-Instruct
  HF_TOKEN: # Fill with your own huggingface token, or use --env to pass.
  AUTH_TOKEN: # Fill with your own auth token (a random string), or use --env to pass.

service:
  readiness_probe:
    path: /v1/models
    headers:
      Authorization: Bearer $AUTH_TOKEN
  replicas: 2

resources:
  accelerators: {L4, A10g, A10, L40, A40, A100, A100-80GB}
  ports: 8000

setup: |
  pip install vllm==0.4.0.post1 flash-attn==2.5.7 gradio openai
  # python -c "import huggingface_hub; huggingface_hub.login('\${HF_TOKEN}')"

run: |
  export PATH=$PATH:/sbin
  python -m vllm.entrypoints.openai.api_server \\
    --model $MODEL_NAME \\
    --trust-remote-code --gpu-memory-utilization 0.95 \\
    --host 0.0.0.0 --port 8000 \\
    --api-key $AUTH_TOKEN
`;

export const MODEL = 'meta-llama/Meta-Llama-3-8B-Instruct';
export const SEED_ENV = { HF_TOKEN: 'xxx', AUTH_TOKEN: 'yyy' };
const SEED_OPTIONS = ['-n', 'auth', '--env', 'HF_TOKEN', '--env', 'AUTH_TOKEN'];

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

/** A home with a service file, a data directory, and a \`python\` that is the fake vLLM. */
export class SkyWorld {
  readonly dir: string;
  readonly dataDir: string;
  readonly admin: AdminClient;
  #child: ChildProcess | null = null;
  #output = '';

  private constructor(dir: string) {
    this.dir = dir;
    this.dataDir = join(dir, 'data');
    this.admin = new AdminClient(this.dataDir);
  }

  static async make(yaml = SEED): Promise<SkyWorld> {
    const world = new SkyWorld(await mkdtemp(join(tmpdir(), 'kp-')));
    await mkdir(join(world.dir, 'bin'));
    const python = join(world.dir, 'bin', 'python');
    await writeFile(python, `#!/bin/sh\nshift 2\nexec '${process.execPath}' '${FAKE_VLLM}' "$@"\n`);
    await chmod(python, 0o755);
    await world.write(yaml);
    return world;
  }

  async write(yaml: string): Promise<void> {
    await writeFile(join(this.dir, 'auth.yaml'), yaml, { mode: 0o600 });
  }

  /** Runs a command to its end. */
  async run(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
    const child = this.#spawn(args, env);
    const said = { out: '', err: '' };
    child.stdout?.on('data', (piece: Buffer) => (said.out += piece.toString()));
    child.stderr?.on('data', (piece: Buffer) => (said.err += piece.toString()));
    const code = await new Promise<number | null>((done) => child.once('close', done));
    return { code, ...said };
  }

  /** Starts the service and resolves when it said where it is. */
  async serve(
    env: Record<string, string> = SEED_ENV,
    options: readonly string[] = SEED_OPTIONS,
  ): Promise<{ url: string; output(): string }> {
    const child = this.#spawn(['serve', '--service', 'auth.yaml', '--listen', '127.0.0.1:0', ...options], env);
    this.#child = child;
    this.#output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (piece: Buffer) => (this.#output += piece.toString()));
    const url = (): string | undefined => /Endpoint URL: (\S+)\n/.exec(this.#output)?.[1];
    await until(30_000, 'the service says where it is', async () => {
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${this.#output}`);
      return url() !== undefined;
    });
    return { url: url() ?? '', output: () => this.#output };
  }

  /** Waits until this many replicas are ready, and answers them. */
  async ready(count: number): Promise<ReplicaRow[]> {
    let rows: ReplicaRow[] = [];
    await until(30_000, `${count} ready replicas`, async () => {
      rows = (await this.admin.must('GET', '/replicas'))['data'] as ReplicaRow[];
      return rows.filter(({ state }) => state === 'ready').length >= count;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(rows)}\n${this.#output}`);
    });
    return rows;
  }

  /** Ends the service and waits until its process is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null) return;
    const gone = new Promise((done) => child.once('close', done));
    await this.run(['stop']);
    await gone;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  #spawn(args: readonly string[], env: Record<string, string>): ChildProcess {
    const path = `${join(this.dir, 'bin')}:${process.env['PATH'] ?? ''}`;
    return spawn(process.execPath, [MAIN, ...args, '--data-dir', this.dataDir], {
      cwd: this.dir,
      env: { PATH: path, HOME: this.dir, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
