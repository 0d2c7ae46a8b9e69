import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge, send, wellFormed } from '../support/hostile-row.js';
import { startWorld } from '../support/start-gateway.js';
import type { MadeKey } from '../support/admin-client.js';

const world = await startWorld();
afterAll(() => world.close());

let other: MadeKey;
beforeAll(async () => {
  other = await world.admin.createKey({ name: 'other', scopes: ['infer'] });
});

const GET = (...headers: string[]): string => wellFormed('', { method: 'GET', path: '/v1/models', body: '', headers });

describe('A-HD-07 which text is the credential is never a matter of luck', () => {
  const rows: [string, (key: string) => string[], number, string | undefined][] = [
    [
      'two different keys in two Authorization headers',
      (key) => [`Authorization: Bearer ${key}`, `Authorization: Bearer ${other.key}`],
      400,
      'conflicting_credentials',
    ],
    [
      'a key and garbage in two Authorization headers',
      (key) => [`Authorization: Bearer ${key}`, 'Authorization: Bearer garbage'],
      400,
      'conflicting_credentials',
    ],
    [
      'the same key in two Authorization headers',
      (key) => [`Authorization: Bearer ${key}`, `Authorization: Bearer ${key}`],
      400,
      'conflicting_credentials',
    ],
    ['two x-api-key headers', (key) => [`X-Api-Key: ${key}`, `X-Api-Key: ${key}`], 400, 'conflicting_credentials'],
    [
      'different keys in two slots',
      (key) => [`Authorization: Bearer ${key}`, `X-Api-Key: ${other.key}`],
      400,
      'conflicting_credentials',
    ],
    [
      'different keys in the other two slots',
      (key) => [`X-Api-Key: ${key}`, `Api-Key: ${other.key}`],
      400,
      'conflicting_credentials',
    ],
    [
      'two keys in one value',
      (key) => [`Authorization: Bearer ${key}, Bearer ${other.key}`],
      400,
      'conflicting_credentials',
    ],
    ['two spaces behind the scheme', (key) => [`Authorization: Bearer  ${key}`], 401, undefined],
    ['a tab behind the scheme', (key) => [`Authorization: Bearer\t${key}`], 401, undefined],
    ['no scheme', (key) => [`Authorization: ${key}`], 401, undefined],
    ['another scheme', (key) => [`Authorization: Token ${key}`], 401, undefined],
    ['an empty Bearer', () => ['Authorization: Bearer '], 401, undefined],
    ['a Bearer without a space', () => ['Authorization: Bearer'], 401, undefined],
  ];
  test.each(rows)('%s', async (_name, headers, status, code) => {
    const answer = await send(world, GET(...headers(world.key)));
    expect(answer.status, answer.text()).toBe(status);
    if (code !== undefined) expect((answer.json()['error'] as Record<string, unknown>)['code']).toBe(code);
  });

  const fine: [string, (key: string) => string[]][] = [
    ['bearer in lower case', (key) => [`Authorization: bearer ${key}`]],
    ['BEARER in capitals', (key) => [`Authorization: BEARER ${key}`]],
    ['x-api-key', (key) => [`X-Api-Key: ${key}`]],
    ['api-key', (key) => [`Api-Key: ${key}`]],
    ['the same key in every slot', (key) => [`Authorization: Bearer ${key}`, `X-Api-Key: ${key}`, `Api-Key: ${key}`]],
    ['a dummy beside one well-formed key', (key) => ['Authorization: Bearer sk-no-key-required', `X-Api-Key: ${key}`]],
    ['a dummy in the other slot', (key) => [`Authorization: Bearer ${key}`, 'X-Api-Key: ollama']],
    ['sk- before the key', (key) => [`Authorization: Bearer sk-${key}`]],
    ['the spelling without underscores', (key) => [`Authorization: Bearer ${key.replaceAll('_', '')}`]],
  ];
  test.each(fine)('%s is understood', async (_name, headers) => {
    const answer = await send(world, GET(...headers(world.key)));
    expect(answer.status, answer.text()).toBe(200);
  });
});

describe('A-CR-01, A-CR-09 nothing but a key opens', () => {
  const nothings = [
    'root',
    'undefined',
    'null',
    '[object Object]',
    'none',
    'ollama',
    'lm-studio',
    'sk-no-key-required',
    'admin',
    'changeme',
    "' OR 1=1--",
    '%',
    '_',
    '${jndi:ldap://x}',
    '<script>alert(1)</script>',
    '../../etc/passwd',
    'kp_',
    'kp_000000000000_',
    `kp_${'0'.repeat(12)}_${'0'.repeat(49)}`,
    'a'.repeat(9000),
    '__proto__',
    'kp___proto_____x',
    '*1\\r\\n$4\\r\\nPING',
    'émoji',
  ];
  test.each(nothings)('"%.40s" in any slot is 401 with one text and nothing reflected', async (text) => {
    const plain = await send(world, GET('Authorization: Bearer garbage'));
    for (const header of [`Authorization: Bearer ${text}`, `X-Api-Key: ${text}`, `Api-Key: ${text}`]) {
      const answer = await send(world, GET(header));
      expect(answer.status, answer.text()).toBe(401);
      expect(answer.json()).toEqual(plain.json());
    }
  });

  test('A-CR-06 a key with one character changed, anywhere, is not that key', async () => {
    const at = [0, 2, 3, 8, 15, 16, 30, 58, world.key.length - 1];
    for (const place of at) {
      const changed = `${world.key.slice(0, place)}${world.key[place] === 'a' ? 'b' : 'a'}${world.key.slice(place + 1)}`;
      expect((await send(world, GET(`Authorization: Bearer ${changed}`))).status, `at ${place}`).toBe(401);
    }
    for (const changed of [
      `${world.key}a`,
      world.key.slice(0, -1),
      world.key.toUpperCase(),
      world.key.toLowerCase(),
      world.key.replace('_', '-'),
    ]) {
      expect((await send(world, GET(`Authorization: Bearer ${changed}`))).status).toBe(401);
    }
  });
});

