import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';
import { chat, engineCommand, engineModel, ready, replicaThat } from './supervised-world.js';

const LIMIT_MS = 60_000;
let home: GatewayHome;

afterEach(async () => {
  await home.run(['stop']);
  await home.remove();
});

async function startWith(models: Record<string, unknown>): Promise<SpawnedGateway> {
  home = await GatewayHome.make({ models });
  return home.start();
}

const failed = ({ state }: { state: string }): boolean => state === 'failed';

async function findings(): Promise<string> {
  return (await home.run(['doctor'])).output;
}

describe('a process that cannot serve says why, and what to do', () => {
  it('its program does not exist', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel({ command: 'no-such-engine --port {port}' }) });
    const row = await replicaThat(gateway, 'm-0', failed);
    expect(row.detail).toMatch(
      /^The program no-such-engine does not exist \(looked in PATH and from .*\): install it, or correct `command`\.$/,
    );
    expect(row.process?.pid).toBeNull();
    const { key } = await gateway.admin.createKey();
    expect((await chat(gateway, key)).status).toBe(503);
    const { code, output } = await home.run(['replicas', 'list']);
    expect([code, output.includes('no-such-engine does not exist')]).toEqual([0, true]);
    expect(await findings()).toContain('process_down');
  });

  it('its program may not be run', { timeout: LIMIT_MS }, async () => {
    home = await GatewayHome.make({ models: { m: await engineModel({ command: './engine {port}' }) } });
    await writeFile(join(home.dir, 'engine'), '#!/bin/sh\n', { mode: 0o600 });
    const gateway = await home.start();
    expect((await replicaThat(gateway, 'm-0', failed)).detail).toContain('may not be run by this user');
  });

  it('all its ports are taken, and it starts when one is free', { timeout: LIMIT_MS }, async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    const gateway = await startWith({ m: await engineModel({ ports: `${port}-${port}` }) });
    expect((await replicaThat(gateway, 'm-0', failed)).detail).toBe(
      `Port ${port} is taken: end what uses it, or name other \`ports\` for m.`,
    );
    await new Promise((resolve) => squatter.close(resolve));
    await replicaThat(gateway, 'm-0', ready);
  });

  it('it ends at once', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel({}, '--crash') });
    const row = await replicaThat(gateway, 'm-0', (one) => failed(one) && (one.process?.restarts ?? 0) > 0);
    expect(row.detail).toMatch(
      /^It ended with exit code 3 after \d+\.\d s\. Its last words: `keyporter replicas logs m-0`\.$/,
    );
    expect((await home.run(['replicas', 'logs', 'm-0'])).output).toContain('no such model');
  });

  it('it is never ready: it shows what it says, and is given up after its grace', { timeout: LIMIT_MS }, async () => {
    const readiness = { startup_grace_seconds: 2, interval_seconds: 1 };
    const gateway = await startWith({ m: await engineModel({ readiness_probe: readiness }, '--never-ready') });
    const starting = await replicaThat(
      gateway,
      'm-0',
      ({ state, detail }) => state === 'starting' && detail !== null && detail.includes('503'),
    );
    expect(starting.detail).toBe('It says at /health that it is not ready yet (status 503).');
    const given = await replicaThat(gateway, 'm-0', ({ state }) => state === 'failed_initial_delay');
    expect(given.detail).toContain('It was not ready within 2 s: it says at /health that it is not ready yet');
    expect(given.detail).toContain('raise `readiness_probe.startup_grace_seconds`');
    await replicaThat(gateway, 'm-0', ({ state, process }) => state === 'starting' && (process?.restarts ?? 0) > 0);
  });

  it('its probe asks for something that is not there', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel({ readiness_probe: { path: '/nothing' } }) });
    const row = await replicaThat(gateway, 'm-0', ({ detail }) => detail?.includes('404') === true);
    expect(row.detail).toBe(
      'It answers /nothing with status 404, and ready is 200: name another `readiness_probe.path`.',
    );
  });

  it('it does not take the key it was given', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({
      m: await engineModel({ env: { FAKE_API_KEY: 'another', UNUSED: '{api_key}' } }),
    });
    const row = await replicaThat(gateway, 'm-0', ({ detail }) => detail?.includes('401') === true);
    expect(row.detail).toContain('refuses its private key at /health (status 401)');
  });
});

describe('a process that can be used past Keyporter is named', () => {
  it('it answers without its key', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel({}, '--open') });
    const row = await replicaThat(gateway, 'm-0', ({ process }) => process?.answers_without_key === true);
    expect([row.state, row.detail]).toEqual(['ready', expect.stringContaining('answers without a key on its port')]);
    expect(await findings()).toContain('process_without_key');
    const { key } = await gateway.admin.createKey();
    expect((await chat(gateway, key)).status).toBe(200);
  });

  it.skipIf(!hasPublicAddress())('its port is open to others', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel({}, '--host=0.0.0.0') });
    const row = await replicaThat(gateway, 'm-0', ({ process }) => process?.public_at.length !== 0);
    expect(row.detail).toContain('bind it to 127.0.0.1 in `command`');
    expect(await findings()).toContain('process_public');
  });
});

describe('commands', () => {
  it('are not run from a file that others can write', { timeout: LIMIT_MS }, async () => {
    home = await GatewayHome.make({ models: { m: { command: engineCommand() } } });
    await chmod(home.configFile, 0o666);
    const { code, output } = await home.run(['serve']);
    expect(code).toBe(1);
    expect(output).toContain(`run \`chmod go-w ${home.configFile}\``);
  });

  it('are not restarted, and have no log, where Keyporter did not start them', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: { replicas: [{ url: 'http://127.0.0.1:9' }] } });
    const { output } = await home.run(['replicas', 'list', '--json']);
    const id = (JSON.parse(output) as { data: { id: string }[] }).data[0]?.id ?? '';
    expect(id).toMatch(/^127\.0\.0\.1-9-[0-9a-f]{6}$/);
    expect((await home.run(['replicas', 'restart', id])).output).toContain('did not start this server');
    expect((await gateway.admin.call('GET', `/replicas/${id}/logs`)).status).toBe(409);
    expect((await gateway.admin.call('POST', `/replicas/${id}/drain`)).status).toBe(202);
    await replicaThat(gateway, id, ({ state }) => state === 'draining');
  });
});

function hasPublicAddress(): boolean {
  return Object.values(networkInterfaces()).some((list) =>
    list?.some(({ internal, address }) => !internal && !address.startsWith('fe80')),
  );
}
