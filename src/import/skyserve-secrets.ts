import type { ImportedKey } from '../keys/key.js';
import { isSecretName } from './command-secrets.js';
import { plainKey } from './key-lines.js';
import { isObject, type ImportOptions, type Verdicts } from './reading.js';
import type { ServiceTask } from './skyserve-task.js';
import { bearerVariable, keyVariable } from './skyserve-text.js';
import { takeKey, warnOfShort } from './take-key.js';

/** Where the key stands that clients and replicas share. */
interface SharedKey {
  /** The variable of the environment that holds it from now on. */
  variable: string;
  /** Null where it is not known. */
  value: string | null;
  field: string;
  /** The header of the probe that carries it. */
  header: string | null;
  /** It stood in the file, outside of a variable. */
  isLiteral: boolean;
}

const USUAL_VARIABLE = 'AUTH_TOKEN';
const SHARED_NAME = 'legacy-shared';
/** The shared key is a bridge: by then every client has a key of its own. */
const SHARED_SECONDS = 90 * 24 * 60 * 60;

export type Environment = ImportOptions['env'];

/** The key of the replicas by the probe, else by the run section; null when there is none. */
export function sharedKeyOf(task: ServiceTask, env: Environment): SharedKey | null {
  const valueOf = (name: string): string | null => task.secrets[name] ?? task.envs[name] ?? env[name] ?? null;
  const [header, text] =
    Object.entries(task.probe.headers).find(([name]) => name.toLowerCase() === 'authorization') ?? [];
  const inHeader = { field: 'service.readiness_probe.headers.Authorization', header: header ?? null };
  const named = text === undefined ? null : bearerVariable(text);
  if (named !== null) return { ...inHeader, variable: named, value: valueOf(named), isLiteral: false };
  const literal = /^Bearer\s+([^\s$]+)$/i.exec(text?.trim() ?? '')?.[1];
  if (literal !== undefined) return { ...inHeader, variable: USUAL_VARIABLE, value: literal, isLiteral: true };
  const inRun = { field: 'run (--api-key)', header: null };
  const handed = keyVariable(task.run);
  if (handed !== null) return { ...inRun, variable: handed, value: valueOf(handed), isLiteral: false };
  const written = /--api-key[\s=]+["']?([^\s"'$]+)/.exec(task.run)?.[1];
  return written === undefined ? null : { ...inRun, variable: USUAL_VARIABLE, value: written, isLiteral: true };
}

/** The clients' old key for a while, so that nothing breaks on the first day. `now` in Unix seconds. */
export function sharedKeys(
  { variable, value, field, isLiteral }: SharedKey,
  now: number,
  verdicts: Verdicts,
): ImportedKey[] {
  const reference = `a reference to ${variable} of the environment, sent with every request`;
  if (isLiteral) verdicts.approximated(field, `its value is not copied; the key of the replicas is ${reference}`);
  else verdicts.taken(field, `the key of the replicas: ${reference}`);
  const clients = isLiteral ? `${field}, for clients` : `envs.${variable}`;
  if (value === null || value === '') {
    verdicts.refused(
      clients,
      `has no value here, so the key of the clients is not known: repeat the import with ${variable} in the environment, or give the clients keys of their own`,
    );
    return [];
  }
  const key = { ...plainKey(SHARED_NAME, value), expiresAt: now + SHARED_SECONDS };
  const taken = takeKey(clients, key, verdicts);
  if (taken.length > 0) {
    verdicts.taken(
      clients,
      `clients go on with it for 90 days, as the key \`${SHARED_NAME}\`; its value is not copied`,
    );
    warnOfShort(clients, value, verdicts);
  }
  return taken;
}

/** The same with a reference to the environment in the place of every text whose name says that it is secret. */
export function withoutSecretTexts(value: unknown, field: string, verdicts: Verdicts): unknown {
  if (Array.isArray(value)) return value.map((item, index) => withoutSecretTexts(item, `${field}[${index}]`, verdicts));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => {
    const isSecret = isSecretName(name) || /^(authorization|cookie)$/i.test(name);
    if (!isSecret || typeof member !== 'string' || member.includes('$'))
      return [name, withoutSecretTexts(member, `${field}.${name}`, verdicts)];
    const variable = `PROBE_${name.replaceAll(/\W/g, '_').toUpperCase()}`;
    verdicts.approximated(
      `${field}.${name}`,
      `its value is not copied; set ${variable} in the environment of Keyporter`,
    );
    return [name, `$${variable}`];
  });
  return Object.fromEntries(entries);
}
