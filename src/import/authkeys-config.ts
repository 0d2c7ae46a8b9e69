import { parseListen } from '../config/listen.js';
import { Secret } from '../core/secret.js';
import type { ImportedKey } from '../keys/key.js';
import { addressOf } from './address.js';
import { readIni, type IniFile } from './ini.js';
import { UnreadableFile, Verdicts, type Reading } from './reading.js';
import { takeKey } from './take-key.js';

/** Used by the original when `INFER.v1` is missing. */
const USUAL_V1 = 'http://localhost:1234/v1';
const USUAL_HOST = '127.0.0.1';
const USUAL_PORT = 5001;
const SHORTEST_ROOT = 20;
const CHAT = '/chat/completions';
/** Asked below `INFER.v1` by every client, whatever that URL ends with. */
const BELOW_V1 = [CHAT, '/completions', '/embeddings', '/models'];

export const AUTHKEYS_OWNER = 'authkeys';

/** Reads `config.ini` of Llama-Server-AuthKeys. The root token becomes a key only when the operator says so. */
export function readAuthkeysConfig(text: string, options: { root: boolean }): Reading {
  const ini = readIni(text);
  // What stands there without a value is taken for missing.
  const get = (section: string, name: string): string | undefined => ini.get(section, name) || undefined;
  if (!['APP', 'DB', 'INFER'].some((section) => ini.has(section)))
    throw new UnreadableFile('holds none of the sections [APP], [DB] and [INFER]');
  const verdicts = new Verdicts();
  const listen = listenAddress(get('APP', 'host'), get('APP', 'port'), verdicts);
  if (get('DB', 'db_name') !== undefined)
    verdicts.refused(
      'DB.db_name',
      'name that file to `keyporter import` too; its tokens become keys of this installation',
    );
  const model = infer(get('INFER', 'v1'), get('INFER', 'completions'), verdicts);
  const keys = rootKey(get('DB', 'root_token'), options.root, verdicts);
  refuseTheRest(ini, verdicts);
  return {
    format: 'Llama-Server-AuthKeys configuration',
    fields: verdicts.fields,
    keys,
    configuration: { listeners: [{ listen, profile: 'authkeys' }], models: { '*': model } },
    advice: [],
  };
}

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  APP: ['host', 'port'],
  DB: ['db_name', 'root_token'],
  INFER: ['v1', 'completions'],
};

function refuseTheRest(ini: IniFile, verdicts: Verdicts): void {
  for (const [section, options] of ini.names())
    verdicts.refuseUnknown(Object.fromEntries(options.map((name) => [name, ''])), KNOWN[section] ?? [], `${section}.`);
}

function listenAddress(host: string | undefined, port: string | undefined, verdicts: Verdicts): string {
  const number = /^\d{1,5}$/.test(port ?? '') ? Number(port) : USUAL_PORT;
  const isPort = number >= 1 && number <= 65_535;
  if (port !== undefined && isPort && String(number) === port) verdicts.taken('APP.port', 'port of the listener');
  else if (port !== undefined) verdicts.refused('APP.port', `is no port; ${USUAL_PORT} stands in its place`);
  const end = `:${isPort ? number : USUAL_PORT}`;
  if (host === undefined) return USUAL_HOST + end;
  const named = (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host) + end;
  if (parseListen(named) === null) {
    verdicts.refused('APP.host', `is no IP address of this machine; ${USUAL_HOST} stands in its place`);
    return USUAL_HOST + end;
  }
  verdicts.taken('APP.host', 'address of the listener');
  return named;
}

/** Any name of a model is passed on, as the original did. */
function infer(v1: string | undefined, completions: string | undefined, verdicts: Verdicts): Record<string, unknown> {
  const written = v1?.replace(/\/$/, '');
  const isPlain = written === undefined || written.endsWith('/v1');
  const taken = isPlain ? 'the model server behind every name of a model' : null;
  const found = written === undefined ? USUAL_V1 : addressOf(written, { field: 'INFER.v1', taken, verdicts });
  const base = found?.replace(/\/$/, '') ?? USUAL_V1;
  const paths = base.endsWith('/v1') ? {} : Object.fromEntries(BELOW_V1.map((path) => [`/v1${path}`, base + path]));
  if (found === null) verdicts.approximated('INFER.v1', `${USUAL_V1} stands in its place`);
  else if (!base.endsWith('/v1'))
    verdicts.approximated(
      'INFER.v1',
      `does not end in /v1: ${BELOW_V1.map((path) => `/v1${path}`).join(', ')} go below it, other paths to it with /v1 behind`,
    );
  const own = completions === undefined ? null : completionsUrl(completions, base, verdicts);
  const all = own === null ? paths : { ...paths, [`/v1${CHAT}`]: own };
  return { replicas: [{ url: base }], ...(Object.keys(all).length === 0 ? {} : { paths: all }) };
}

/** The URL of this one path; null when it lies where it is looked for anyway, or is none. */
function completionsUrl(completions: string, base: string, verdicts: Verdicts): string | null {
  if (completions === `${base}${CHAT}`) {
    verdicts.taken('INFER.completions', 'lies under INFER.v1 already');
    return null;
  }
  return addressOf(completions, { field: 'INFER.completions', taken: 'another URL for this one path', verdicts });
}

function rootKey(token: string | undefined, wanted: boolean, verdicts: Verdicts): ImportedKey[] {
  if (token === undefined) return [];
  const refuse = (why: string): ImportedKey[] => {
    verdicts.refused('DB.root_token', why);
    return [];
  };
  if (token === 'root') return refuse('is the published default; make an administrator with `keyporter keys create`');
  if (token.length < SHORTEST_ROOT)
    return refuse(`has fewer than ${SHORTEST_ROOT} characters; make an administrator with \`keyporter keys create\``);
  if (!wanted)
    return refuse(
      'would go on administering tokens; add --root-token to take it, or make an administrator with `keyporter keys create`',
    );
  const key: ImportedKey = {
    name: 'authkeys root',
    owner: AUTHKEYS_OWNER,
    scopes: ['infer', 'keys:read', 'keys:write', 'keys:revoke'],
    models: [],
    labels: {},
    createdAt: null,
    expiresAt: null,
    disabled: false,
    secret: { text: new Secret(token) },
  };
  const taken = takeKey('DB.root_token', key, verdicts);
  if (taken.length > 0) verdicts.taken('DB.root_token', 'a key that may make, list and revoke tokens, and infer');
  return taken;
}
