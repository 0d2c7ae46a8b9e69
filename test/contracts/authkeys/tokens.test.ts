import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INSUFFICIENT, INVALID, startAuthkeysWorld, type AuthkeysWorld } from './authkeys-world.js';

const FUTURE = 4_000_000_000;

interface Listed {
  expired_at: unknown;
  id: number;
  scope: string;
  token: string;
}

let world: AuthkeysWorld;

beforeAll(async () => {
  world = await startAuthkeysWorld();
});

afterAll(() => world.close());

async function listed(token: string = world.root): Promise<Listed[]> {
  const { text } = await world.as(token, 'GET', '/list_tokens');
  return (JSON.parse(text) as { tokens: Listed[] }).tokens;
}

/** A token made here as a listing shows it. */
async function shown(token: string): Promise<Listed | undefined> {
  return (await listed()).find((one) => one.token.includes(token.slice(2, 14)));
}

function create(members: Record<string, unknown>, token: string = world.root) {
  return world.as(token, 'POST', '/create_token', members);
}

describe('listing tokens', () => {
  it('A-11 root sees itself, masked, in the exact form of the contract', async () => {
    const fresh = await startAuthkeysWorld();
    try {
      const answer = await fresh.as(fresh.root, 'GET', '/list_tokens');
      expect(answer.status).toBe(200);
      expect(answer.text).toBe(
        `{"tokens":[{"expired_at":null,"id":0,"scope":"infer:write:revoke","token":"kp_${fresh.rootId}_********"}]}\n`,
      );
    } finally {
      await fresh.close();
    }
  });

  it('HEAD answers the head of the listing alone', async () => {
    const answer = await world.call('HEAD', '/list_tokens', { headers: { authorization: `Bearer ${world.root}` } });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(2);
  });

  it('no listing shows a secret or a key that was not made here', async () => {
    const foreign = await world.gateway.admin.createKey({ scopes: ['infer'], owner: 'alice' });
    const token = await world.token('infer');
    const { text } = await world.as(world.root, 'GET', '/list_tokens');
    expect(text).not.toContain(foreign.id);
    expect(text).not.toContain(token);
    expect(text).toContain(token.slice(2, 14));
  });

  it('a token keeps the order and spelling of its scope', async () => {
    const token = await world.token('revoke:infer:infer');
    expect((await shown(token))?.scope).toBe('revoke:infer:infer');
  });

  it('tokens are numbered by their place', async () => {
    expect((await listed()).map(({ id }) => id)).toEqual([...(await listed()).keys()]);
  });
});

