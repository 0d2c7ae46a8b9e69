import { readdir, readFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { CanarySweep } from '../support/canary.js';
import { wellFormed } from '../support/hostile-row.js';
import { RawClient } from '../support/raw-client.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { GatewayHome, type SpawnedGateway } from '../support/spawn-gateway.js';
import { modelsOn, UPSTREAM_KEY } from '../support/start-gateway.js';

const PROMPT = 'canary-prompt-5b1f0c7e9a';
const upstream = await RecordingUpstream.start({ record: false });
afterAll(() => upstream.close());

async function ask(gateway: SpawnedGateway, bytes: string): Promise<string> {
  const client = await RawClient.open(gateway.url);
  client.write(bytes);
  const answer = await client.answer().catch(() => null);
  client.close();
  return answer === null ? '' : `${answer.headers.join('\n')}\n${answer.text()}`;
}

/** Uses every key in every good and bad way, and answers everything that came back. */
async function tour(gateway: SpawnedGateway, keys: Record<string, string>): Promise<string> {
  const said: string[] = [];
  for (const key of Object.values(keys)) {
    const broken = `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`;
    const chat = { body: `{"model":"test-model","messages":[{"content":"${PROMPT}"}]}` };
    const streamed = { body: `{"model":"test-model","stream":true,"messages":[{"content":"${PROMPT}"}]}` };
    said.push(
      await ask(gateway, wellFormed(key, chat)),
      await ask(gateway, wellFormed(key, streamed)),
      await ask(gateway, wellFormed(broken, chat)),
      await ask(gateway, wellFormed('', { ...chat, headers: [`X-Api-Key: ${key}`, `Api-Key: ${key}`] })),
      await ask(gateway, wellFormed('', { ...chat, headers: [`Authorization: Basic ${key}`] })),
      await ask(gateway, wellFormed('', { path: `/v1/chat/completions?token=${key}` })),
      await ask(gateway, wellFormed(key, { path: `/v1/${key}` })),
      await ask(gateway, wellFormed(key, { host: key })),
      await ask(
        gateway,
        wellFormed(key, {
          headers: [
            `User-Agent: ${key}`,
            `X-Request-Id: ${key}`,
            `X-Correlation-Id: ${key}`,
            `Referer: http://x/?k=${key}`,
          ],
        }),
      ),
      await ask(gateway, wellFormed(key, { body: `{"model":"${key}","messages":[]}` })),
      await ask(gateway, wellFormed(key, { body: `{"model":"test-model","${key}":` })),
      await ask(gateway, wellFormed(key, { headers: [`${key.replaceAll('_', '')}: x`, 'Transfer-Encoding: x'] })),
      await ask(gateway, `GET /${key} HTTP/9\r\n\r\n`),
      await ask(gateway, wellFormed(key, { method: 'GET', path: '/me', body: '' })),
      await ask(gateway, wellFormed(key, { method: 'GET', path: '/admin/v1/keys', body: '' })),
    );
  }
  return said.join('\n');
}

async function lifeOfKeys(gateway: SpawnedGateway): Promise<Record<string, string>> {
  const infer = await gateway.admin.createKey({ name: 'canary-infer', scopes: ['infer'] });
  const admin = await gateway.admin.createKey({ name: 'canary-admin', scopes: ['admin'] });
  const rotated = await gateway.admin.createKey({ name: 'canary-rotated' });
  const fresh = await gateway.admin.must('POST', `/keys/${rotated.id}/rotate`, {});
  const revoked = await gateway.admin.createKey({ name: 'canary-revoked' });
  await gateway.admin.must('POST', '/keys/revoke', { key: revoked.key });
  const child = await gateway.admin.must('POST', `/keys/${infer.id}/derive`, { name: 'canary-child' });
  return {
    infer: infer.key,
    admin: admin.key,
    old: rotated.key,
    fresh: String(fresh['key']),
    revoked: revoked.key,
    child: String(child['key']),
  };
}

/** Command line and environment of the gateway's process and of every process below it. */
async function addProcesses(sweep: CanarySweep, pid: number): Promise<void> {
  for (const file of ['cmdline', 'environ'])
    sweep.add(`/proc/${pid}/${file}`, await readFile(`/proc/${pid}/${file}`).catch(() => ''));
  for (const task of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const children = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '');
    for (const child of children.split(' ').filter((text) => text !== '')) await addProcesses(sweep, Number(child));
  }
}

