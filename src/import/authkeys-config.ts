import { Secret } from '../core/secret.js';
import type { ImportedKey } from '../keys/key.js';
import { readIni } from './ini.js';
import { UnreadableFile, Verdicts, type Reading } from './reading.js';

/** Used by the original when `INFER.v1` is missing. */
const USUAL_V1 = 'http://localhost:1234/v1';
const SHORTEST_ROOT = 20;
const CHAT = '/chat/completions';

export const AUTHKEYS_OWNER = 'authkeys';

/** Reads `config.ini` of Llama-Server-AuthKeys. The root token becomes a key only when the operator says so. */
export function readAuthkeysConfig(text: string, options: { root: boolean }): Reading {
  const ini = readIni(text);
  const get = (section: string, name: string): string | undefined => ini.get(section)?.get(name);
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

function refuseTheRest(ini: ReturnType<typeof readIni>, verdicts: Verdicts): void {
  for (const [section, values] of ini)
    verdicts.refuseUnknown(Object.fromEntries(values), KNOWN[section] ?? [], `${section}.`);
}

function listenAddress(host: string | undefined, port: string | undefined, verdicts: Verdicts): string {
  const number = Number(port ?? '5001');
  const usable = Number.isInteger(number) && number >= 1 && number <= 65_535;
  if (host !== undefined) verdicts.taken('APP.host', 'address of the listener');
  if (port !== undefined && usable) verdicts.taken('APP.port', 'port of the listener');
  if (port !== undefined && !usable) verdicts.refused('APP.port', 'is no port; 5001 stands in its place');
  const name = host ?? '127.0.0.1';
  return `${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${usable ? number : 5001}`;
}

/** Any name of a model is passed on, as the original did. */
function infer(v1: string | undefined, completions: string | undefined, verdicts: Verdicts): Record<string, unknown> {
  const base = (v1 ?? USUAL_V1).replace(/\/$/, '');
  if (v1 !== undefined && base.endsWith('/v1'))
    verdicts.taken('INFER.v1', 'the model server behind every name of a model');
  else if (v1 !== undefined)
    verdicts.approximated('INFER.v1', 'does not end in /v1: requests go to this URL with /v1 behind it');
  const model = { replicas: [{ url: base }] };
  if (completions === undefined) return model;
  if (completions === `${base}${CHAT}`) {
    verdicts.taken('INFER.completions', 'lies under INFER.v1 already');
    return model;
  }
  verdicts.taken('INFER.completions', 'another URL for this one path');
  return { ...model, paths: { [`/v1${CHAT}`]: completions } };
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
  verdicts.taken('DB.root_token', 'a key that may make, list and revoke tokens, and infer');
  return [
    {
      name: 'authkeys root',
      owner: AUTHKEYS_OWNER,
      scopes: ['infer', 'keys:read', 'keys:write', 'keys:revoke'],
      models: [],
      labels: {},
      createdAt: null,
      expiresAt: null,
      disabled: false,
      secret: { text: new Secret(token) },
    },
  ];
}