describe('making tokens', () => {
  it('A-15 without a scope it is 400', async () => {
    for (const members of [{}, { scope: '' }, { scope: null }, { scope: 7 }]) {
      const answer = await create(members);
      expect([answer.status, answer.text]).toEqual([400, '{"error":"Scope is required"}\n']);
    }
  });

  it('A-17 an unknown scope is 400 and named, the first one of several', async () => {
    const cases = { admin: 'admin', 'infer:': '', 'infer:read:x': 'read', infér: 'inf\\u00e9r' };
    for (const [scope, bad] of Object.entries(cases)) {
      const answer = await create({ scope });
      expect([answer.status, answer.text]).toEqual([400, `{"error":"Invalid scope: ${bad}"}\n`]);
    }
  });

  it('a scope longer than 256 characters is 400 and named', async () => {
    const answer = await create({ scope: 'infer:'.repeat(60) + 'infer' });
    expect([answer.status, answer.text]).toEqual([400, '{"error":"scope must have at most 256 characters"}\n']);
  });

  it('A-18 a token is letters and digits only and is shown once', async () => {
    const answer = await create({ scope: 'infer' });
    expect(answer.status).toBe(201);
    const { token } = JSON.parse(answer.text) as { token: string };
    expect(answer.text).toBe(`{"expired_at":null,"scope":"infer","token":"${token}"}\n`);
    expect(token).toMatch(/^[A-Za-z0-9]{63}$/);
    expect((await world.as(token, 'POST', '/v1/chat/completions', { model: 'm', messages: [] })).status).toBe(200);
  });

  it('A-18 an expiry is echoed as it was sent, and read as seconds from a string', async () => {
    for (const [sent, told] of [
      [FUTURE, FUTURE],
      [String(FUTURE), FUTURE],
      [null, null],
      [0, 0],
      ['', ''],
      [false, false],
    ]) {
      const answer = await create({ scope: 'infer', expired_at: sent });
      const made = JSON.parse(answer.text) as Listed;
      expect([answer.status, made.expired_at]).toEqual([201, sent]);
      expect((await shown(made.token))?.expired_at).toBe(told);
    }
  });

  it('A-19 an expiry in the past is 400', async () => {
    for (const expired_at of [1, -5, '1']) expect((await create({ scope: 'infer', expired_at })).status).toBe(400);
  });

  it('the second of the expiry is still good', async () => {
    const expired_at = Math.floor(Date.now() / 1000) + 1000;
    const token = await world.token('infer', { expired_at });
    const record = await world.gateway.admin.must('GET', `/keys/${token.slice(2, 14)}`);
    expect(record['expires_at']).toBe(expired_at + 1);
  });

  it('A-22 an expiry that is no whole number of seconds is 400 and nothing is made', async () => {
    const before = (await listed()).length;
    for (const expired_at of ['tomorrow', FUTURE + 0.5, [FUTURE], { at: 1 }, true, 1e18]) {
      const answer = await create({ scope: 'infer', expired_at });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toHaveProperty('error');
    }
    expect((await listed()).length).toBe(before);
  });

  it('A-23 a token that may only infer manages nothing', async () => {
    const token = await world.token('infer');
    const answers = [
      await world.as(token, 'POST', '/create_token', { scope: 'infer' }),
      await world.as(token, 'GET', '/list_tokens'),
      await world.as(token, 'POST', '/revoke_token', { token_to_revoke: token }),
    ];
    expect(answers.map(({ status, text }) => [status, text])).toEqual(Array(3).fill([403, INSUFFICIENT]));
  });

  it('A-25 nobody makes a token that may do more than he may', async () => {
    const writer = await world.token('write');
    for (const scope of ['infer:write:revoke', 'infer', 'write:revoke']) {
      const answer = await create({ scope }, writer);
      expect([answer.status, answer.text]).toEqual([403, INSUFFICIENT]);
    }
    expect((await create({ scope: 'write' }, writer)).status).toBe(201);
  });

  it('a token made by one that is bound to models and addresses is bound to the same', async () => {
    const bound = { scopes: ['infer', 'keys:read', 'keys:write'], models: ['small*'], allow_ips: ['127.0.0.0/8'] };
    const { key } = await world.gateway.admin.createKey(bound);
    const made = JSON.parse((await create({ scope: 'infer' }, key)).text) as { token: string };
    const record = await world.gateway.admin.must('GET', `/keys/${made.token.slice(2, 14)}`);
    expect([record['owner'], record['models'], record['allow_ips']]).toEqual(['authkeys', ['small*'], ['127.0.0.0/8']]);
    expect((await world.as(made.token, 'POST', '/v1/chat/completions', { model: 'large' })).status).toBe(404);
    expect((await world.as(made.token, 'POST', '/v1/chat/completions', { model: 'small-1' })).status).toBe(200);
  });

  it('a key of another owner makes and sees no tokens of this one', async () => {
    const { key, id } = await world.gateway.admin.createKey({
      scopes: ['keys:read', 'keys:write', 'infer'],
      owner: 'alice',
    });
    expect((await create({ scope: 'infer' }, key)).status).toBe(403);
    expect((await listed(key)).map(({ token }) => token)).toEqual([`kp_${id}_********`]);
  });
});

describe('revoking tokens', () => {
  it('A-34 the token that is named is revoked, and the one that asks goes on', async () => {
    const token = await world.token('write');
    const answer = await world.as(world.root, 'POST', '/revoke_token', { token_to_revoke: token });
    expect([answer.status, answer.text]).toEqual([200, '{"message":"Token revoked successfully"}\n']);
    const after = await world.as(token, 'GET', '/list_tokens');
    expect([after.status, after.text]).toEqual([401, INVALID]);
    expect((await world.as(world.root, 'GET', '/list_tokens')).status).toBe(200);
  });

  it('what a listing shows can be revoked', async () => {
    const token = await world.token('infer');
    const masked = (await shown(token))?.token;
    expect((await world.as(world.root, 'POST', '/revoke_token', { token_to_revoke: masked })).status).toBe(200);
    expect((await world.as(token, 'POST', '/v1/chat/completions', { model: 'm' })).status).toBe(401);
    expect(await shown(token)).toBeUndefined();
  });

  it('without a token to revoke it is 400, with an unknown one 404', async () => {
    const missing = await world.as(world.root, 'POST', '/revoke_token');
    expect([missing.status, missing.text]).toEqual([400, '{"error":"Token to revoke is required"}\n']);
    const gone = await world.token('infer');
    await world.as(world.root, 'POST', '/revoke_token', { token_to_revoke: gone });
    for (const token_to_revoke of ['nobody', 7, gone, 'kp_000000000000_********']) {
      const answer = await world.as(world.root, 'POST', '/revoke_token', { token_to_revoke });
      expect([answer.status, answer.text]).toEqual([404, '{"error":"Token not found"}\n']);
    }
  });

  it('the last token that can administer tokens is never revoked', async () => {
    const answer = await world.as(world.root, 'POST', '/revoke_token', { token_to_revoke: world.root });
    expect(answer.status).toBe(409);
    expect((await world.as(world.root, 'GET', '/list_tokens')).status).toBe(200);
  });

  it('a token of this listener cannot revoke a key of somebody else', async () => {
    const foreign = await world.gateway.admin.createKey({ scopes: ['infer'], owner: 'alice' });
    const token = await world.token('revoke');
    const answer = await world.as(token, 'POST', '/revoke_token', { token_to_revoke: foreign.key });
    expect([answer.status, answer.text]).toEqual([404, '{"error":"Token not found"}\n']);
    expect((await world.as(foreign.key, 'POST', '/v1/chat/completions', { model: 'm' })).status).toBe(200);
  });
});
