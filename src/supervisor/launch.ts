import { randomBytes } from 'node:crypto';
import { Secret } from '../core/secret.js';
import { startFaultSentence } from './process-sentences.js';
import type { Ports } from './free-port.js';
import { writeKeyFile } from './key-file.js';
import { KeeperFault, type Keeper } from './keeper-link.js';
import { createLife, type Life } from './life.js';
import { argumentsOf, environmentOf, type Specification } from './specification.js';
import type { Surroundings } from './surroundings.js';

/** Where a process answers, and with which key. It stays over restarts, so that requests that wait find the process again. */
export interface Place {
  port: number;
  key: string;
}

export interface Launch {
  specification: Specification;
  world: Surroundings;
  keeper: Keeper;
  /** Of the run before. */
  place: Place | null;
  ports: Ports;
  logFile: string;
  keyFile: string;
}

export type Launched = { life: Life; place: Place; fault?: undefined } | { fault: string };

/** Starts a process. A fault is a sentence that says what to do. */
export async function launch(wanted: Launch): Promise<Launched> {
  const { specification, keeper, world, logFile, keyFile } = wanted;
  const port = await wanted.ports.take(specification.id, specification.ports, wanted.place?.port ?? null);
  if (port === null) return { fault: noPort(specification) };
  // Whoever got the old port may have been shown the old key.
  const place = wanted.place?.port === port ? wanted.place : { port, key: randomBytes(32).toString('hex') };
  const values = { port, apiKey: place.key, keyFile };
  const argv = argumentsOf(specification, values);
  const env = environmentOf(specification, values, world.environment);
  const { id: name, takeoverMs, fingerprint, takesKey, takesKeyFile } = specification;
  const apiKey = takesKey ? place.key : null;
  try {
    if (takesKeyFile) await writeKeyFile(keyFile, place.key);
    const begun = await keeper.start({
      name,
      argv,
      env,
      cwd: world.cwd,
      logFile,
      takeoverMs,
      fingerprint,
      port,
      apiKey,
    });
    const secret = apiKey === null ? null : new Secret(apiKey);
    return { place, life: createLife({ ...begun, port, apiKey: secret, beganMs: world.clock.monotonic() }) };
  } catch (error) {
    if (error instanceof KeeperFault) return { fault: startFaultSentence(error.code, argv[0] ?? '', world.cwd) };
    return { fault: `It could not be started: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

function noPort({ ports: { from, to }, model }: Specification): string {
  const range = from === to ? `Port ${from} is` : `All ports from ${from} to ${to} are`;
  return `${range} taken: end what uses ${from === to ? 'it' : 'them'}, or name other \`ports\` for ${model}.`;
}
