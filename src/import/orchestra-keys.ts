import ipaddr from 'ipaddr.js';
import { parseRange } from '../core/address.js';
import { Secret } from '../core/secret.js';
import type { ImportedKey } from '../keys/key.js';
import { readLocalNetworks } from '../orchestra/key-file.js';
import { weaknessOf } from '../orchestra/weak-keys.js';
import { counted, isObject, UnreadableFile, Verdicts, type Reading } from './reading.js';
import { takeKey } from './take-key.js';

/** Networks that a verdict names. */
const MOST_SHOWN = 10;

/** Reads `api_keys.json` of Orchestra. */
export function readOrchestraKeys(text: string): Reading {
  const file = parse(text);
  const list = file['valid_keys'];
  if (!Array.isArray(list)) throw new UnreadableFile('has no list `valid_keys`');
  const verdicts = new Verdicts();
  const keys = keysOf(list, verdicts);
  verdicts.taken(
    'valid_keys',
    `${counted(keys.length, 'key')} of ${list.length}, each with the scope infer; clients keep them`,
  );
  const networks = file['local_networks'];
  if (file['require_auth_for_external'] === true)
    verdicts.taken('require_auth_for_external', 'authentication is always on');
  else if (file['require_auth_for_external'] !== undefined)
    verdicts.refused(
      'require_auth_for_external',
      'would let everybody in; set `orchestra.allow_open: true` if that is meant',
    );
  if (networks !== undefined) verdicts.refused('local_networks', localWords(networks));
  verdicts.refuseUnknown(file, ['valid_keys', 'require_auth_for_external', 'local_networks']);
  return {
    format: 'Orchestra keys',
    fields: verdicts.fields,
    keys,
    configuration: {
      listeners: [{ listen: '${LOAD_BALANCER_HOST:-127.0.0.1}:${LOAD_BALANCER_PORT:-9001}', profile: 'orchestra' }],
      orchestra: { keys_file: null },
    },
    advice: [
      'The keys are in the store from now on. To go on editing the file instead, name it as `orchestra.keys_file`: it is followed there and needs no import.',
    ],
  };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Said below, without a piece of the text, which may be a key.
  }
  throw new UnreadableFile('is no JSON object');
}

function keysOf(list: readonly unknown[], verdicts: Verdicts): ImportedKey[] {
  const seen = new Set<string>();
  return list.flatMap((value, index) => {
    const field = `valid_keys[${index}]`;
    if (typeof value !== 'string' || value === '') {
      verdicts.refused(field, 'is no text');
      return [];
    }
    if (seen.has(value)) {
      verdicts.refused(field, 'stands in the list twice');
      return [];
    }
    seen.add(value);
    const taken = takeKey(field, keyOf(value, index + 1), verdicts);
    const weakness = weaknessOf(value);
    if (taken.length > 0 && weakness !== null)
      verdicts.approximated(field, `${weakness}; taken as it is. Rotate it soon`);
    return taken;
  });
}

function keyOf(text: string, position: number): ImportedKey {
  return {
    name: `orchestra-${position}`,
    owner: null,
    scopes: ['infer'],
    models: [],
    labels: {},
    createdAt: null,
    expiresAt: null,
    disabled: false,
    secret: { text: new Secret(text) },
  };
}

/** Addresses that needed no key; without a watched file nobody is exempted. */
function localWords(networks: unknown): string {
  const entries = Array.isArray(networks) ? networks.filter((entry) => typeof entry === 'string') : [];
  const { meant, ignored } = readLocalNetworks(entries);
  const shown = [...new Set(meant.map(networkOf))].slice(0, MOST_SHOWN).join(', ');
  const dropped = ignored.slice(0, MOST_SHOWN).join(', ');
  const cure = shown === '' ? '' : `; to have it, write auth.local_networks: [${shown}]`;
  return `exempting networks stays off${cure}${dropped === '' ? '' : `; no address and without effect: ${dropped}`}`;
}

/** The network as our configuration takes it: with its prefix, and nothing set behind it. */
function networkOf(entry: string): string {
  const [address, bits] = parseRange(entry);
  const written = `${address.toString()}/${bits}`;
  const first =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(written)
      : ipaddr.IPv6.networkAddressFromCIDR(written);
  return `${first.toString()}/${bits}`;
}
