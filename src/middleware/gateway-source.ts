import { systemClock } from '../core/clock.js';
import { objectIn, asObject } from '../identity/providers/json.js';
import { ask } from './ask.js';
import { credentialOf } from './credential.js';
import { Denial, type KeyHolder } from './holder.js';
import { createMemory } from './remember.js';
import { sourceUrl, within, type GatewaySource, type OpenedSource, type Question } from './source.js';
import { plainBody } from './words.js';

/** Asks a running Keyporter, which judges key, scopes, model and address as it does for its own routes. */
export function openGateway(source: GatewaySource): OpenedSource {
  const base = sourceUrl(source.url, 'url', source.allowPlainHttp);
  if (typeof source.key !== 'string' || source.key === '')
    throw new TypeError('requireKey: key must be a Keyporter key with the scope auth:verify.');
  const timeoutMs = within(source.timeoutMs, { fallback: 2000, most: 60_000, member: 'timeoutMs' });
  const remembered = createMemory(
    systemClock,
    within(source.cacheSeconds, { fallback: 0, most: 60, member: 'cacheSeconds' }),
  );
  const find = async (credential: string, { request, scopes }: Question): Promise<KeyHolder> => {
    const url = new URL(base);
    url.pathname = `${base.pathname.replace(/\/+$/, '')}/auth/verify`;
    url.search = '';
    for (const scope of scopes) url.searchParams.append('scope', scope);
    if (source.model !== undefined) url.searchParams.set('model', source.model);
    const address = request.peer === null ? {} : { 'x-forwarded-for': request.peer };
    const asked = await ask(
      url,
      { headers: { authorization: `Bearer ${credential}`, 'x-keyporter-asker': source.key, ...address } },
      timeoutMs,
    );
    if ('failed' in asked) throw unavailable();
    if (asked.status === 200) return holderIn(asked.headers);
    throw denialIn(asked);
  };
  return {
    body: plainBody,
    async findHolder(question) {
      const credential = credentialOf(question.request);
      return remembered([credential, question.request.peer ?? ''], () => find(credential, question));
    },
  };
}

function holderIn(headers: Headers): KeyHolder {
  const owner = decodeURIComponent(headers.get('x-keyporter-owner') ?? '');
  const keyId = headers.get('x-keyporter-key-id') ?? '';
  const scopes = (headers.get('x-keyporter-scopes') ?? '').split(' ').filter((scope) => scope !== '');
  return { principal: owner === '' ? keyId : owner, scopes, attributes: { key_id: [keyId] } };
}

/** Whatever is not about the caller's key is trouble between this program and Keyporter. */
function denialIn({ status, headers, body }: { status: number; headers: Headers; body: Buffer | null }): Denial {
  if (headers.get('x-keyporter-refused') === 'asker') return unavailable();
  if (status === 429) return new Denial(429, messageIn(body), { 'retry-after': headers.get('retry-after') ?? '60' });
  if (headers.get('x-keyporter-refused') !== 'subject' || ![401, 403, 404].includes(status)) return unavailable();
  const challenge = headers.get('www-authenticate');
  return new Denial(
    status === 404 ? 403 : status,
    messageIn(body),
    challenge === null ? {} : { 'www-authenticate': challenge },
  );
}

function messageIn(body: Buffer | null): string {
  const message = asObject(body === null ? null : objectIn(body)?.['error'])?.['message'];
  return typeof message === 'string' ? message : 'The API key is not valid.';
}

function unavailable(): Denial {
  return new Denial(503, 'Keys cannot be checked now. Try again later.', { 'retry-after': '5' });
}
