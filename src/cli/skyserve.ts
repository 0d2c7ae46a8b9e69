import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isLoopbackHost, parseListen } from '../config/listen.js';
import { findConfigFile, loadConfig, type LoadOutcome } from '../config/load.js';
import { Secret } from '../core/secret.js';
import { serviceSpecification } from '../import/skyserve-echo.js';
import { ServiceFault } from '../import/skyserve-fault.js';
import { servicePlan, type ServicePlan } from '../import/skyserve-serve.js';
import { readServiceText, type ServiceTask } from '../import/skyserve-task.js';
import { Failure, misuse } from './failure.js';
import type { Invocation } from './invocation.js';
import type { ServeOptions } from './serve-options.js';
import { givenVariables } from './skyserve-variables.js';

const NAME = /^[a-zA-Z]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const USUAL_LISTEN = '127.0.0.1:5390';

/** A service YAML, ready to be served on this machine. */
export interface PreparedTask {
  name: string;
  file: string;
  /** What SkyServe says about it, and what is different here. */
  specification: readonly string[];
  notes: readonly string[];
  sharedKey: Secret | null;
  /** The section `setup` with the variables it may use; null when there is none. */
  setup: { text: string; directory: string; variables: Readonly<Record<string, string>> } | null;
  read(reload: boolean): Promise<LoadOutcome>;
}

/** Reads the file of `--service`. Throws a `Failure` with the sentence of the original. */
export async function prepareSkyserve(invocation: Invocation, dataDir: string): Promise<PreparedTask> {
  const { io, options, globals } = invocation;
  const { service: named = '', name = `sky-service-${randomBytes(2).toString('hex')}` }: ServeOptions = options;
  if (globals.config !== undefined)
    throw misuse('Give either --service or --config: a service has its configuration in its own file.');
  if (!NAME.test(name))
    throw misuse(
      `Service name "${name}" is not valid. Begin with a letter; letters, digits, -, _ and . may follow, and the last is a letter or digit.`,
    );
  const file = resolve(io.cwd, named);
  const given = await givenVariables(invocation);
  const look = async (): Promise<{ task: ServiceTask; planned: ServicePlan }> => {
    const task = readServiceText(await textOf(file));
    return {
      task,
      planned: servicePlan(task, {
        given,
        ...listening(options),
        keepScript: keeper(join(dataDir, 'services', name)),
        gpuCount: gpuCount(),
      }),
    };
  };
  const { task, planned } = await look().catch(asFailure);
  return {
    name,
    file,
    specification: serviceSpecification(task),
    notes: [...planned.notes, ...(await ignoredConfiguration(invocation))],
    sharedKey: planned.sharedKey === null ? null : new Secret(planned.sharedKey),
    setup:
      task.setup === null ? null : { text: task.setup, directory: task.workdir ?? '.', variables: planned.variables },
    async read(reload) {
      const { configuration } = (await look().catch(asFailure)).planned;
      return loadConfig({ file, text: JSON.stringify(configuration), env: {}, cwd: io.cwd, reload });
    },
  };
}

/** Nobody should wonder why a file that is there has no effect. */
async function ignoredConfiguration({ io: { env, cwd, home } }: Invocation): Promise<string[]> {
  const other = await findConfigFile({ env, cwd, home });
  return other === null ? [] : [`${other} is not read: a service has its configuration in its own file.`];
}

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure(`The service file ${file} cannot be read.`, { cause });
  });
}

function asFailure(error: unknown): never {
  throw error instanceof ServiceFault ? new Failure(error.message, { cause: error }) : error;
}

/** The admin API stays on this machine. */
function listening({ listen = USUAL_LISTEN }: ServeOptions): { listen: string; serve: string[] } {
  const address = parseListen(listen);
  return { listen, serve: address !== null && isLoopbackHost(address.host) ? ['api', 'admin', 'metrics'] : ['api'] };
}

/** A script under a name of its content: another text is another command, and so another process. */
function keeper(directory: string): (text: string) => string {
  return (text) => {
    const path = join(directory, `run-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.sh`);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
}

function gpuCount(): number {
  try {
    return readdirSync('/dev').filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}
