import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import { silentLog, type Log } from '../../src/core/log.js';
import { startGateway, type RunningGateway } from '../../src/gateway.js';
import { AdminClient } from './admin-client.js';
import { RawClient } from './raw-client.js';
import { RecordingUpstream } from './recording-upstream.js';

/** The key that the gateway sends to the test's upstream; must never be seen on the caller's side. */
export const UPSTREAM_KEY = 'sk-upstream-canary-0f1e2d3c4b5a69788796a5b4c3d2e1f0';

export interface TestGateway {
  url: string;
  dataDir: string;
  running: RunningGateway;
  admin: AdminClient;
  /** A raw connection to the first listener, from an address of its own where the system has more than one. */
  connect(localAddress?: string): Promise<RawClient>;
  close(): Promise<void>;
}

/** A real gateway on port 0 with a data directory of its own. `config` is written as the file would be. */
export async function startTestGateway(config: Record<string, unknown>, log: Log = silentLog): Promise<TestGateway> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kp-'));
  const text = JSON.stringify({ listen: '127.0.0.1:0', ...config });
  const outcome = await loadConfig({ text, env: {}, cwd: dataDir });
  if (!outcome.ok) throw new Error(`the test's configuration is refused: ${JSON.stringify(outcome.faults)}`);
  const running = await startGateway({ loaded: outcome.loaded, dataDir, log, flags: {} }).catch(
    async (error: unknown) => {
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    },
  );
  // The first look at the model servers would count among the requests of a test.
  await running.settled;
  return {
    url: running.url,
    dataDir,
    running,
    admin: new AdminClient(dataDir),
    connect: (localAddress) => RawClient.open(running.url, localAddress ?? nextLoopbackAddress()),
    async close() {
      await running.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

let addressesUsed = 0;

/** Linux answers for all of 127.0.0.0/8, so that failed sign-ins of one test do not count against another. */
function nextLoopbackAddress(): string {
  if (process.platform !== 'linux') return '127.0.0.1';
  addressesUsed += 1;
  return `127.1.${(addressesUsed >> 8) & 255}.${addressesUsed & 255 || 1}`;
}

/** Models of the usual test world: plain, with a slash in its id, restricted, and under another name upstream. */
export function modelsOn(upstreamUrl: string): Record<string, unknown> {
  const replicas = [{ url: upstreamUrl, api_key: UPSTREAM_KEY }];
  return {
    'test-model': { replicas, aliases: ['test-alias'] },
    'org/model-b': { replicas },
    'secret-model': { replicas, restricted: true },
    renamed: { replicas, upstream_model: 'Vendor/Real-Name' },
  };
}

export interface World {
  upstream: RecordingUpstream;
  gateway: TestGateway;
  admin: AdminClient;
  /** A key that may infer. */
  key: string;
  keyId: string;
  close(): Promise<void>;
}

/** A recording upstream, a gateway in front of it, and one key. */
export async function startWorld(
  config: Record<string, unknown> = {},
  options: { record?: boolean } = {},
): Promise<World> {
  const upstream = await RecordingUpstream.start({ models: ['test-model'], record: options.record ?? true });
  const gateway = await startTestGateway({ models: modelsOn(upstream.url), ...config });
  const { id, key } = await gateway.admin.createKey({ scopes: ['infer'] });
  return {
    upstream,
    gateway,
    admin: gateway.admin,
    key,
    keyId: id,
    async close() {
      await gateway.close();
      await upstream.close();
    },
  };
}
