import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntryBody } from '../../src/admin/contract-activity.js';
import type { RequestRow } from '../../src/usage/request-row.js';
import { type AdminWorld, holderOf, OPERATOR, openAdminWorld } from './admin-world.js';

const ROW: RequestRow = {
  id: 'req_1',
  startedAtMs: 1_700_000_000_500,
  method: 'POST',
  path: '/v1/chat/completions',
  status: 404,
  code: 'model_not_found',
  reason: null,
  keyId: 'AAAAAAAAAAAA',
  previousSecret: false,
  owner: 'alice',
  address: '192.0.2.1',
  model: null,
  replica: null,
  streamed: false,
  firstByteMs: null,
  durationMs: 2.5,
  bytesIn: 1,
  bytesOut: 2,
  attempts: 0,
  correlationId: null,
  userAgent: '<script>',
};

describe('what the admin plane leaves behind and shows', () => {
  let world: AdminWorld;
  beforeEach(async () => {
    world = await openAdminWorld();
  });
  afterEach(() => world.close());

  const trail = async (query = ''): Promise<AuditEntryBody[]> =>
    (await world.ask(OPERATOR, 'GET', `/admin/v1/audit?limit=1000${query}`)).body['data'] as AuditEntryBody[];

  it('every change and every refused attempt at one is in the trail, with who and from where', async () => {
    const { record } = await world.key({ scopes: ['infer'] });
    await world.ask(holderOf(record), 'POST', '/admin/v1/keys', { body: { name: 'x' } });
    await world.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: { name: 'y' } });
    const [done, refused] = await trail('&action=key.create');
    expect(done).toMatchObject({ actor: 'operator', address: null, request_id: 'req_operator', result: 'done' });
    expect(refused).toMatchObject({
      actor: record.id,
      address: '192.0.2.7',
      request_id: 'req_holder',
      target: 'keys',
      result: 'refused: missing_scope',
    });
  });

  it('reading, and bodies that are merely malformed, leave nothing', async () => {
    const { record } = await world.key({ scopes: ['infer'] });
    const before = (await trail()).length;
    await world.ask(holderOf(record), 'GET', '/admin/v1/keys');
    await world.ask(OPERATOR, 'POST', '/admin/v1/keys', { body: { nonsense: true } });
    expect(await trail()).toHaveLength(before);
  });

  it('somebody who is refused again and again cannot fill the trail', async () => {
    const { record } = await world.key({ scopes: ['infer'] });
    const before = (await trail()).length;
    for (let tries = 0; tries < 200; tries += 1)
      await world.ask(holderOf(record), 'DELETE', `/admin/v1/keys/x${tries}`);
    expect((await trail()).length - before).toBe(60);
  });

  it('an export holds every entry once and proves itself against the chain later', async () => {
    for (let made = 0; made < 3; made += 1) await world.key({});
    const lines = (await world.ask(OPERATOR, 'GET', '/admin/v1/audit/export')).text.trim().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as AuditEntryBody);
    expect(entries.map((entry) => entry.sequence)).toEqual([3, 2, 1]);
    await world.key({});
    const verify = async (hash: string) =>
      (await world.ask(OPERATOR, 'GET', `/admin/v1/audit/verify?sequence=3&hash=${hash}`)).body;
    expect(await verify(entries[0]?.hash ?? '')).toMatchObject({ intact: true, entries: 4, broken_at: null });
    expect(await verify('0'.repeat(64))).toMatchObject({ intact: false });
    expect((await world.ask(OPERATOR, 'GET', '/admin/v1/audit/verify?sequence=3')).status).toBe(400);
  });

  it('following requests yields each that fits as it is recorded, one JSON object a line, and ends when told', async () => {
    const stop = new AbortController();
    const request = new Request('http://keyporter/admin/v1/requests?follow=1&status=4xx&owner=alice', {
      signal: stop.signal,
    });
    const response = await world.app.fetch(request, OPERATOR);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    world.ports.requests.record(ROW);
    world.ports.requests.record({ ...ROW, id: 'req_2', status: 200 });
    world.ports.requests.record({ ...ROW, id: 'req_3', owner: 'bob' });
    world.ports.requests.record({ ...ROW, id: 'req_4', status: 499 });
    const first = JSON.parse((await reader?.read())?.value ?? '');
    const second = JSON.parse((await reader?.read())?.value ?? '');
    expect([first, second]).toMatchObject([
      { id: 'req_1', started_at: 1_700_000_000, user_agent: '<script>', duration_ms: 2.5 },
      { id: 'req_4' },
    ]);
    stop.abort();
    expect(await reader?.read()).toMatchObject({ done: true });
  });

  it('a reader that does not keep up is told how much it missed, and holds nobody up', async () => {
    // Refusals are sampled in a flood; answered requests are not.
    const answered = { ...ROW, status: 200, code: null };
    const response = await world.app.fetch(new Request('http://keyporter/admin/v1/requests?follow=1'), OPERATOR);
    for (let count = 0; count < 1500; count += 1) world.ports.requests.record(answered);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let lines = 0;
    while (lines < 1000) lines += ((await reader?.read())?.value ?? '').split('\n').length - 1;
    world.ports.requests.record({ ...answered, id: 'req_after' });
    let rest = '';
    while (!rest.includes('req_after')) rest += (await reader?.read())?.value ?? '';
    expect(rest).toMatch(/\{"left_out":\d+\}/);
    await reader?.cancel();
  });
});
