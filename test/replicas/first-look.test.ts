import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { systemClock, type Clock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { startGateway, type RunningGateway } from '../../src/gateway.js';
import { AdminClient } from '../support/admin-client.js';

/** A model server that lists its model when `tells`, and else never answers the question for it. */
async function startServer(tells: boolean): Promise<string> {
  const server: Server = createServer((request, response) => {
    const isList = request.url?.endsWith('/models') === true;
    if (!tells && isList) return;
    response.setHeader('content-type', 'application/json');
    setImmediate(() => response.end(isList ? '{"object":"list","data":[{"id":"m"}]}' : '{"id":"x"}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function start(upstream: string, clock: Clock): Promise<{ running: RunningGateway; dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kp-'));
  const text = JSON.stringify({ listen: '127.0.0.1:0', upstreams: [{ url: upstream }] });
  const outcome = await loadConfig({ text, env: {}, cwd: dataDir });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  const running = await startGateway({ loaded: outcome.loaded, dataDir, log: silentLog, flags: {}, clock });
  onTestFinished(async () => {
    await running.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return { running, dataDir };
}

/** Waits longer, so that a busy machine changes nothing. */
const patient: Clock = { ...systemClock, after: (delayMs, fire) => systemClock.after(delayMs * 50, fire) };

it('a gateway that listens knows the models that its servers tell at once', async () => {
  const { running } = await start(await startServer(true), patient);
  expect(running.modelNames()).toEqual(['m']);
});

it('a server that does not tell its models keeps no gateway from listening', async () => {
  const { running, dataDir } = await start(await startServer(false), systemClock);
  expect(running.modelNames()).toEqual([]);
  const { key } = await new AdminClient(dataDir).createKey({ name: 'k' });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ model: 'm', messages: [] });
  const answer = await fetch(`${running.url}/v1/chat/completions`, { method: 'POST', headers, body });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10']);
});
