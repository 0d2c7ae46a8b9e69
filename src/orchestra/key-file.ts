import { isIP } from 'node:net';
import { parseRanges, type AddressRanges } from '../core/address.js';

/** What Orchestra's `api_keys.json` says. */
export interface KeyFile {
  keys: readonly string[];
  /** False = the file asks for no key from anybody. */
  requireAuth: boolean;
  /** As written: addresses, networks, `localhost`. */
  localNetworks: readonly string[];
}

export type KeyFileReading = { file: KeyFile; fault?: undefined } | { file?: undefined; fault: string };

/** Any of these words stands for both loopback addresses. */
const LOOPBACK_WORDS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);
const LOOPBACK = ['127.0.0.1', '::1'];

/**
 * Reads the text of a key file, or says what is wrong with it as the rest of a sentence that begins with
 * the file. A member that is left out has its safe value: no network is local, and keys are required.
 */
export function parseKeyFile(text: string): KeyFileReading {
  const value = parsed(text);
  if (value === undefined) return { fault: 'is not valid JSON' };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: 'is not a JSON object' };
  const {
    valid_keys: keys,
    require_auth_for_external: required = true,
    local_networks: local = [],
  } = value as Record<string, unknown>;
  if (!isTexts(keys)) return { fault: 'needs `valid_keys`, a list of texts' };
  if (typeof required !== 'boolean')
    return { fault: 'has a `require_auth_for_external` that is neither true nor false' };
  if (!isTexts(local)) return { fault: 'has a `local_networks` that is not a list of texts' };
  return {
    file: { keys: [...new Set(keys)].filter((key) => key !== ''), requireAuth: required, localNetworks: local },
  };
}

/** The networks that the entries mean; what is neither an address nor a network, such as a host name, is `ignored`. */
export function readLocalNetworks(entries: readonly string[]): {
  ranges: AddressRanges;
  meant: readonly string[];
  ignored: readonly string[];
} {
  const loopback = entries.some((entry) => LOOPBACK_WORDS.has(entry));
  const others = entries.filter((entry) => !LOOPBACK_WORDS.has(entry));
  const networks = others.filter(isNetwork);
  const meant = [...(loopback ? LOOPBACK : []), ...networks];
  return { ranges: parseRanges(meant), meant, ignored: others.filter((entry) => !isNetwork(entry)) };
}

/** An address, or a network; unlike in our own configuration bits behind the prefix are allowed. */
function isNetwork(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