describe('A-LK-01, A-CR-02 no secret is anywhere but where it was handed over', () => {
  test(
    'after a tour of good and bad requests at debug level, no key, upstream key or prompt is in any output or file',
    { timeout: 120_000 },
    async () => {
      const home = await GatewayHome.make({
        models: modelsOn(upstream.url),
        logging: { level: 'debug' },
        auth: { failures_per_minute: 100_000 },
      });
      try {
        const gateway = await home.start();
        const keys = await lifeOfKeys(gateway);
        const sweep = new CanarySweep();
        const said = await tour(gateway, keys);
        for (const path of [
          '/keys?limit=1000',
          '/audit?limit=1000',
          '/requests?limit=1000',
          '/streams',
          '/config',
          '/status',
          '/models',
          '/doctor',
        ]) {
          sweep.add(`admin ${path}`, (await gateway.admin.call('GET', path)).text);
        }
        await addProcesses(sweep, gateway.child.pid ?? 0);
        for (const command of [
          ['config', 'show'],
          ['keys', 'list'],
          ['requests'],
          ['audit', 'list'],
          ['doctor'],
          ['status'],
          ['check'],
        ]) {
          sweep.add(`keyporter ${command.join(' ')}`, (await home.run(command)).output);
        }
        const alive = await sweep.addDirectory(home.dataDir);
        expect(alive.some((file) => file.endsWith('keyporter.db'))).toBe(true);
        expect((await home.run(['backup', `${home.dir}/copy.db`])).code).toBe(0);
        sweep.add('backup', await readFile(`${home.dir}/copy.db`));
        await gateway.end('SIGTERM');
        await sweep.addDirectory(home.dataDir);
        sweep.add('standard output and error', gateway.output());
        expect(gateway.output()).not.toBe('');
        expect(sweep.leaks({ ...keys, 'upstream key': UPSTREAM_KEY, prompt: PROMPT })).toEqual([]);
        const answers = new CanarySweep();
        answers.add('answers of the API', said);
        expect(answers.leaks({ 'upstream key': UPSTREAM_KEY, prompt: PROMPT })).toEqual([]);
      } finally {
        await home.remove();
      }
    },
  );

  test('A-LK-02 an error does not repeat a key, wherever in the request it stood', async () => {
    const home = await GatewayHome.make({ models: modelsOn(upstream.url) });
    try {
      const gateway = await home.start();
      const { key } = await gateway.admin.createKey();
      const misplaced: Record<string, string> = {
        path: wellFormed(key, { path: `/v1/${key}` }),
        'model id in the path': wellFormed(key, { method: 'GET', path: `/v1/models/${key}`, body: '' }),
        host: wellFormed(key, { host: `${key}.example` }),
        model: wellFormed(key, { body: `{"model":"${key}","messages":[]}` }),
        'name of a member': wellFormed(key, { body: `{"model":"test-model","${key}":1,"${key}":2}` }),
        'name of a header': wellFormed(key, { headers: [`${key}: x`] }),
        method: wellFormed(key, { method: key.replaceAll('_', '').toUpperCase() }),
      };
      const answers = new CanarySweep();
      for (const [place, bytes] of Object.entries(misplaced))
        answers.add(place, (await ask(gateway, bytes)).toLowerCase());
      expect(answers.leaks({ key: key.toLowerCase() })).toEqual([]);
    } finally {
      await home.remove();
    }
  });

  test('a key is not taken for the name, owner, label or reason of a record, where it would be kept and shown', async () => {
    const home = await GatewayHome.make({ models: modelsOn(upstream.url) });
    try {
      const gateway = await home.start();
      const { id, key } = await gateway.admin.createKey();
      const attempts: [string, string, unknown][] = [
        ['POST', '/keys', { name: `for ${key}` }],
        ['POST', '/keys', { name: 'x', owner: key }],
        ['POST', '/keys', { name: 'x', labels: { key } }],
        ['PATCH', `/keys/${id}`, { name: key }],
        ['POST', `/keys/${id}/revoke`, { reason: `leaked ${key}` }],
      ];
      for (const [method, path, body] of attempts) {
        const answer = await gateway.admin.call(method, path, body);
        expect(answer.status, `${method} ${path}`).toBe(400);
        expect(answer.text).not.toContain(key.slice(16));
      }
    } finally {
      await home.remove();
    }
  });
});
