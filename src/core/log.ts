import { pino } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** What a part may say. The first argument is data (never a secret, never a prompt), the second a sentence. */
export interface Log {
  debug(data: object, sentence: string): void;
  info(data: object, sentence: string): void;
  warn(data: object, sentence: string): void;
  error(data: object, sentence: string): void;
}

export interface LogOptions {
  level: LogLevel;
  /** `json` writes one object a line, `text` a line for people; `auto` is text on a terminal. */
  format: 'auto' | 'json' | 'text';
  /** File descriptor written to; 2 by default, so that standard output stays for what a command answers. */
  fd?: number;
}

/** One line per event, escaped and bounded by the writer behind it. */
export function createLog(options: LogOptions): Log {
  const fd = options.fd ?? 2;
  const text = options.format === 'text' || (options.format === 'auto' && process.stderr.isTTY === true);
  const destination = pino.destination({ dest: fd, sync: text });
  const settings = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!text) return pino(settings, destination);
  return pino(settings, { write: (line: string) => void destination.write(readable(line)) });
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

const LEVEL_NAMES: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** Turns one JSON line into one line for people. Values stay JSON, so control characters stay escaped. */
function readable(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as { level: number; time: string; msg?: string };
  const data = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const sentence = JSON.stringify(msg ?? '').slice(1, -1);
  return `${time.slice(11, 19)} ${(LEVEL_NAMES[level] ?? 'info').padEnd(5)} ${[sentence, ...data].join(' ')}\n`;
}