describe('A-LK-04 a refusal does not tell why', () => {
  test('unknown, wrong, disabled, revoked and refused by address are one answer, byte for byte', async () => {
    const disabled = await world.admin.createKey({ name: 'disabled' });
    await world.admin.must('POST', `/keys/${disabled.id}/disable`, {});
    const revoked = await world.admin.createKey({ name: 'revoked' });
    await world.admin.must('POST', `/keys/${revoked.id}/revoke`, {});
    const elsewhere = await world.admin.createKey({ name: 'elsewhere', allow_ips: ['10.0.0.0/8'] });
    const wrong = `${world.key.slice(0, 16)}${disabled.key.slice(16)}`;
    const texts = new Set<string>();
    for (const key of ['garbage', wrong, disabled.key, revoked.key, elsewhere.key]) {
      const answer = await send(world, GET(`Authorization: Bearer ${key}`));
      expect(answer.status).toBe(401);
      expect((answer.json()['error'] as Record<string, unknown>)['code']).toBe('invalid_api_key');
      const headers = answer.headers.filter((_, place) => place % 2 === 0).map((name) => name.toLowerCase());
      texts.add(`${headers.join()} ${answer.text()}`);
    }
    expect(texts.size).toBe(1);
  });

  test('who proves a whole expired key is told since when', async () => {
    const past = Math.floor(Date.now() / 1000) + 1;
    const expiring = await world.admin.createKey({ name: 'expiring', expires_at: past });
    let answer = await send(world, GET(`Authorization: Bearer ${expiring.key}`));
    while (answer.status === 200) answer = await send(world, GET(`Authorization: Bearer ${expiring.key}`));
    expect(answer.status).toBe(401);
    expect((answer.json()['error'] as Record<string, string>)['message']).toMatch(/expired/);
  });

  test('a forbidden model and an unknown one are the same bytes, apart from the request id', async () => {
    const bounded = await world.admin.createKey({ name: 'bounded', models: ['org/*'] });
    const ask = (key: string, model: string) =>
      send(world, wellFormed(key, { body: `{"model":"${model}","messages":[]}` }));
    const looks = async (key: string, model: string): Promise<string> => {
      const answer = await ask(key, model);
      expect(answer.status).toBe(404);
      return (
        answer.text().replaceAll(model, 'MODEL') +
        answer.headers
          .filter(
            (_, place) =>
              !['x-request-id', 'date', 'content-length'].includes(
                (answer.headers[place - (place % 2)] ?? '').toLowerCase(),
              ),
          )
          .join()
      );
    };
    const unknown = await looks(bounded.key, 'no-such-model');
    expect(await looks(bounded.key, 'test-model')).toBe(unknown);
    expect(await looks(world.key, 'secret-model')).toBe(await looks(world.key, 'no-such-model'));
    expect(
      (await send(world, wellFormed(bounded.key, { method: 'GET', path: '/v1/models/test-model', body: '' })))
        .text()
        .replace('test-model', 'M'),
    ).toBe(
      (await send(world, wellFormed(bounded.key, { method: 'GET', path: '/v1/models/no-such', body: '' })))
        .text()
        .replace('no-such', 'M'),
    );
  });

  test('the model list shows what this key may use and nothing else', async () => {
    const ids = async (key: string): Promise<string[]> => {
      const answer = await send(world, wellFormed(key, { method: 'GET', path: '/v1/models', body: '' }));
      return (answer.json()['data'] as { id: string }[]).map((model) => model.id).sort();
    };
    const star = await world.admin.createKey({ name: 'star', models: ['*'] });
    const bounded = await world.admin.createKey({ name: 'bounded', models: ['org/*'] });
    expect(await ids(bounded.key)).toEqual(['org/model-b']);
    expect(await ids(world.key)).not.toContain('secret-model');
    expect(await ids(star.key)).toContain('secret-model');
  });

  test('403 comes only after authentication, and names the scope that is missing', async () => {
    const narrow = await world.admin.createKey({ name: 'narrow', scopes: ['infer:embeddings'] });
    const answer = await send(world, wellFormed(narrow.key));
    expect([answer.status, (answer.json()['error'] as Record<string, unknown>)['code']]).toEqual([
      403,
      'missing_scope',
    ]);
    expect(answer.header('www-authenticate')).toContain('insufficient_scope');
    await judge(world, { name: 'none', bytes: () => wellFormed(''), status: [401], code: 'missing_api_key' });
  });
});

describe('A-CR-07 every slot is decided by the same rules', () => {
  test.each(['Authorization: Bearer ', 'X-Api-Key: ', 'Api-Key: '])(
    'scope, model, address and expiry hold for "%s"',
    async (slot) => {
      const narrow = await world.admin.createKey({ scopes: ['infer:embeddings'] });
      const bounded = await world.admin.createKey({ models: ['org/*'] });
      const elsewhere = await world.admin.createKey({ allow_ips: ['10.0.0.0/8'] });
      const ask = async (key: string): Promise<number> =>
        (await send(world, wellFormed('', { headers: [`${slot}${key}`] }))).status;
      expect([await ask(narrow.key), await ask(bounded.key), await ask(elsewhere.key), await ask(world.key)]).toEqual([
        403, 404, 401, 200,
      ]);
    },
  );
});
