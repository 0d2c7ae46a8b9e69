import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { checkCommandFile } from './command-file.js';
import { formatPath, type Fault, type Finding, type Path } from './faults.js';
import { finish } from './finish.js';
import { judge } from './judge.js';
import { checkNamedFiles } from './named-files.js';
import { readText } from './read-file.js';
import { checkRules } from './rules.js';
import { configSchema, type Config } from './schema.js';
import { screen } from './screen.js';
import { substitute } from './substitute.js';
import { warningsFor } from './warnings.js';
import { readYaml, type YamlTree } from './yaml-tree.js';

export { formatFaults, type Fault } from './faults.js';

const LARGEST_FILE_BYTES = 4 * 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadOptions {
  /** Read from here, relative to `cwd`; with `text`, only the name used in messages and for relative paths. Absent = no file. */
  file?: string;
  /** The content, when it is already at hand. */
  text?: string;
  env: Environment;
  cwd: string;
  /** From the command line: `listen` stands in place of every listener of the file, `upstreams` join those of the file. */
  flags?: { listen?: string; upstreams?: readonly string[] };
  /** True when a gateway runs: a file that became empty is then taken for one being written, not for one with every default. */
  reload?: boolean;
}

export interface LoadedConfig {
  config: Config;
  /** Absolute; null when there is none. */
  file: string | null;
  /** Sentences about switches that weaken the gateway. */
  warnings: string[];
}

export type LoadOutcome = { ok: true; loaded: LoadedConfig } | { ok: false; faults: Fault[] };

/** Reads and judges a configuration. Never throws; answers every fault at once, in the order of the file. */
export async function loadConfig(options: LoadOptions): Promise<LoadOutcome> {
  const file = options.file === undefined ? null : resolve(options.cwd, options.file);
  const text = await textOf(file, options);
  if (text.fault !== undefined) return refuse([{ file, line: null, column: null, path: '', message: text.fault }]);
  const tree = readYaml(text.text);
  if (tree.root === undefined) {
    return refuse(
      tree.faults.map(({ path, message, line, column }) => ({ file, line, column, path: formatPath(path), message })),
    );
  }
  const { upstreams } = tree.root;
  return judgeTree({
    root: tree.root,
    tree,
    file,
    options,
    upstreamsWritten: Array.isArray(upstreams) ? upstreams.length : 0,
  });
}

interface Source {
  root: Record<string, unknown>;
  tree: YamlTree;
  file: string | null;
  options: LoadOptions;
  /** Entries of `upstreams` in the file; those behind them come from the command line. */
  upstreamsWritten: number;
}

async function textOf(
  file: string | null,
  { text, reload }: LoadOptions,
): Promise<{ text: string; fault?: undefined } | { fault: string }> {
  if (text === undefined && file === null) return { text: '' };
  const read: { text: string; fault?: undefined } | { fault: string } =
    text === undefined ? await readText(file ?? '', LARGEST_FILE_BYTES) : { text };
  if (read.fault !== undefined) return { fault: `the configuration file cannot be used: ${read.fault}` };
  if (Buffer.byteLength(read.text) > LARGEST_FILE_BYTES)
    return { fault: `the configuration is larger than ${LARGEST_FILE_BYTES} bytes` };
  if (reload === true && saysNothing(read.text))
    return { fault: 'the configuration file is empty; write it again, or restart to run with every default' };
  return { text: read.text };
}

