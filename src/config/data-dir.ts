import { dirname, join, resolve } from 'node:path';
import type { Config } from './schema.js';

export interface DataDirSources {
  /** `--data-dir`, relative to `cwd`. */
  flag?: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  config: Pick<Config, 'data_dir'>;
  /** The file `data_dir` is relative to; null when there is none. */
  configFile: string | null;
  home: string;
  /** Defaults to the working directory of the process. */
  cwd?: string;
}

/** The data directory as an absolute path: the option, `KEYPORTER_DATA_DIR`, `data_dir`, systemd's `STATE_DIRECTORY`, or the user's own. */
export function resolveDataDir({ flag, env, config, configFile, home, cwd = process.cwd() }: DataDirSources): string {
  const named = flag ?? text(env.KEYPORTER_DATA_DIR);
  if (named !== null) return resolve(cwd, named);
  if (config.data_dir !== null) return resolve(configFile === null ? cwd : dirname(configFile), config.data_dir);
  // systemd gives a list when a unit has several; the first is the unit's own.
  const state = text(env.STATE_DIRECTORY)?.split(':', 1)[0] ?? '';
  return state === '' ? join(home, '.local/state/keyporter') : resolve(state);
}

/** An empty variable is as good as none. */
function text(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
