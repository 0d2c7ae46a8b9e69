import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { always, reply, startLittleServer, type Answering } from './little-server.js';
import { chatChunk } from '../../support/model-answers.js';
import { wellFormed } from '../../support/hostile-row.js';
import { within } from '../../support/patience.js';
import { CHAT, startStackWorld } from './stack-world.js';

const ISSUER = 'https://login.example.com';
const pair = await generateKeyPair('ES256', { extractable: true });
const publicJwk: JWK = { ...(await exportJWK(pair.publicKey)), kid: 'first', alg: 'ES256', use: 'sig' };
const keySet: Answering = always(200, { keys: [publicJwk] });
const issuer = await startLittleServer(keySet);
const jwt = { type: 'jwt', issuer: ISSUER, audience: 'ogx', jwks_uri: `${issuer.url}/jwks.json`, timeout_ms: 5000 };
const world = await startStackWorld([jwt]);
afterAll(async () => {
  await world.close();
  await issuer.close();
});

interface Making {
  claims?: Record<string, unknown>;
  kid?: string;
  expires?: string | null;
  audience?: string;
  from?: string;
  subject?: string | null;
}

function signed({
  claims = {},
  kid = 'first',
  expires = '1h',
  audience = 'ogx',
  from = ISSUER,
  subject = 'alice',
}: Making = {}): Promise<string> {
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).setIssuer(from).setAudience(audience);
  if (subject !== null) token.setSubject(subject);
  if (expires !== null) token.setExpirationTime(expires);
  return token.sign(pair.privateKey);
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('signed tokens', () => {
  test('B-17 a valid token lets its subject in, and its keys are fetched once', async () => {
    for (let round = 0; round < 5; round += 1)
      expect((await world.chat(await signed({ claims: { round } }))).status).toBe(200);
    expect(issuer.asked).toHaveLength(1);
    const rows = (await world.gateway.admin.must('GET', '/requests?limit=1'))['data'] as { key_id: string }[];
    expect(rows[0]?.key_id).toBe('jwt:alice');
  });

  test('B-18 what is no valid token is "Invalid JWT token", and the text never holds it', async () => {
    const token = await signed();
    const [head = '', body = '', signature = ''] = token.split('.');
    const payload = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const hostile = [
      'not.a.valid.jwt',
      await signed({ kid: 'unknown' }),
      await signed({ expires: '-1s' }),
      await signed({ expires: null }),
      await signed({ audience: 'other' }),
      await signed({ from: 'https://evil.example.com' }),
      `${head}.${encoded({ ...payload, sub: 'mallory' })}.${signature}`,
      `${encoded({ alg: 'none' })}.${body}.`,
      `${encoded({ alg: 'HS256', kid: 'first' })}.${body}.${signature}`,
      `${encoded({ alg: 'ES256', kid: 'first', jwk: publicJwk, crit: ['x'] })}.${body}.${signature}`,
    ];
    for (const one of hostile) {
      const answer = await world.chat(one);
      expect([answer.status, answer.message], one).toEqual([401, 'Invalid JWT token']);
    }
  });

  test('unknown key ids do not make us fetch the keys again and again', async () => {
    const before = issuer.asked.length;
    for (let round = 0; round < 20; round += 1) await world.chat(await signed({ kid: `made-up-${round}` }));
    expect(issuer.asked.length - before).toBeLessThanOrEqual(1);
  });

  test('a token without a subject lets nobody in', async () => {
    const answer = await world.chat(await signed({ subject: null }));
    expect([answer.status, answer.message]).toEqual([401, 'Authentication service error']);
  });

  test('a missing header names the issuer', async () => {
    expect((await world.get('/v1/models')).message).toBe(
      `Authentication required. Please provide a valid OAuth2 Bearer token from ${ISSUER}`,
    );
  });

  test('B-19 keys that cannot be fetched are 503, and their token opens them', async () => {
    const guarded = await startLittleServer((asked, response) =>
      asked.headers.authorization === 'Bearer keys-token' ? keySet(asked, response) : reply(response, 401, {}),
    );
    const closed = await startStackWorld([{ ...jwt, jwks_uri: guarded.url }]);
    const open = await startStackWorld([{ ...jwt, jwks_uri: guarded.url, jwks_token: 'keys-token' }]);
    try {
      const answer = await closed.chat(await signed());
      expect([answer.status, answer.message]).toEqual([503, 'Authentication service unavailable']);
      expect((await open.chat(await signed())).status).toBe(200);
    } finally {
      await Promise.all([closed.close(), open.close()]);
      await guarded.close();
    }
  });

  test('B-22 a dotted claim walks into objects first and is tried as it stands second', async () => {
    const mapped = await startStackWorld(
      [{ ...jwt, claims_mapping: { 'resource_access.app.roles': 'roles', 'my.dotted.key': 'teams' } }],
      {
        auth: {
          route_policy: [{ permit: { paths: '*' }, when: ['user with editor in roles', 'user with red in teams'] }],
        },
      },
    );
    try {
      const roles = { resource_access: { app: { roles: ['editor'] } } };
      const status = async (claims: Record<string, unknown>): Promise<number> =>
        (await mapped.chat(await signed({ claims }))).status;
      expect(await status({ ...roles, 'my.dotted.key': 'red blue' })).toBe(200);
      expect(await status({ ...roles, my: { dotted: { key: ['red'] } } })).toBe(200);
      expect(await status({ ...roles, my: { dotted: { key: ['green'] } }, 'my.dotted.key': 'red' })).toBe(403);
      expect(await status({ 'my.dotted.key': 'red' })).toBe(403);
    } finally {
      await mapped.close();
    }
  });

  test('scopes come from an attribute, and a name alone never gives any', async () => {
    const scoped = await startStackWorld([
      {
        ...jwt,
        owner_from: 'email',
        scopes_from: { attribute: 'roles', map: { writer: ['infer:embeddings'], admin: ['admin'] } },
      },
    ]);
    try {
      const claims = { email: 'a@example.com', roles: ['writer'] };
      const narrow = await scoped.chat(await signed({ claims }));
      expect([narrow.status, narrow.message]).toEqual([
        403,
        'Access denied: user does not have required scope: infer:chat',
      ]);
      expect((await scoped.chat(await signed({ claims: { ...claims, roles: 'writer admin' } }))).status).toBe(200);
      expect((await scoped.chat(await signed({ claims: { email: 'x@example.com' }, subject: 'admin' }))).status).toBe(
        403,
      );
      expect((await scoped.chat(await signed({ claims: { roles: ['admin'] } }))).status).toBe(401);
    } finally {
      await scoped.close();
    }
  });
});

