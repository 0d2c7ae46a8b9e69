import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Config, ListenerConfig, TlsConfig } from '../config/schema.js';
import { parseListen } from '../config/listen.js';
import { parseRanges } from '../core/address.js';
import type { Cancel, Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import { openListener, type Listener, type TlsMaterial } from '../http/listener.js';
import type { Arrival } from '../http/node-arrival.js';
import type { DoorRules } from '../pipeline/front-door.js';
import { createMatcher, type Matcher } from '../pipeline/match.js';
import { createDialectAt } from '../pipeline/dialect-at.js';
import { authkeysProfile } from '../profiles/authkeys.js';
import { firstLlamaStackProfile, llamaStackProfile } from '../profiles/llama-stack.js';
import { openaiProfile } from '../profiles/openai.js';
import { orchestraProfile } from '../profiles/orchestra.js';
import type { Profile } from '../profiles/profile.js';
import { skyserveProfile } from '../profiles/skyserve.js';

export interface OpenListener {
  listener: Listener;
  url: string;
  serve: readonly string[];
  profile: string;
  config: ListenerConfig;
}

const CERTIFICATE_CHECK_MS = 5000;
const INFER_PATH = '/infer';

const PROFILES: readonly Profile[] = [
  openaiProfile,
  authkeysProfile,
  llamaStackProfile,
  orchestraProfile,
  skyserveProfile,
];

/** What the front door of a listener goes by, besides whether the operator stands before it. */
export type ListenerRules = Pick<DoorRules, 'match' | 'dialectAt' | 'askers' | 'echoesRequestId'>;

/** The usual profile unless another one is named. */
export function rulesFor(serve: readonly string[], profile: Profile = openaiProfile): ListenerRules {
  const { routes, fallback, door, echoesRequestId } = profile;
  const served = routes(serve);
  return { match: createMatcher(served, fallback), dialectAt: createDialectAt(served, door), echoesRequestId };
}

/** Finds the route of a request that is only explained: the usual ones, and `/infer` where an orchestra listener has it. */
export function explainedMatch(listeners: readonly ListenerConfig[]): Matcher {
  const usual = createMatcher(openaiProfile.routes(['api', 'admin', 'metrics']), openaiProfile.fallback);
  const infer = orchestraProfile.routes([]).filter(({ path }) => path === INFER_PATH);
  const orchestra = createMatcher(infer);
  const isServed = listeners.some(({ profile }) => profile === orchestraProfile.name);
  return (request) => (isServed && request.path === INFER_PATH ? orchestra(request) : usual(request));
}

/** The contract of the first provider tells which generation of Llama Stack its listener sounds like. */
function profileOf({ profile }: ListenerConfig, { auth }: Config): Profile {
  const named = PROFILES.find(({ name }) => name === profile) ?? openaiProfile;
  const isFirst = named === llamaStackProfile && auth.providers[0]?.contract === 'llama-stack-1626';
  return isFirst ? firstLlamaStackProfile : named;
}

/** Opens every configured listener; when one cannot be opened, none stays. */
export async function openListeners(
  config: Config,
  { clock, arrivalFor }: { clock: Clock; arrivalFor(rules: ListenerRules): (arrival: Arrival) => void },
): Promise<OpenListener[]> {
  const open: OpenListener[] = [];
  try {
    for (const wanted of config.listeners) {
      const { host, port } = listenAddress(wanted.listen);
      const tls = await readTls(wanted.tls);
      const listener = await openListener({
        at: { host, port },
        tls,
        maxConnections: config.server.max_connections,
        clock,
        onArrival: arrivalFor({
          ...rulesFor(wanted.serve, profileOf(wanted, config)),
          askers: parseRanges(wanted.verify_networks),
        }),
      });
      const shownHost =
        host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
      const url = `${tls === null ? 'http' : 'https'}://${shownHost}:${listener.port ?? port}`;
      open.push({ listener, url, serve: wanted.serve, profile: wanted.profile, config: wanted });
    }
  } catch (error) {
    await Promise.all(open.map(({ listener }) => listener.close()));
    throw error;
  }
  return open;
}

function listenAddress(text: string): { host: string; port: number } {
  const address = parseListen(text);
  if (address === null) throw new Error(`the configuration let the listen address "${text}" through`);
  return address;
}

/** Names this gateway answers for, besides loopback names and IP literals. */
export async function ownHostNames(config: Config): Promise<string[]> {
  const names = [hostname(), ...config.allowed_hosts];
  if (config.public_url !== null) names.push(new URL(config.public_url).hostname);
  for (const { tls } of config.listeners) {
    if (tls?.cert_file == null) continue;
    const { subjectAltName } = new X509Certificate(await readFile(tls.cert_file));
    names.push(
      ...(subjectAltName ?? '').split(', ').flatMap((name) => (name.startsWith('DNS:') ? [name.slice(4)] : [])),
    );
  }
  return names;
}

/** Puts renewed certificates to work without dropping a stream; files that cannot be read leave the old ones in place. */
export function followCertificates(open: readonly OpenListener[], { clock, log }: { clock: Clock; log: Log }): Cancel {
  const seen = new Map<OpenListener, string>();
  const look = (): void => {
    for (const one of open) {
      void renew(one, seen).catch((error: unknown) =>
        log.warn({ listener: one.url, error: String(error) }, 'the new certificate cannot be used; the old one stays'),
      );
    }
  };
  // The first look only notes what is in use.
  look();
  return clock.every(CERTIFICATE_CHECK_MS, look);
}

async function renew(one: OpenListener, seen: Map<OpenListener, string>): Promise<void> {
  const { tls } = one.config;
  if (tls?.cert_file == null || tls.key_file == null) return;
  const stats = await Promise.all([stat(tls.cert_file), stat(tls.key_file)]);
  const mark = stats.map(({ mtimeMs, ino, size }) => `${mtimeMs} ${ino} ${size}`).join();
  const before = seen.get(one);
  seen.set(one, mark);
  if (before === undefined || before === mark) return;
  const material = await readTls(tls);
  if (material !== null) one.listener.renewTls(material);
}

async function readTls(tls: TlsConfig | null): Promise<TlsMaterial | null> {
  if (tls?.cert_file == null || tls.key_file == null) return null;
  return {
    cert: await readFile(tls.cert_file),
    key: await readFile(tls.key_file),
    clientCa: tls.client_ca_file == null ? null : await readFile(tls.client_ca_file),
    minVersion: tls.min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
  };
}