/** Nothing but space, remarks and a null: what is left of a file that somebody is about to write. */
function saysNothing(text: string): boolean {
  const lines = text.split('\n').map((line) => line.replace(/(?:^|\s)#.*$/, '').trim());
  return lines.every((line) => ['', '---', 'null', '~'].includes(line));
}

async function judgeTree(source: Source): Promise<LoadOutcome> {
  const { root, file, options } = source;
  const directory = file === null ? options.cwd : dirname(file);
  const filled = await substitute(root, { env: options.env, directory, schema: configSchema });
  const screened = screen(withFlags(root, options.flags), configSchema);
  const judged = judge(screened, configSchema, filled.findings);
  const findings = [...filled.findings, ...screened.findings, ...judged.findings];
  if (judged.value === null) return refuse(inFileOrder(findings, source));
  const faulty = new Set(findings.map(({ path }) => String(path[0])));
  const report = (path: Path, message: string): void => void findings.push({ path: judged.asWritten(path), message });
  checkRules(judged.value, faulty, report);
  const config = finish(judged.value, directory, usualKeysFile(options, directory));
  const fileWarnings = await checkNamedFiles(config, report);
  await checkCommandFile(config, file, report);
  if (findings.length > 0) return refuse(inFileOrder(findings, source));
  return {
    ok: true,
    loaded: {
      config,
      file,
      warnings: [...warningsFor(config), ...filled.warnings, ...fileWarnings, ...screened.warnings],
    },
  };
}

/** Where Orchestra's key file is when the configuration does not say. */
function usualKeysFile({ env, cwd }: LoadOptions, directory: string): string {
  const { API_KEYS_FILE: named = '' } = env;
  return named === '' ? resolve(directory, 'api_keys.json') : resolve(cwd, named);
}

/** The file with the command line on top. */
function withFlags(root: Record<string, unknown>, flags: LoadOptions['flags']): Record<string, unknown> {
  const { listen, upstreams = [] } = flags ?? {};
  if (listen !== undefined) {
    root.listen = listen;
    delete root.listeners;
  }
  const configured = root.upstreams ?? [];
  if (upstreams.length > 0 && Array.isArray(configured))
    root.upstreams = [...(configured as unknown[]), ...upstreams.map((url) => ({ url }))];
  return root;
}

function inFileOrder(findings: readonly Finding[], source: Source): Fault[] {
  const faults = findings.map((finding) => placed(finding, source));
  return faults.sort((left, right) => (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0));
}

function placed({ path, message, standsAlone }: Finding, source: Source): Fault {
  const { tree, file, options } = source;
  const flag = flagOf(path, source);
  const shown = flag ?? formatPath(path);
  const nowhere = flag !== null || (file === null && options.text === undefined);
  const place = nowhere ? { line: null, column: null } : tree.placeOf(path);
  const sentence = standsAlone === true ? message : `\`${shown === '' ? 'the file' : shown}\` ${message}`;
  return { file: nowhere ? null : file, line: place.line, column: place.column, path: shown, message: sentence };
}

/** The option of the command line a fault comes from, or null. */
function flagOf([member, index]: Path, { upstreamsWritten, options: { flags } }: Source): string | null {
  if (member === 'listen' && flags?.listen !== undefined) return '--listen';
  if (member !== 'upstreams' || typeof index !== 'number') return null;
  return index >= upstreamsWritten ? '--upstream' : null;
}

/** Nobody reads more, and a file of another kind has thousands. */
const MOST_FAULTS = 200;

function refuse(faults: readonly Fault[]): LoadOutcome {
  const left = faults.length - MOST_FAULTS;
  const more = faults
    .slice(0, 1)
    .map(({ file }) => ({ file, line: null, column: null, path: '', message: `and ${left} more` }));
  return { ok: false, faults: [...faults.slice(0, MOST_FAULTS), ...(left > 0 ? more : [])] };
}

/**
 * The configuration file to use: the one named by `--config`, else by `KEYPORTER_CONFIG`, else the first
 * of the usual places that exists, else null. A named file is answered whether it exists or not, so
 * that loading it tells what is wrong and nothing else is used in its place.
 */
export async function findConfigFile(where: {
  flag?: string | undefined;
  env: Environment;
  cwd: string;
  home: string;
}): Promise<string | null> {
  const named = where.flag ?? where.env.KEYPORTER_CONFIG ?? '';
  if (named !== '') return resolve(where.cwd, named);
  const usual = [
    join(where.cwd, 'keyporter.yaml'),
    join(where.home, '.config/keyporter/keyporter.yaml'),
    '/etc/keyporter/keyporter.yaml',
  ];
  for (const file of usual) if (await exists(file)) return file;
  return null;
}

/** False only when there is nothing: a file that may not be read is there, and using another in its place would be wrong. */
async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'));
  }
}