describe('streams under a signed token', () => {
  test('end when the token does', async () => {
    world.upstream.onRequest = (exchange) => {
      exchange.startStream();
      exchange.event(chatChunk('Hello'));
    };
    const client = await world.gateway.connect();
    client.write(
      wellFormed(await signed({ expires: '2s' }), {
        body: JSON.stringify({ ...(JSON.parse(CHAT) as object), stream: true }),
      }),
    );
    await client.see('Hello');
    await within(4000, 'the stream ends', client.closed);
    expect(client.unread).toContain('key_expired');
    world.upstream.forget();
  });
});

describe('introspection', () => {
  const server = issuerOfTokens();
  afterAll(async () => (await server).close());
  const settings = async () => ({
    type: 'introspection',
    url: (await server).url,
    client_id: 'keyporter',
    client_secret: 's3cret',
    timeout_ms: 5000,
  });
  beforeEach(async () => ((await server).asked.length = 0));

  async function issuerOfTokens() {
    return startLittleServer((asked, response) => {
      const token = new URLSearchParams(asked.text).get('token') ?? '';
      if (token.startsWith('good'))
        reply(response, 200, { active: true, sub: 'bob', exp: Math.floor(Date.now() / 1000) + 60 });
      else if (token === 'fails') reply(response, 500, {});
      else if (token === 'garbage') reply(response, 200, 'no json');
      else if (token === 'nearly') reply(response, 200, { active: 'true', sub: 'bob' });
      else if (token === 'over') reply(response, 200, { active: true, sub: 'bob', exp: 1 });
      else reply(response, 200, { active: false });
    });
  }

  test('B-21 each answer but a clear yes keeps the caller out, in the words of the contract', async () => {
    const asking = await startStackWorld([await settings()]);
    try {
      expect((await asking.chat('good')).status).toBe(200);
      const { headers, text } = (await server).asked[0] ?? { headers: {}, text: '' };
      expect(headers.authorization).toBe(`Basic ${Buffer.from('keyporter:s3cret').toString('base64')}`);
      expect(new URLSearchParams(text).get('token')).toBe('good');
      const rows: [string, string][] = [
        ['bad', 'Token not active'],
        ['nearly', 'Token not active'],
        ['over', 'Token not active'],
        ['fails', 'Token introspection failed: 500'],
        ['garbage', 'Token introspection error'],
      ];
      for (const [token, message] of rows) {
        const answer = await asking.chat(token);
        expect([answer.status, answer.message]).toEqual([401, message]);
      }
    } finally {
      await asking.close();
    }
  });
});

