import { mkdir, rm, rmdir } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createLog } from '../../../src/core/log.js';
import { until } from '../../support/patience.js';
import { RawClient } from '../../support/raw-client.js';
import {
  DEFAULT_FILE,
  EXTERNAL,
  INVALID_KEY,
  QUESTION,
  send,
  startOrchestraWorld,
  type OrchestraWorld,
} from './orchestra-world.js';

let world: OrchestraWorld;
beforeAll(async () => {
  world = await startOrchestraWorld({ config: { auth: { failures_per_minute: null } } });
});
afterAll(() => world.close());
/** Settings of the file come into force; the file of the start comes back behind each test. */
async function under(file: unknown, shown: () => Promise<boolean>): Promise<void> {
  await world.writeKeys(file);
  await until(5000, 'the new content of the key file holds', shown);
}
afterEach(() =>
  under(
    DEFAULT_FILE,
    async () =>
      (await world.infer()).status === 200 && (await world.infer({ key: null, from: '127.0.0.1' })).status === 200,
  ),
);

describe('keys', () => {
  test('C-01: an external caller without a key is refused in the exact words of the original', async () => {
    const answer = await world.infer({ key: null });
    expect([answer.status, answer.text]).toEqual([401, INVALID_KEY]);
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  test('C-02: a wrong key and an empty one get the same bytes as none', async () => {
    for (const key of ['wrong', 'K1', 'k1x', '']) {
      const answer = await world.infer({ key });
      expect([answer.status, answer.text]).toEqual([401, INVALID_KEY]);
      expect(answer.headers['www-authenticate']).toBeUndefined();
    }
  });

  test('C-03: a key of the file lets an external caller in', async () => {
    expect((await world.infer()).status).toBe(200);
  });

  test('C-05: a key of the file as a bearer token is no key here', async () => {
    const answer = await world.infer({ key: null, headers: { authorization: 'Bearer k1' } });
    expect([answer.status, answer.text]).toEqual([401, INVALID_KEY]);
  });

  test('a key of the store works as X-API-Key and as a bearer token, with its scopes', async () => {
    const { key } = await world.gateway.admin.createKey({ scopes: ['infer'] });
    expect((await world.infer({ key })).status).toBe(200);
    expect((await world.infer({ key: null, headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    const narrow = await world.gateway.admin.createKey({ scopes: ['infer:embeddings'] });
    expect((await world.infer({ key: narrow.key })).status).toBe(403);
  });

  test('what explain says of POST /infer is what happens there', async () => {
    const { admin } = world.gateway;
    for (const [rights, model, status] of [
      [{ scopes: ['infer'] }, 'qwen3', 200],
      [{ scopes: ['infer:embeddings'] }, 'qwen3', 403],
      [{ scopes: ['infer'], models: ['other'] }, 'qwen3', 503],
      [{ scopes: ['infer'] }, 'nothing', 503],
    ] as const) {
      const { id, key } = await admin.createKey(rights);
      const served = await world.infer({ key, body: { ...QUESTION, model_name: model } });
      const explained = await admin.must('POST', '/explain', { key_id: id, method: 'POST', path: '/infer', model });
      expect([served.status, explained['status'], explained['allowed']]).toEqual([status, status, status === 200]);
      if (status === 503) expect(served.json()['detail']).toBe(explained['message']);
    }
    expect(await admin.must('POST', '/explain', { method: 'GET', path: '/infer' })).toMatchObject({ status: 405 });
  });

  test('X-API-Key decides alone: beside a good bearer token a wrong one is refused', async () => {
    const { key } = await world.gateway.admin.createKey({ scopes: ['infer'] });
    expect((await world.infer({ key: 'wrong', headers: { authorization: `Bearer ${key}` } })).status).toBe(401);
    expect((await world.infer({ key: 'k1', headers: { authorization: 'Bearer dummy' } })).status).toBe(200);
  });

  test('two values of X-API-Key are refused whatever they are', async () => {
    const raw = await RawClient.open(world.url, EXTERNAL);
    raw.socket.write(
      'POST /infer HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: k1\r\nx-api-key: k1\r\ncontent-length: 0\r\n\r\n',
    );
    const answer = await raw.answer();
    expect(answer.status).toBe(400);
    expect(answer.json()).toHaveProperty('detail');
    raw.socket.destroy();
  });

  test('a revoked record of the store wins over the file', async () => {
    const secret = 'imported-secret-of-at-least-22-characters-0123456789';
    const { id, key } = await world.gateway.admin.createKey({ scopes: ['infer'] });
    await under(
      { ...DEFAULT_FILE, valid_keys: ['k1', key, secret] },
      async () => (await world.infer({ key: secret })).status === 200,
    );
    await world.gateway.admin.must('POST', `/keys/${id}/revoke`, {});
    expect((await world.infer({ key })).status).toBe(401);
    expect((await world.infer({ key: secret })).status).toBe(200);
  });
});

describe('beside the other profiles', () => {
  test('a token in the body is no credential here', async () => {
    const { key } = await world.gateway.admin.createKey({ scopes: ['infer'] });
    for (const token of [key, 'k1', ['k1'], { a: 1 }, 42, true, null, '']) {
      const answer = await world.infer({ key: null, body: { ...QUESTION, token } });
      expect([answer.status, answer.text]).toEqual([401, INVALID_KEY]);
    }
  });

  test('a key of the file opens nothing on the usual listener', async () => {
    for (const headers of [{ 'x-api-key': 'k1' }, { authorization: 'Bearer k1' }]) {
      expect((await send(`${world.gateway.url}/v1/models`, 'GET', { headers })).status).toBe(401);
    }
  });

  test('another host name and what a web page can send without asking are refused before anybody is local', async () => {
    const rebound = await world.infer({ key: null, from: '127.0.0.1', headers: { host: 'evil.example' } });
    expect([rebound.status, typeof rebound.json()['detail']]).toEqual([421, 'string']);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const plain = await world.infer({
        key: null,
        from: '127.0.0.1',
        headers: { 'content-type': type, origin: 'https://evil.example' },
      });
      expect([plain.status, plain.headers['access-control-allow-origin']]).toEqual([415, undefined]);
    }
    expect(world.worker.received.every(({ headers }) => headers['origin'] === undefined)).toBe(true);
  });

  test('a key in the URL is refused', async () => {
    const { key } = await world.gateway.admin.createKey({ scopes: ['infer'] });
    expect(
      (await world.call('POST', `/infer?key=${key}`, { body: QUESTION, headers: { 'x-api-key': 'k1' } })).status,
    ).toBe(400);
  });

  test('a caller of the file can be blocked, and let in again', async () => {
    await world.infer();
    const { data } = (await world.gateway.admin.must('GET', '/callers')) as { data: { id: string }[] };
    const id = data.find((caller) => caller.id.startsWith('orchestra:'))?.id ?? '';
    await world.gateway.admin.must('PATCH', '/callers', { id, blocked: true });
    const answer = await world.infer();
    expect([answer.status, answer.text]).toEqual([401, INVALID_KEY]);
    await world.gateway.admin.must('PATCH', '/callers', { id, blocked: false });
    expect((await world.infer()).status).toBe(200);
  });
});

describe('local callers', () => {
  test('C-06: 127.0.0.1 needs no key on the listener of the profile, and one on the usual listener', async () => {
    expect((await world.infer({ key: null, from: '127.0.0.1' })).status).toBe(200);
    const usual = await send(`${world.gateway.url}/v1/chat/completions`, 'POST', {
      body: { model: 'qwen3', messages: [] },
      from: '127.0.0.1',
    });
    expect(usual.status).toBe(401);
  });

  test('C-06: local access holds for POST /infer alone', async () => {
    for (const path of ['/status', '/metrics', '/logs'])
      expect((await world.call('GET', path, { from: '127.0.0.1' })).status).toBe(401);
  });

  test('C-07: any word for loopback means both loopback addresses, and no other', async () => {
    const onV6 = await startOrchestraWorld({
      listen: '[::1]:0',
      file: { ...DEFAULT_FILE, local_networks: ['127.0.0.1'] },
    });
    try {
      expect((await onV6.call('POST', '/infer', { body: QUESTION })).status).toBe(200);
    } finally {
      await onV6.close();
    }
    expect((await world.infer({ key: null, from: '127.0.0.3' })).status).toBe(401);
  });

  test('C-09: an IPv4 peer on an IPv6 socket is taken for what it is', async () => {
    const dual = await startOrchestraWorld({ listen: '[::]:0' });
    try {
      const { port } = new URL(dual.url);
      expect((await send(`http://127.0.0.1:${port}/infer`, 'POST', { body: QUESTION, from: '127.0.0.1' })).status).toBe(
        200,
      );
      expect((await send(`http://127.0.0.1:${port}/infer`, 'POST', { body: QUESTION, from: EXTERNAL })).status).toBe(
        401,
      );
    } finally {
      await dual.close();
    }
  });

  test('networks hold with bits behind their prefix; families never match each other', async () => {
    await under(
      { ...DEFAULT_FILE, local_networks: ['127.0.0.99/24'] },
      async () => (await world.infer({ key: null })).status === 200,
    );
    expect((await world.infer({ key: null, from: '127.0.1.1' })).status).toBe(401);
    await under(
      { ...DEFAULT_FILE, local_networks: ['::/0'] },
      async () => (await world.infer({ key: null })).status === 401,
    );
  });

  test('C-11: a host name among the local networks means nothing and is reported', async () => {
    await under(
      { ...DEFAULT_FILE, local_networks: ['myhost'] },
      async () => (await world.infer({ key: null, from: '127.0.0.1' })).status === 401,
    );
    expect(await doctor()).toContain('mean nothing: myhost');
  });

  test.each([
    'x-forwarded-for',
    'forwarded',
    'x-real-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'via',
    'x-forwarded-host',
  ])('C-13: a request with %s is never local', async (name) => {
    const value = name === 'forwarded' ? 'for=127.0.0.1' : '127.0.0.1';
    const answer = await world.infer({ key: null, from: '127.0.0.1', headers: { [name]: value } });
    expect([answer.status, answer.text]).toEqual([401, INVALID_KEY]);
    expect((await world.infer({ key: null, headers: { [name]: value } })).status).toBe(401);
  });

  test('C-13: without such a header a proxy cannot be told from a local caller: it passes, and the start says so with the cure', async () => {
    const said = world.gateway.running.warnings.find((sentence) => sentence.includes('without a key'));
    expect(said).toContain('127.0.0.1, ::1');
    expect(said).toContain('local_networks: []');
    expect(await doctor()).toContain('local_networks: []');
  });

  test('local networks are refused at the start while a loopback address is a trusted proxy', async () => {
    const starting = startOrchestraWorld({ config: { trusted_proxies: ['127.0.0.1/32'] } });
    await expect(starting).rejects.toThrow('everyone behind that proxy would need no key');
  });
});

describe('the switch in the file', () => {
  const OPEN = { ...DEFAULT_FILE, require_auth_for_external: false };

  test('C-14: "require_auth_for_external": false opens nothing by itself, and the start says so', async () => {
    const shut = await startOrchestraWorld({ file: OPEN });
    try {
      expect((await shut.infer({ key: null })).status).toBe(401);
      expect(shut.gateway.running.warnings.join('\n')).toContain('which has no effect');
    } finally {
      await shut.close();
    }
  });

  test('C-14: with orchestra.allow_open everybody passes, and the start says so', async () => {
    const open = await startOrchestraWorld({ file: OPEN, orchestra: { allow_open: true } });
    try {
      expect((await open.infer({ key: null })).status).toBe(200);
      expect((await open.call('GET', '/status', { from: EXTERNAL })).status).toBe(401);
      expect(open.gateway.running.warnings.join('\n')).toContain('everybody may use POST /infer without a key');
    } finally {
      await open.close();
    }
  });
});

describe('the key file', () => {
  test.each([
    ['is not there', null],
    ['is no JSON', '{'],
    ['is no object', '[]'],
    ['has a text for its keys', { ...DEFAULT_FILE, valid_keys: 'k1' }],
    ['is a directory', 'directory'],
    ['has no keys member', { require_auth_for_external: true, local_networks: [] }],
  ])('C-15: while the file %s, what it said before holds', async (_what, content) => {
    if (content === null || content === 'directory') await rm(world.keysFile);
    if (content === 'directory') await mkdir(world.keysFile);
    else if (content !== null) await world.writeKeys(content);
    await until(5000, 'the fault is reported', async () => (await doctor()).includes('stays in force'));
    expect((await world.infer({ key: null })).status).toBe(401);
    expect((await world.infer({ key: '' })).status).toBe(401);
    expect((await world.infer()).status).toBe(200);
    if (content === 'directory') await rmdir(world.keysFile);
  });

  test('without a file that can be used nothing starts', async () => {
    await expect(startOrchestraWorld({ file: '{"valid_keys":' })).rejects.toThrow('compat orchestra generate');
    await expect(startOrchestraWorld({ orchestra: { keys_file: '/nonexistent/api_keys.json' } })).rejects.toThrow(
      'does not exist',
    );
  });

  test('with keys_file: null only keys of the store count', async () => {
    const own = await startOrchestraWorld({ orchestra: { keys_file: null } });
    try {
      const { key } = await own.gateway.admin.createKey({ scopes: ['infer'] });
      expect((await own.infer({ key: null, from: '127.0.0.1' })).status).toBe(401);
      expect((await own.infer()).status).toBe(401);
      expect((await own.infer({ key })).status).toBe(200);
    } finally {
      await own.close();
    }
  });

  test('auth.local_networks hold for POST /infer as on every listener, and for nothing else here', async () => {
    const own = await startOrchestraWorld({
      orchestra: { keys_file: null },
      config: { auth: { local_networks: ['127.0.0.1/32'] } },
    });
    try {
      const local = { key: null, from: '127.0.0.1' };
      expect((await own.infer(local)).status).toBe(200);
      const others = [
        { ...local, from: EXTERNAL },
        { ...local, key: 'wrong' },
        { ...local, headers: { 'x-forwarded-for': '10.0.0.1' } },
      ];
      for (const other of others) {
        const answer = await own.infer(other);
        expect([answer.status, answer.text]).toEqual([401, INVALID_KEY]);
      }
      for (const path of ['/status', '/metrics', '/logs'])
        expect((await own.call('GET', path, { from: '127.0.0.1' })).status).toBe(401);
    } finally {
      await own.close();
    }
  });

  test('a key that is added works and one that is removed ends what runs under it, without a restart', async () => {
    await under(
      { ...DEFAULT_FILE, valid_keys: ['k1', 'k2'] },
      async () => (await world.infer({ key: 'k2' })).status === 200,
    );
    const { onInfer } = world.worker;
    world.worker.onInfer = () => {};
    const arrived = world.worker.next();
    const running = world.infer({ key: 'k2' });
    await arrived;
    const [stream] = await world.gateway.admin.streams();
    expect(stream?.['key_id']).toMatch(/^orchestra:[0-9a-f]{12}$/);
    await world.writeKeys(DEFAULT_FILE);
    const answer = await running;
    world.worker.onInfer = onInfer;
    expect([answer.status, answer.text]).toEqual([401, INVALID_KEY]);
  });

  test('a change to keys of the store leaves requests under the file alone', async () => {
    const { onInfer } = world.worker;
    world.worker.onInfer = () => {};
    const arrived = world.worker.next();
    const running = world.infer();
    const { response, body } = await arrived;
    const { id } = await world.gateway.admin.createKey({ scopes: ['infer'] });
    await world.gateway.admin.must('POST', `/keys/${id}/revoke`, {});
    world.worker.onInfer = onInfer;
    onInfer({ path: '/infer', headers: {}, body, response });
    expect((await running).status).toBe(200);
  });
});

test('C-26: a wrong key is in no log line', async () => {
  const lines: string[] = [];
  const log = createLog({ level: 'silent', format: 'json' });
  const keep = (data: object, sentence: string): void => void lines.push(`${JSON.stringify(data)} ${sentence}`);
  const loud = await startOrchestraWorld({ log: { ...log, debug: keep, info: keep, warn: keep, error: keep } });
  try {
    await loud.infer({ key: 'wrong-canary-1' });
    await loud.infer({ key: 'k1' });
    const { data } = await loud.gateway.admin.must('GET', '/requests');
    const all = `${lines.join('\n')}${JSON.stringify(data)}`;
    expect(all).toContain('/infer');
    expect(all).not.toContain('wrong-canary-1');
    expect(all).toMatch(/orchestra:[0-9a-f]{12}/);
  } finally {
    await loud.close();
  }
});

async function doctor(): Promise<string> {
  return JSON.stringify(await world.gateway.admin.must('GET', '/doctor'));
}
