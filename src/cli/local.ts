import type { LoadedConfig } from '../config/load.js';
import { Failure } from './failure.js';
import type { Invocation } from './invocation.js';

/** What the command line, the environment and the files of this machine say about where Keyporter lives. */
export interface Local {
  dataDir: string;
  /** The configuration, or, when it is faulty, the sentences that say why. */
  configuration: { loaded: LoadedConfig } | { faults: string };
}

/**
 * Finds configuration and data directory. A faulty file ends the command, unless the data directory
 * is named by itself: a typing error in the file must not keep anybody from revoking a key at the
 * gateway that runs there.
 */
export async function findLocal({ io, globals }: Invocation): Promise<Local> {
  const [{ findConfigFile, formatFaults, loadConfig }, { resolveDataDir }] = await Promise.all([
    import('../config/load.js'),
    import('../config/data-dir.js'),
  ]);
  const { env, cwd, home } = io;
  const file = await findConfigFile({ flag: globals.config, env, cwd, home });
  const outcome = await loadConfig(file === null ? { env, cwd } : { file, env, cwd });
  const place = { flag: globals.dataDir, env, home, cwd };
  if (outcome.ok) {
    const { loaded } = outcome;
    return {
      dataDir: resolveDataDir({ ...place, config: loaded.config, configFile: loaded.file }),
      configuration: { loaded },
    };
  }
  const faults = formatFaults(outcome.faults);
  if (globals.dataDir === undefined && (env['KEYPORTER_DATA_DIR'] ?? '') === '') throw faultyConfiguration(faults);
  return {
    dataDir: resolveDataDir({ ...place, config: { data_dir: null }, configFile: null }),
    configuration: { faults },
  };
}

/** The configuration of a place whose configuration has to be right. */
export function requireConfiguration({ configuration }: Local): LoadedConfig {
  if ('loaded' in configuration) return configuration.loaded;
  throw faultyConfiguration(configuration.faults);
}

function faultyConfiguration(faults: string): Failure {
  return new Failure(
    `${faults}\nThe configuration is faulty. Correct it (\`keyporter check\` lists every fault), or name another file with --config.`,
  );
}