describe('GitHub tokens', () => {
  test('B-23 the login comes in, all organizations count, a failing page keeps those read before', async () => {
    let secondPage = 200;
    const names = (from: number, count: number): object[] =>
      Array.from({ length: count }, (_, at) => ({ login: `org-${from + at}` }));
    const github = await startLittleServer((asked, response) => {
      if (asked.headers.authorization !== 'Bearer gho_good') return reply(response, 401, {});
      if (asked.target === '/user') return reply(response, 200, { login: 'octocat', id: 7 });
      const second = asked.target.endsWith('page=2');
      return second ? reply(response, secondPage, names(100, 2)) : reply(response, 200, names(0, 100));
    });
    const start = (team: string) =>
      startStackWorld([{ type: 'github_token', github_api_base_url: github.url }], {
        auth: { route_policy: [{ permit: { paths: '*' }, when: `user with ${team} in teams` }] },
      });
    const [first, last, lost] = [await start('org-99'), await start('org-101'), await start('org-101')];
    try {
      expect((await first.chat('gho_good')).status).toBe(200);
      expect((await last.chat('gho_good')).status).toBe(200);
      secondPage = 500;
      expect((await lost.chat('gho_good')).status).toBe(403);
      const refused = await first.chat('gho_bad');
      expect([refused.status, refused.message]).toEqual([
        401,
        'GitHub token validation failed. Please check your token and try again.',
      ]);
    } finally {
      await Promise.all([first.close(), last.close(), lost.close()]);
      await github.close();
    }
  });
});

describe('Kubernetes tokens', () => {
  test('B-24 a review lets the user in; 401 and 500 keep him out', async () => {
    const server = await startLittleServer((asked, response) => {
      if (asked.headers.authorization === 'Bearer good')
        reply(response, 201, { status: { userInfo: { username: 'system:serviceaccount:a:b', groups: ['g'] } } });
      else if (asked.headers.authorization === 'Bearer soft')
        reply(response, 200, { status: { userInfo: { username: 'mallory' } } });
      else reply(response, asked.headers.authorization === 'Bearer bad' ? 401 : 500, {});
    });
    const asking = await startStackWorld([{ type: 'kubernetes', api_server_url: server.url }]);
    try {
      expect((await asking.chat('good')).status).toBe(200);
      expect(server.asked[0]).toMatchObject({
        method: 'POST',
        target: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      });
      expect(server.asked[0]?.json()).toMatchObject({ kind: 'SelfSubjectReview' });
      const rows: [string, string][] = [
        ['bad', 'Invalid token'],
        ['odd', 'Token validation failed: 500'],
        ['soft', 'Token validation failed: 200'],
      ];
      for (const [token, message] of rows) {
        const answer = await asking.chat(token);
        expect([answer.status, answer.message]).toEqual([401, message]);
      }
    } finally {
      await asking.close();
      await server.close();
    }
  });
});
