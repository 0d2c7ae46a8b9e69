import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Exchange } from '../support/exchange.js';
import { chatChunk } from '../support/model-answers.js';
import { until, within } from '../support/patience.js';
import type { RawClient } from '../support/raw-client.js';
import { startWorld, type World } from '../support/start-gateway.js';
import { Browser, eventsOf, linkSecret, type LiveEvent } from './ui-browser.js';

let world: World;
const open: RawClient[] = [];
beforeAll(async () => {
  world = await startWorld({ auth: { failures_per_minute: null } }, { record: false });
});
afterEach(() => {
  for (const client of open.splice(0)) client.close();
  world.upstream.forget();
});
afterAll(() => world.close());

const PATIENCE_MS = 10_000;
const EVENTS = '/admin/v1/events';
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

async function follow(key: string, topics = 'overview,streams,requests'): Promise<RawClient> {
  const client = await new Browser(world.gateway.url).open('GET', `${EVENTS}?topics=${topics}`, bearer(key));
  open.push(client);
  await client.see('retry: ');
  return client;
}

async function event(client: RawClient, wanted: (event: LiveEvent) => boolean): Promise<LiveEvent> {
  await until(PATIENCE_MS, 'an event', async () => eventsOf(client).some(wanted));
  return eventsOf(client).find(wanted) as LiveEvent;
}

/** Ended within the running ten seconds, or within those before. */
function lately({ data }: LiveEvent): number {
  return [data['bucket'], data['previous']]
    .map((bucket) => (bucket as { requests: number } | undefined)?.requests ?? 0)
    .reduce((sum, requests) => sum + requests, 0);
}

async function chat(key: string, body: object = {}): Promise<string> {
  const answer = await new Browser(world.gateway.url).send('POST', '/v1/chat/completions', {
    body: { model: 'test-model', messages: [{ role: 'user', content: 'hello' }], ...body },
    ...bearer(key),
  });
  return answer.header('x-request-id') ?? '';
}

