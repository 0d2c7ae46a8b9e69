import { spawn } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { BLOCK, freeBlock } from '../support/free-ports.js';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { ROOT } from '../tidy/source-tree.js';
import { writeForeignFiles } from './foreign-files.js';
import type { TypedBlock } from './shell-blocks.js';

/** Models that the documents name. */
const MODELS = ['qwen3', 'gemma3', 'Qwen/Qwen3-8B'];
/** Ports of the documents on which Keyporter listens, in the order of `listeners` below. */
const OUR_PORTS = [5390, 5001, 9001, 8321, 5391];
/** Ports of the documents behind which a model server stands. */
const MODEL_SERVERS = /\b(127\.0\.0\.1|localhost|10\.0\.0\.\d+|203\.0\.113\.\d+):(8080|8000|1234|11434|30000)\b/g;
const USES_CONFIGURATION = /keyporter\.yaml|\b(check|serve|start)\b/;
const PROCESS_MODEL = 'gemma3';
/** How many of a block of ports are for the gateway; the others are for the engines it starts. */
const GATEWAY_PORTS = 10;
const FAKE_ENGINE = join(ROOT, 'test/supervisor/fake-engine.mjs');

export interface Typed {
  code: number | null;
  output: string;
}

/** Somebody who types what a document says, at a machine with a gateway and a model server. */
export class Reader {
  readonly #home: GatewayHome;
  readonly #upstream: RecordingUpstream;
  readonly #gateway: SpawnedGateway;
  readonly #ports: readonly number[];
  readonly #place: string;
  readonly #groups: number[] = [];
  /** Addresses of model servers in the documents. */
  readonly #servers: string[] = [];

  private constructor(
    home: GatewayHome,
    parts: { upstream: RecordingUpstream; gateway: SpawnedGateway; ports: number[] },
  ) {
    this.#home = home;
    this.#upstream = parts.upstream;
    this.#gateway = parts.gateway;
    this.#ports = parts.ports;
    this.#place = join(home.dir, 'work');
  }

  static async sitDown(): Promise<Reader> {
    const upstream = await RecordingUpstream.start({ models: MODELS });
    const first = await freeBlock();
    const ports = OUR_PORTS.map((_, at) => first + at);
    const enginePorts = `${first + GATEWAY_PORTS}-${first + BLOCK - 1}`;
    const home = await GatewayHome.make({ listen: undefined, ...configuration(upstream.url, ports, enginePorts) });
    await mkdir(join(home.dir, 'work'));
    await mkdir(join(home.dir, 'elsewhere'));
    await symlink(join(ROOT, 'node_modules'), join(home.dir, 'node_modules'));
    await writeForeignFiles(join(home.dir, 'work'), upstream.url);
    const gateway = await home.start();
    await gateway.admin.createKey({ name: 'phone', owner: 'alice', scopes: ['infer'] });
    await gateway.admin.createKey({ name: 'old', owner: 'bob', labels: { team: 'blue', service: 'auth' } });
    return new Reader(home, { upstream, gateway, ports });
  }

