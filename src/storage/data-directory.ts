import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { pause, systemClock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { isLocked, NOTICE_FILE, SPARE_NOTICE_FILE } from './lock.js';
import { storeRefusal } from './sqlite/faults.js';

export { lock } from './lock.js';

/** A directory that this user may use, resolved. */
export interface DataDirectory {
  path: string;
}

/** What a running gateway tells about itself in `keyporter.json`. */
export interface GatewayNotice {
  pid: number;
  /** Unix socket of the admin API for this machine's own operator. */
  socket: string;
  url: string;
  /** `host:port` of the first listener. */
  listen: string;
}

const DATABASE = 'keyporter.db';
const SOCKET = 'keyporter.sock';
/** Bytes that fit into the address of a unix socket. */
const LONGEST_SOCKET_PATH = process.platform === 'darwin' ? 103 : 107;
const OTHERS_MAY_WRITE = 0o022;
/** A gateway that has just taken the lock tells of itself within this time. */
const NOTICE_WAIT_MS = 3000;
const NOTICE_RETRY_MS = 50;

/**
 * Checks the data directory, or makes it with mode 0700. Rejects with a `Refusal` that names the path:
 * `not_found` when there is no store and none may be made, `store_unavailable` when it belongs to another user.
 */
export async function openDataDirectory(path: string, options: { create: boolean }): Promise<DataDirectory> {
  const wanted = resolve(path);
  if (!options.create && !existsSync(join(wanted, DATABASE))) {
    throw new Refusal('not_found', {
      message: `There is no Keyporter store in ${wanted}. Start one with "keyporter serve", or name the right place with --data-dir or --config.`,
    });
  }
  makeDirectory(wanted);
  requireOwn(wanted);
  return { path: realpathSync(wanted) };
}

/** The gateway that runs on this directory, or null. Only a free lock means that none runs. */
export async function runningGateway(dir: string): Promise<GatewayNotice | null> {
  const deadlineMs = systemClock.monotonic() + NOTICE_WAIT_MS;
  while (isLocked(dir)) {
    const notice = readNotice(dir);
    if (notice !== null && isAlive(notice.pid)) return notice;
    if (systemClock.monotonic() >= deadlineMs) {
      throw new Refusal('conflict', {
        message: `Another Keyporter command works on ${dir} at this moment. Wait until it is done and try again.`,
      });
    }
    await pause(NOTICE_RETRY_MS);
  }
  return null;
}

/** Tells other processes where this gateway is. The caller holds the lock. */
export async function announce(dir: string, notice: GatewayNotice): Promise<void> {
  const spare = join(dir, SPARE_NOTICE_FILE);
  try {
    writeInPlace(spare, `${JSON.stringify(notice)}\n`);
    renameSync(spare, join(dir, NOTICE_FILE));
  } catch (error) {
    throw storeRefusal(error, join(dir, NOTICE_FILE));
  }
}

/** Writes over what is there, which takes no space that the file does not have already. */
function writeInPlace(file: string, text: string): void {
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    ftruncateSync(descriptor, writeSync(descriptor, text, 0));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Where the socket of this directory lies: inside, or in `runtimeDir` when the path would be too long.
 * Throws `invalid_value` when it fits nowhere.
 */
export function socketPath(dir: string, runtimeDir: string | null): string {
  const inside = join(dir, SOCKET);
  if (fits(inside)) return inside;
  const name = `keyporter-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}.sock`;
  const outside = runtimeDir === null ? null : join(runtimeDir, name);
  if (outside !== null && fits(outside)) return outside;
  throw new Refusal('invalid_value', {
    message: `The path of the data directory is too long for a socket (${LONGEST_SOCKET_PATH} bytes). Name a shorter --data-dir, or set XDG_RUNTIME_DIR.`,
  });
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= LONGEST_SOCKET_PATH;
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Refusal('store_unavailable', {
      message: `The data directory ${path} cannot be made. Name another one with --data-dir.`,
      reason: String(cause),
      cause,
    });
  }
}

function requireOwn(path: string): void {
  const { uid, mode } = statSync(path);
  const user = process.getuid?.();
  if (user !== undefined && uid !== user) {
    throw new Refusal('store_unavailable', {
      message: `The data directory ${path} belongs to another user (uid ${uid}, you are ${user}). Run Keyporter as that user, or name another directory with --data-dir.`,
    });
  }
  if ((mode & OTHERS_MAY_WRITE) !== 0) {
    throw new Refusal('store_unavailable', {
      message: `Other users may write to the data directory ${path}. Run "chmod go-w ${path}" first.`,
    });
  }
}

function readNotice(dir: string): GatewayNotice | null {
  try {
    const { pid, socket, url, listen } = JSON.parse(
      readFileSync(join(dir, NOTICE_FILE), 'utf8'),
    ) as Partial<GatewayNotice>;
    if (typeof pid !== 'number' || typeof socket !== 'string' || typeof url !== 'string' || typeof listen !== 'string')
      return null;
    return { pid, socket, url, listen };
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
