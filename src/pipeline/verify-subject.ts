import { decide, type Asked } from '../access/decide.js';
import { anyCovers } from '../access/scope.js';
import type { Caller } from '../core/caller.js';
import { unixSeconds } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { trustingAddress } from '../http/client-address.js';
import { credentialsOf, refuseKeyInQuery } from '../identity/credentials.js';
import { parseKey } from '../keys/format.js';
import type { OfferedModel } from '../replicas/model.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { refusalOf, unknownModel } from './step-identify.js';
import { noteFailure } from './verify-failure.js';
import type { Question } from './verify-question.js';

/** Stands for an address nobody vouched for: it lies in no range. */
const UNKNOWN_ADDRESS = 'not told by the asker';
const FORWARDED_FOR = new Set(['x-forwarded-for', 'forwarded']);
const ABOUT_SUBJECT: readonly string[] = ['x-keyporter-refused', 'subject', 'cache-control', 'no-store'];

/**
 * The key shown in the credential slots, as text. Nobody is known by his address here: the peer is the
 * proxy, and its own address would open the door to all the world.
 */
export async function shownKey({ request }: Exchange, { identity }: Parts): Promise<string> {
  refuseKeyInQuery(request.query, canonicalKey);
  // A proxy asks about a WebSocket handshake without shaking hands itself: the key may still stand in a sub-protocol.
  const shown = credentialsOf({ ...request, upgrade: true });
  const [first] = shown;
  if (first === undefined) throw missing();
  if (shown.length === 1) return first;
  const telling = new Set<string>();
  for (const value of shown) {
    const key = canonicalKey(value);
    if (key !== null || (await identity.callerWith(value)) !== null) telling.add(key ?? value);
  }
  if (telling.size > 1) throw new Refusal('conflicting_credentials', { headers: ABOUT_SUBJECT });
  return [...telling][0] ?? first;
}

function canonicalKey(text: string): string | null {
  return parseKey(text)?.canonical ?? null;
}

export function missing(): Refusal {
  return new Refusal('missing_api_key', {
    headers: ['www-authenticate', 'Bearer realm="keyporter"', ...ABOUT_SUBJECT],
  });
}

/** A key that was judged good, and the model it was judged for. */
export interface Verified {
  subject: Caller;
  model: OfferedModel | null;
}

/** May the holder of this key do what is asked? By the one decision; refuses with 401, 403, 404 or 503. */
export async function verify(
  exchange: Exchange,
  { key, question }: { key: string; question: Question },
  parts: Parts,
): Promise<Verified> {
  const address = subjectAddress(exchange, parts);
  const subject = await known(exchange, { key, address }, parts);
  const model = namedModel(question, parts);
  for (const needed of question.scopes)
    judge(exchange, { subject, asked: { scope: { needed }, model, address }, question }, parts);
  if (question.scopes.some(isInference) && !(question.vouched && model !== null) && isBoundToModels(subject)) {
    throw new Refusal('model_not_named', {
      reason: 'the key is bound to models and the question names none',
      headers: ABOUT_SUBJECT,
    });
  }
  parts.lastUse.touch(subject.id, subject.secretSlot, unixSeconds(parts.clock));
  return { subject, model: model === 'unknown' ? null : model };
}

/** The holder of a key that is good at all, whatever it may do. */
export async function known(
  exchange: Exchange,
  { key, address }: { key: string; address: string },
  parts: Parts,
): Promise<Caller> {
  const found = await parts.identity.callerWith(key);
  const caller = found?.kind === 'key' ? found : null;
  exchange.caller = caller;
  judge(exchange, { subject: caller, asked: { scope: null, model: null, address } }, parts);
  if (caller === null) throw new Error('the decision let nobody through');
  return caller;
}

/**
 * Where the subject calls from. Only an asker with a key is believed; what a proxy passes on without
 * having written it comes from the caller. An unknown address fits no key that is bound to addresses.
 */
export function subjectAddress({ asker, request }: Exchange, { trustedProxies }: Parts): string {
  if (asker !== 'key') return UNKNOWN_ADDRESS;
  const told = request.names.flatMap((name, at) =>
    FORWARDED_FOR.has(name) ? [name, request.headers[at * 2 + 1] ?? ''] : [],
  );
  const proxies = trustedProxies();
  const trusted = {
    empty: false,
    contains: (address: string) => address === UNKNOWN_ADDRESS || proxies.contains(address),
  };
  return trustingAddress(trusted)(UNKNOWN_ADDRESS, told);
}

/** Scopes that the key and every key it was derived from hold. */
export function heldScopes({ bounds }: Caller): string[] {
  const [own, ...above] = bounds;
  return (own?.scopes ?? []).filter((scope) => above.every(({ scopes }) => anyCovers(scopes, scope)));
}

export function isBoundToModels({ bounds }: Caller): boolean {
  return bounds.some(({ models }) => models.length > 0 && !models.includes('*'));
}

export function isInference(scope: string): boolean {
  return scope === 'infer' || scope.startsWith('infer:');
}

/** A model that came with the guarded request may be anything; one that the operator wrote must exist. */
function namedModel({ model: name, vouched }: Question, parts: Parts): OfferedModel | 'unknown' | null {
  if (name === null) return null;
  const { catalogue, incomplete } = parts.settings();
  const model = catalogue.resolve(name);
  if (model !== null || !vouched) return model;
  if (incomplete)
    throw new Refusal('no_available_replica', {
      reason: 'not known yet: a server did not tell its models',
      headers: ['retry-after', '10', ...ABOUT_SUBJECT],
    });
  return 'unknown';
}

interface Judged {
  subject: Caller | null;
  asked: Asked;
  question?: Question;
}

function judge(exchange: Exchange, { subject, asked, question }: Judged, parts: Parts): void {
  const decision = decide({ caller: subject, asked, nowSeconds: unixSeconds(parts.clock) });
  if (decision.allowed) return;
  const { address } = asked;
  if (decision.code === 'invalid_api_key')
    noteFailure(
      parts,
      address === null || address === UNKNOWN_ADDRESS ? exchange.request.peer : address,
      ABOUT_SUBJECT,
    );
  const { code, publicMessage, reason, headers } = refusalOf(decision, {
    route: { ...exchange.route, scope: asked.scope },
    head: null,
  });
  const message = code === 'model_not_found' ? unknownModel(question?.model ?? '') : publicMessage;
  throw new Refusal(code, { message, reason, headers: [...headers, ...ABOUT_SUBJECT] });
}