  /** Types the blocks one after the other into one shell. */
  async type(blocks: readonly TypedBlock[]): Promise<Typed> {
    const { key: token } = await this.#gateway.admin.createKey({
      name: 'client',
      owner: 'authkeys',
      scopes: ['infer'],
    });
    const script = [`source ${join(ROOT, 'test/docs/typed.bash')}`, `TOKEN='${token}'`, `KEY='${token}'`];
    for (const block of blocks) script.push(...(await this.#asScript(block)));
    const file = join(this.#home.dir, 'typed.sh');
    await writeFile(file, script.join('\n'));
    const child = spawn('bash', [file], { cwd: this.#place, env: this.#environment(), detached: true });
    if (child.pid !== undefined) this.#groups.push(child.pid);
    const pieces: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => pieces.push(piece));
    child.stdin.end();
    // Not `close`: a gateway that was started goes on and holds the outputs open.
    const code = await new Promise<number | null>((resolve, reject) =>
      child.once('exit', resolve).once('error', reject),
    );
    return { code, output: Buffer.concat(pieces).toString('utf8') };
  }

  async leave(): Promise<void> {
    for (const group of this.#groups) endGroup(group);
    await this.#home.remove();
    await this.#upstream.close();
  }

  /** Each block has a key of its own, so that what one block revokes is there in the next. */
  async #asScript(block: TypedBlock): Promise<string[]> {
    const { id, key } = await this.#gateway.admin.createKey({
      name: `line ${block.line}`,
      scopes: ['infer', 'keys:read', 'keys:write', 'keys:revoke', 'admin'],
    });
    const { key: leaked } = await this.#gateway.admin.createKey({ name: `leaked ${block.line}` });
    const here = [`# line ${block.line}`, `PASTED='${leaked}'`];
    if (block.configuration !== null && USES_CONFIGURATION.test(block.text))
      here.push(...written('keyporter.yaml', this.#atHome(block.configuration)));
    const text = this.#atHome(block.text)
      .replace(/\bID\b/g, id)
      .replaceAll('kp_...', key);
    if (block.language === 'sh') return [...here, text];
    const name = `program-${block.line}.${block.language === 'ts' ? 'mts' : 'py'}`;
    const runner =
      block.language === 'ts' ? `node --import ${join(ROOT, 'node_modules/tsx/dist/loader.mjs')}` : 'python3';
    return [...here, ...written(name, text), `OPENAI_API_KEY='${key}' ANTHROPIC_API_KEY='${key}' ${runner} ${name}`];
  }

  /** Addresses and folders of the documents, put where they are here. */
  #atHome(text: string): string {
    const moved = text
      .replace(MODEL_SERVERS, (place) => this.#serverAt(place))
      .replace(/https:\/\/models\.example\.org(:\d+)?/g, 'http://127.0.0.1:5390')
      .replace(/\/(tmp|safe\/place)\//g, `${join(this.#home.dir, 'elsewhere')}/`);
    return OUR_PORTS.reduce((result, port, at) => result.replaceAll(`:${port}`, `:${this.#ports[at]}`), moved);
  }

  /** All of 127.0.0.0/8 is this machine, so that two servers of a document are two here. */
  #serverAt(place: string): string {
    const at = this.#servers.indexOf(place) + 1 || this.#servers.push(place);
    return `127.0.0.${process.platform === 'linux' ? at : 1}:${this.#upstream.port}`;
  }

  #environment(): NodeJS.ProcessEnv {
    const bin = join(ROOT, 'dist/bin');
    return {
      PATH: [bin, join(process.execPath, '..'), process.env['PATH']].join(delimiter),
      HOME: this.#home.dir,
      NO_COLOR: '1',
      GATEWAY_PORT: String(this.#ports[0]),
      KEYPORTER_DATA_DIR: this.#home.dataDir,
      VLLM_KEY: 'key-of-the-model-server',
      LLAMA_API_KEY: 'key-of-the-model-server',
    };
  }
}

function configuration(upstreamUrl: string, ports: readonly number[], enginePorts: string): Record<string, unknown> {
  const [main, authkeys, orchestra, stack, verify] = ports.map((port) => `127.0.0.1:${port}`);
  return {
    listeners: [
      { listen: main, serve: ['api', 'admin'] },
      { listen: authkeys, profile: 'authkeys' },
      { listen: orchestra, profile: 'orchestra' },
      { listen: stack, profile: 'llama-stack' },
      { listen: verify, serve: ['verify'] },
    ],
    keys: { self_service: ['revoke', 'rotate', 'derive'] },
    orchestra: { keys_file: 'work/api_keys.json' },
    default_model: 'qwen3',
    upstreams: [{ url: upstreamUrl }],
    models: {
      [PROCESS_MODEL]: {
        command: `${process.execPath} ${FAKE_ENGINE} --port={port}`,
        env: { FAKE_API_KEY: '{api_key}' },
        ports: enginePorts,
        takeover_seconds: 1,
      },
    },
  };
}

const written = (name: string, text: string): string[] => [`cat >${name} <<'END_OF_FILE'`, text, 'END_OF_FILE'];

function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Everything it started has ended.
  }
}
