import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { silentLog } from '../../../src/core/log.js';
import { startGateway, type RunningGateway } from '../../../src/gateway.js';
import { AdminClient } from '../../support/admin-client.js';
import { INVALID, send, type Answer } from './authkeys-world.js';

let dataDir: string;
let running: RunningGateway | null = null;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'kp-'));
});

afterEach(async () => {
  await running?.close();
  running = null;
  await rm(dataDir, { recursive: true, force: true });
});

/** Starts on the same data again, as a restart of the original did. */
async function restart(bootstrap: boolean): Promise<void> {
  await running?.close();
  const config = {
    listeners: [{ listen: '127.0.0.1:0', profile: 'authkeys' }],
    authkeys: { bootstrap_root_when_empty: bootstrap },
  };
  const outcome = await loadConfig({ text: JSON.stringify(config), env: {}, cwd: dataDir });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  running = await startGateway({ loaded: outcome.loaded, dataDir, log: silentLog, flags: {} });
  await running.settled;
}

function asRoot(method: string, path: string, members: Record<string, unknown> = {}): Promise<Answer> {
  return send(`${running?.url ?? ''}${path}`, method, { body: { token: 'root', ...members } });
}

describe('the token root', () => {
  it('A-35 A-36 is nobody, with an empty store, with tokens and with ended ones', async () => {
    await restart(false);
    expect((await asRoot('GET', '/list_tokens')).text).toBe(INVALID);
    const { id } = await new AdminClient(dataDir).createKey({ scopes: ['infer'], owner: 'authkeys' });
    await restart(false);
    expect((await asRoot('GET', '/list_tokens')).text).toBe(INVALID);
    await new AdminClient(dataDir).must('POST', `/keys/${id}/revoke`, {});
    await restart(false);
    expect((await asRoot('GET', '/list_tokens')).text).toBe(INVALID);
  });

  it('A-35 with bootstrap_root_when_empty it works until a restart that finds a token', async () => {
    await restart(true);
    const listed = await asRoot('GET', '/list_tokens');
    expect([listed.status, listed.text]).toEqual([
      200,
      '{"tokens":[{"expired_at":null,"id":0,"scope":"infer:write:revoke","token":"kp_root_********"}]}\n',
    ]);
    expect((await asRoot('POST', '/create_token', { scope: 'infer' })).status).toBe(201);
    expect((await asRoot('GET', '/list_tokens')).status).toBe(200);
    await restart(true);
    const after = await asRoot('GET', '/list_tokens');
    expect([after.status, after.text]).toEqual([401, INVALID]);
  });

  it('A-36 with bootstrap_root_when_empty it comes back when no token can be used', async () => {
    await restart(true);
    const made = JSON.parse((await asRoot('POST', '/create_token', { scope: 'infer' })).text) as { token: string };
    await asRoot('POST', '/revoke_token', { token_to_revoke: made.token });
    await restart(true);
    expect((await asRoot('GET', '/list_tokens')).status).toBe(200);
  });

  it('with bootstrap_root_when_empty it is taken from the body alone', async () => {
    await restart(true);
    const answer = await send(`${running?.url ?? ''}/list_tokens`, 'GET', {
      headers: { authorization: 'Bearer root' },
    });
    expect([answer.status, answer.text]).toEqual([401, INVALID]);
  });
});
