import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';
import { chat, engineModel, environmentOf, pidIn, pidOf, ready, replicaThat } from './supervised-world.js';

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

describe('a model with a command', () => {
  it('is served by processes that were started for it', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel({ processes: 2 }, '--think=200') });
    const pids = [await pidOf(gateway, 'm-0'), await pidOf(gateway, 'm-1')];
    const { key } = await gateway.admin.createKey();
    const answers = await Promise.all([chat(gateway, key), chat(gateway, key)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(answers.map(({ text }) => pidIn(text)))).toEqual(new Set(pids));
  });

  it('gives each process a key of its own, and the bare port refuses without it', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel({ processes: 2 }) });
    const rows = [await replicaThat(gateway, 'm-0', ready), await replicaThat(gateway, 'm-1', ready)];
    const keys = await Promise.all(
      rows.map(async ({ process }) => (await environmentOf(process?.pid)).get('FAKE_API_KEY')),
    );
    expect(new Set(keys).size).toBe(2);
    for (const [index, row] of rows.entries()) {
      expect(keys[index]).toMatch(/^[0-9a-f]{64}$/);
      expect((await fetch(`${row.url}/v1/models`)).status).toBe(401);
      expect(
        (await fetch(`${row.url}/v1/models`, { headers: { authorization: `Bearer ${keys[1 - index]}` } })).status,
      ).toBe(401);
      expect(
        (await replicaThat(gateway, row.id, ({ process }) => process?.answers_without_key != null)).process
          ?.answers_without_key,
      ).toBe(false);
    }
  });

  it('shows the private key in no argument, log, answer or file', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel() });
    const pid = await pidOf(gateway, 'm-0');
    const key = (await environmentOf(pid)).get('FAKE_API_KEY') ?? '';
    const lines = (await home.run(['replicas', 'logs', 'm-0'])).output;
    expect(lines).toContain(`engine ${pid} begins, key [secret]`);
    const shown = [
      lines,
      gateway.output(),
      (await home.run(['config', 'show'])).output,
      (await home.run(['replicas', 'list', '--json'])).output,
    ];
    const commandLines = await Promise.all(
      (await readdir('/proc'))
        .filter((name) => /^\d+$/.test(name))
        .map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')),
    );
    const files = (await readdir(home.dataDir, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    const contents = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')));
    expect(commandLines.some((line) => line.includes('fake-engine'))).toBe(true);
    expect([...shown, ...commandLines, ...contents].filter((text) => text.includes(key))).toEqual([]);
  });

  it('can take its key from a file that only this user reads', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel({ env: {} }, '--key-file={key_file}') });
    const pid = await pidOf(gateway, 'm-0');
    const [, file = ''] = /--key-file=([^\0]+)/.exec(await readFile(`/proc/${pid}/cmdline`, 'utf8')) ?? [];
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { key } = await gateway.admin.createKey();
    expect((await chat(gateway, key)).status).toBe(200);
  });

  it('gets a clean environment, its variables and its GPU', { timeout: LIMIT_MS }, async () => {
    const env = { FAKE_API_KEY: '{api_key}', PLACE: '{index} at {port}' };
    const gateway = await startWith({ m: await engineModel({ env, processes: 2, gpus: [3, 1] }) });
    const row = await replicaThat(gateway, 'm-1', ready);
    const found = await environmentOf(row.process?.pid);
    const usual = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'USER', 'LOGNAME', 'TMPDIR', 'TZ'];
    expect([...found.keys()].filter((name) => !usual.includes(name)).toSorted()).toEqual([
      'CUDA_VISIBLE_DEVICES',
      'FAKE_API_KEY',
      'PLACE',
    ]);
    expect(found.get('CUDA_VISIBLE_DEVICES')).toBe('1');
    expect(found.get('PLACE')).toBe(`1 at ${new URL(row.url ?? '').port}`);
  });

  it('may be shell text', { timeout: LIMIT_MS }, async () => {
    const { command, ...rest } = await engineModel();
    const gateway = await startWith({ m: { ...rest, shell: true, command: `cd / && exec ${String(command)} 2>&1` } });
    const { key } = await gateway.admin.createKey();
    await replicaThat(gateway, 'm-0', ready);
    expect((await chat(gateway, key)).status).toBe(200);
  });

  it('shows what its processes write, also while they write it', { timeout: LIMIT_MS }, async () => {
    const gateway = await startWith({ m: await engineModel() });
    await pidOf(gateway, 'm-0');
    const answer = await gateway.admin.must('GET', '/replicas/m-0/logs?lines=1');
    expect(answer).toEqual({ data: [{ line: 'listens' }], next: null });
    expect((await gateway.admin.call('GET', '/replicas/nothing/logs')).status).toBe(404);
    const { key } = await gateway.admin.createKey({ scopes: ['replicas:read'] });
    const following = await fetch(`${gateway.url}/admin/v1/replicas/m-0/logs?follow=1&lines=1`, {
      headers: { authorization: `Bearer ${key}` },
    });
    let text = '';
    for await (const piece of following.body ?? []) {
      const first = text === '';
      text += Buffer.from(piece as Uint8Array).toString('utf8');
      // The follower is there: what is written from now on has to come.
      if (first) await gateway.admin.must('POST', '/replicas/m-0/restart');
      if (text.split('\n').length > 3) break;
    }
    const lines = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { line: string }).line);
    expect(lines).toEqual(['listens', `engine ${await pidOf(gateway, 'm-0')} begins, key [secret]`, 'listens']);
    await home.run(['stop']);
    expect((await home.run(['replicas', 'list'])).output).toContain('No gateway runs');
  });
});