describe('events', () => {
  it('begin with the overview and with what runs, in full', async () => {
    const admin = await world.admin.createKey({ scopes: ['admin'] });
    const client = await follow(admin.key);
    const overview = await event(client, ({ topic }) => topic === 'overview');
    expect(overview.data).toMatchObject({ running: 0, waiting: 0, bucket: { requests: expect.any(Number) } });
    expect(overview.data['replicas']).toMatchObject([{ state: 'ready', in_flight: 0, max_in_flight: 8, waiting: 0 }]);
    expect(Object.keys(overview.data)).not.toContain('buckets');
    expect((await event(client, ({ topic }) => topic === 'streams')).data).toEqual({ data: [], total: 0 });
    expect(client.unread).toContain('content-type: text/event-stream');
  });

  it('show a request that ended, and what it came to', async () => {
    const admin = await world.admin.createKey({ scopes: ['usage:read'] });
    const client = await follow(admin.key);
    const id = await chat(world.key);
    const seen = await event(client, ({ topic, data }) => topic === 'requests' && JSON.stringify(data).includes(id));
    expect(seen.data).toMatchObject({
      skipped: 0,
      data: [{ id, status: 200, model: 'test-model', key_id: world.keyId }],
    });
    const counted = await event(client, (one) => lately(one) > 0);
    expect(counted.data['bucket']).toMatchObject({ errors: 0 });
  });

  it('show a stream while it runs, and not when it has ended', async () => {
    const admin = await world.admin.createKey({ scopes: ['usage:read'] });
    const client = await follow(admin.key, 'streams');
    world.upstream.onRequest = () => undefined;
    const arrived = world.upstream.next();
    const caller = await new Browser(world.gateway.url).open('POST', '/v1/chat/completions', {
      body: { model: 'test-model', stream: true, messages: [] },
      ...bearer(world.key),
    });
    open.push(caller);
    const upstream: Exchange = await arrived;
    upstream.startStream();
    upstream.event(chatChunk('hello'));
    const running = await event(client, ({ data }) => data['total'] === 1);
    expect(running.data['data']).toMatchObject([{ key_id: world.keyId, model: 'test-model' }]);
    caller.close();
    await until(PATIENCE_MS, 'its end', async () => eventsOf(client).at(-1)?.data['total'] === 0);
  });

  it('of a key with an owner tell of that owner alone, and of no replica', async () => {
    const alice = await world.admin.createKey({ scopes: ['infer', 'admin'], owner: 'alice' });
    const bob = await world.admin.createKey({ scopes: ['infer'], owner: 'bob' });
    const client = await follow(alice.key);
    await chat(bob.key);
    const id = await chat(alice.key);
    await event(client, ({ topic, data }) => topic === 'requests' && JSON.stringify(data).includes(id));
    await event(client, (one) => lately(one) === 1);
    const everything = client.unread;
    expect(everything).not.toContain(bob.id);
    expect(everything).not.toContain('bob');
    for (const { topic, data } of eventsOf(client).filter((one) => one.topic === 'overview'))
      expect([topic, data['replicas'], data['keys']]).toEqual(['overview', null, { active: 1, total: 1 }]);
  });

  it.each([
    ['is revoked', (id: string) => world.admin.must('DELETE', `/keys/${id}`)],
    ['is disabled', (id: string) => world.admin.must('POST', `/keys/${id}/disable`)],
    ['loses the scope', (id: string) => world.admin.must('PATCH', `/keys/${id}`, { scopes: ['keys:read'] })],
    [
      'gets a new secret at once',
      (id: string) => world.admin.must('POST', `/keys/${id}/rotate`, { overlap_seconds: 0 }),
    ],
  ])('end within seconds when the key %s', async (_, change) => {
    const admin = await world.admin.createKey({ scopes: ['usage:read'] });
    const client = await follow(admin.key);
    await change(admin.id);
    await until(PATIENCE_MS, 'the end', async () => client.unread.endsWith('0\r\n\r\n') || client.socket.closed);
  });

  it('end with the session that follows them', async () => {
    const browser = new Browser(world.gateway.url);
    const link = linkSecret((await world.admin.must('POST', '/session/links'))['url']);
    await browser.send('POST', '/admin/v1/session', { body: { link } });
    const client = await browser.open('GET', EVENTS);
    await client.see('event: streams');
    await browser.send('DELETE', '/admin/v1/session');
    await within(PATIENCE_MS, 'the end', client.closed);
  });

  it('are not among what runs, for others and for themselves', async () => {
    const admin = await world.admin.createKey({ scopes: ['admin'] });
    const client = await follow(admin.key);
    await event(client, ({ topic }) => topic === 'streams');
    expect(await world.admin.streams()).toEqual([]);
    expect((await world.admin.must('GET', '/status'))['running']).toBe(0);
  });

  it('are for who may read usage, by topics that there are', async () => {
    const ask = async (key: string | null, query: string) =>
      (await new Browser(world.gateway.url).send('GET', `${EVENTS}${query}`, key === null ? {} : bearer(key))).status;
    const admin = await world.admin.createKey({ scopes: ['admin'] });
    expect(await ask(null, '')).toBe(401);
    expect(await ask(world.key, '')).toBe(403);
    expect(await ask(admin.key, '?topics=secrets')).toBe(400);
    expect(await ask(admin.key, '?topics=overview,')).toBe(400);
  });

  it('do not hold up the end of the gateway', async () => {
    const other = await startWorld();
    const link = linkSecret((await other.admin.must('POST', '/session/links'))['url']);
    const browser = new Browser(other.gateway.url);
    await browser.send('POST', '/admin/v1/session', { body: { link } });
    const admin = await other.admin.createKey({ scopes: ['admin'] });
    const [bySession, byKey] = [
      await browser.open('GET', EVENTS),
      await browser.open('GET', EVENTS, bearer(admin.key)),
    ];
    await Promise.all([bySession.see('retry: '), byKey.see('retry: ')]);
    await within(PATIENCE_MS, 'the drain', other.gateway.running.drain());
    await Promise.all([bySession.closed, byKey.closed]);
    await other.close();
  });
});

describe('the overview', () => {
  it('has the last hour in pieces of ten seconds, with tokens, refusals and times', async () => {
    const own = await world.admin.createKey({ scopes: ['infer', 'usage:read'], owner: 'carol' });
    await chat(own.key);
    await chat(own.key, { stream: true });
    await chat(own.key, { model: 'no-such-model' });
    const ask = async () =>
      (await new Browser(world.gateway.url).send('GET', '/admin/v1/overview', bearer(own.key))).json();
    const total = (body: Record<string, unknown>, member: string): number =>
      (body['buckets'] as Record<string, number>[]).reduce((sum, bucket) => sum + (bucket[member] ?? 0), 0);
    await until(PATIENCE_MS, 'all three', async () => total(await ask(), 'requests') === 3);
    const body = await ask();
    const buckets = body['buckets'] as { at: number; ttft_p50_ms: number | null }[];
    expect(buckets).toHaveLength(360);
    expect(buckets.every(({ at }, place) => at === (buckets[0]?.at ?? 0) + place * 10)).toBe(true);
    expect([total(body, 'refused'), total(body, 'errors'), total(body, 'input_tokens')]).toEqual([1, 0, 10]);
    expect(total(body, 'output_tokens')).toBeGreaterThan(0);
    expect(buckets.some(({ ttft_p50_ms: ttft }) => ttft !== null && ttft > 0)).toBe(true);
    expect(body).toMatchObject({ running: 0, waiting: 0, keys: { active: 1, total: 1 }, replicas: null });
  });
});
