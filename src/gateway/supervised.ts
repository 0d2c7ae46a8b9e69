import { homedir, networkInterfaces } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { answersWithoutKey } from '../replicas/look.js';
import { authority, publicAddresses } from '../replicas/machine.js';
import type { Pool } from '../replicas/pool.js';
import type { Probe } from '../replicas/probe.js';
import { socketPath } from '../storage/data-directory.js';
import { startSupervisor, type Supervisor } from '../supervisor/supervisor.js';
import type { Asking } from '../supervisor/readiness.js';
import type { Traffic } from '../supervisor/surroundings.js';
import type { Configuration } from './configuration.js';
import type { Shutdown } from './shutdown.js';

/** The variables of ours, as far as they may go on to model servers. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface SupervisedOptions {
  configuration: Configuration;
  dataDir: string;
  /** See `socketPath`. */
  runtimeDir?: string | undefined;
  environment?: Environment;
  probe: Probe;
  shutdown: Shutdown;
  clock: Clock;
  log: Log;
}

/** The model servers that Keyporter starts itself. */
export interface Supervised {
  supervisor: Supervisor;
  /** From now on this pool is told what is drained and what comes back. */
  guide(pool: Pool): void;
  /** They end with the gateway, in place of waiting for the next one. */
  endWithGateway(): void;
}

/** What a program needs to find its libraries, its files and its language. Nothing else goes on, so that no secret of ours does. */
const INHERITED = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'USER', 'LOGNAME', 'TMPDIR', 'TZ'];
const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MAX_ANSWER_BYTES = 4_194_304;

/** Takes over what an earlier gateway left running and begins to start the rest; follows reloads; leaves or ends them with the gateway. */
export async function startSupervised(options: SupervisedOptions): Promise<Supervised> {
  const { configuration, shutdown, dataDir, probe, clock, log } = options;
  const { config, file } = configuration.current();
  let pool: Pool | null = null;
  let endsWithGateway = false;
  const traffic: Traffic = {
    drain: async (url, reason) => await pool?.drain(url, reason),
    resume: (url) => pool?.resume(url),
  };
  const supervisor = await startSupervisor({
    models: config.models,
    places: placesIn(dataDir, options.runtimeDir ?? null),
    drainMs: () => configuration.current().config.server.drain_seconds * 1000,
    world: {
      dataDir,
      cwd: file === null ? process.cwd() : dirname(file),
      environment: inherited(options.environment ?? {}),
      clock,
      log,
      ask: asking(probe),
      answersWithoutKey: (url) => answersWithoutKey(url, probe),
      publicHosts: () => publicAddresses(networkInterfaces()).map((address) => authority(address, '')),
      traffic,
      ending: () => shutdown.begun,
    },
  });
  configuration.onChange(() => supervisor.use(configuration.current().config.models));
  shutdown.onClose(() => (endsWithGateway ? supervisor.end() : supervisor.leave()));
  return { supervisor, guide: (one) => (pool = one), endWithGateway: () => (endsWithGateway = true) };
}

/** The keeper's socket lies where the gateway's own does, under a name that is no longer. */
function placesIn(dataDir: string, runtimeDir: string | null): { socket: string; record: string; log: string } {
  const own = socketPath(dataDir, runtimeDir);
  return {
    socket: join(dirname(own), basename(own).replace(/^keyporter/, 'keeper')),
    record: join(dataDir, 'keeper.json'),
    log: join(dataDir, 'logs', 'keeper.log'),
  };
}

function inherited(environment: Environment): Record<string, string> {
  const found = INHERITED.flatMap((name) =>
    environment[name] === undefined ? [] : [[name, environment[name]] as const],
  );
  return { PATH: USUAL_PATH, HOME: homedir(), ...Object.fromEntries(found) };
}

function asking(probe: Probe): Asking {
  return async (url, { method, headers, body, timeoutMs }) => {
    const type = body === null ? {} : { 'content-type': 'application/json' };
    const answer = await probe.get(url, {
      method,
      body,
      headers: { ...type, ...headers },
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
    });
    return answer.ok ? { status: answer.status } : { detail: answer.detail };
  };
}
