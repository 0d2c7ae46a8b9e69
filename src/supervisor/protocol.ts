/**
 * What the gateway and the keeper say to each other. `end` and the version in the answer to `hello`
 * never change, so that a gateway of any version can replace a keeper of any other.
 */
export const PROTOCOL_VERSION = 1;

/** How a process is to be started, filled in down to the last word. */
export interface ProcessOrder {
  /** The id under which it is kept; one process of each name. */
  name: string;
  argv: readonly string[];
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  logFile: string;
  /** How long it goes on without a gateway. */
  takeoverMs: number;
  /** What the next gateway compares with its own specification. */
  fingerprint: string;
  port: number;
  /** Its private key, so that the next gateway can use it; null when it takes none. Kept in memory only, and cut out of its log. */
  apiKey: string | null;
}

/** A process that runs, as the keeper tells it to the next gateway. */
export interface KeptProcess extends Pick<ProcessOrder, 'name' | 'fingerprint' | 'port' | 'apiKey'> {
  pid: number;
  /** Unix milliseconds. */
  startedAtMs: number;
}

export type Ask =
  | { ask: 'hello' }
  | { ask: 'start'; order: ProcessOrder }
  | { ask: 'stop'; name: string }
  /** Changes how long a process goes on without a gateway. */
  | { ask: 'keep'; name: string; takeoverMs: number }
  /** Stops everything and ends the keeper. */
  | { ask: 'end' };

export type Asked = Ask & { id: number };

export interface Exit {
  code: number | null;
  signal: string | null;
}

/** `fault` holds the code of the system (`ENOENT`, `EACCES`, ...) or a word. */
export type Told =
  | { re: number; fault: string }
  | { re: number; fault?: undefined; version?: number; processes?: KeptProcess[]; pid?: number; startedAtMs?: number }
  | { exited: string; pid: number; exit: Exit };

/** Reads what a gateway asks; null when it is nothing we know. Only this user reaches the socket, so the form is checked and not more. */
export function readAsked(value: unknown): Asked | null {
  if (!isRecord(value) || typeof value['id'] !== 'number') return null;
  const { ask, order, name, takeoverMs } = value;
  if (ask === 'hello' || ask === 'end') return value as Asked;
  if (ask === 'start') return isOrder(order) ? (value as Asked) : null;
  if (typeof name !== 'string') return null;
  return ask === 'stop' || (ask === 'keep' && typeof takeoverMs === 'number') ? (value as Asked) : null;
}

/** Reads what a keeper tells; null when it is nothing we know. */
export function readTold(value: unknown): Told | null {
  if (!isRecord(value)) return null;
  const known = typeof value['re'] === 'number' || (typeof value['exited'] === 'string' && isRecord(value['exit']));
  return known ? (value as Told) : null;
}

function isOrder(value: unknown): value is ProcessOrder {
  if (!isRecord(value)) return false;
  const { name, argv, env, cwd, logFile, takeoverMs } = value;
  const texts = [name, cwd, logFile].every((text) => typeof text === 'string');
  return texts && Array.isArray(argv) && argv.length > 0 && isRecord(env) && typeof takeoverMs === 'number';
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
