import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import type { ImportedBody } from '../admin/contract-import.js';
import type { KeyListBody } from '../admin/contract-key.js';
import { systemClock, unixSeconds } from '../core/clock.js';
import type { RunningGateway } from '../gateway.js';
import { runningGateway } from '../storage/data-directory.js';
import { ask, segment, withQuery } from './ask.js';
import { connectSocket, type AdminClient } from './client.js';
import { Failure } from './failure.js';
import type { Invocation } from './invocation.js';
import { moment, printable } from './printable.js';
import type { ServeOptions } from './serve-options.js';
import type { PreparedTask } from './skyserve.js';
import { writeServiceRecord } from './skyserve-record.js';

const SHARED_NAME = 'legacy-shared';
/** The shared key is a bridge: by then every client has a key of its own. */
const SHARED_DAYS = 90;
const LABEL = 'service';

/** Says what will be served, and runs the section `setup` if that was asked for. */
export async function beforeReplicas({ io, options, globals }: Invocation, service: PreparedTask): Promise<void> {
  const { setup: wanted = false }: ServeOptions = options;
  if (!globals.json) {
    const notes = service.notes.map((note) => `Note: ${note}`);
    const lines = [`Service from YAML spec: ${service.file}`, ...service.specification, ...notes];
    io.out(`${lines.map(printable).join('\n')}\n`);
  }
  if (service.setup === null) return;
  if (wanted) await runSetup(service, service.setup, io.env);
  else if (!globals.json)
    io.out('Note: The setup section was not run. Add --setup to run it before the first replica.\n');
}

function runSetup(
  service: PreparedTask,
  setup: NonNullable<PreparedTask['setup']>,
  env: Invocation['io']['env'],
): Promise<void> {
  const { PATH, HOME, LANG } = env;
  const child = spawn('bash', ['-c', setup.text], {
    cwd: resolve(dirname(service.file), setup.directory),
    env: { PATH, HOME, LANG, ...setup.variables },
    stdio: ['ignore', 2, 2],
  });
  return new Promise((done, failed) => {
    child.once('error', (cause) =>
      failed(new Failure(`The setup section could not be run: ${cause.message}.`, { cause })),
    );
    child.once('exit', (code) => {
      if (code === 0) done();
      else
        failed(new Failure(`The setup section ended with exit code ${code ?? 'of a signal'}, so nothing was started.`));
    });
  });
}

/** Takes over the clients' key, and tells where the service is. */
export async function afterStart(
  invocation: Invocation,
  service: PreparedTask,
  started: { gateway: RunningGateway; dataDir: string },
): Promise<void> {
  const { io, globals } = invocation;
  const { gateway, dataDir } = started;
  const endsAt = await importSharedKey(service, dataDir);
  const url = gateway.listeners[0]?.url ?? gateway.url;
  await writeServiceRecord(dataDir, { name: service.name, pid: process.pid, url });
  if (globals.json) return;
  if (endsAt !== null)
    io.out(
      `\nThe clients' key works as the key ${SHARED_NAME} until ${moment(endsAt)} UTC. Give each client a key of its own: keyporter keys create --name NAME\n`,
    );
  io.out(
    [
      `\nService name: ${printable(service.name)}`,
      `Endpoint URL: ${url}`,
      'Useful commands:',
      `  To see the endpoint:    keyporter status --endpoint ${service.name}`,
      '  To see the replicas:    keyporter replicas list',
      '  To read a log:          keyporter replicas logs ID',
      '  To stop the service:    keyporter stop',
      '',
    ].join('\n'),
  );
}

/** Answers when the shared key ends, Unix seconds; null when there is none. A shared key of an earlier start that is another one is switched off. */
async function importSharedKey(service: PreparedTask, dataDir: string): Promise<number | null> {
  const running = await runningGateway(dataDir);
  const secret = service.sharedKey?.reveal() ?? '';
  // A key of Keyporter's own making is one of the store already, or none at all.
  if (secret === '' || /^(sk-)?kp_/.test(secret) || running === null) return null;
  const client = connectSocket(running, dataDir);
  const expiresAt = unixSeconds(systemClock) + SHARED_DAYS * 86_400;
  const key = {
    name: SHARED_NAME,
    scopes: ['infer'],
    labels: { [LABEL]: service.name },
    expires_at: expiresAt,
    secret,
  };
  const { body } = await ask<ImportedBody>(client, '/admin/v1/keys/import', { method: 'POST', body: { keys: [key] } });
  return switchOthersOff(client, service.name, body.data[0]?.id ?? '');
}

async function switchOthersOff(client: AdminClient, service: string, id: string): Promise<number | null> {
  const path = withQuery('/admin/v1/keys', { label: `${LABEL}=${service}`, limit: 1000 });
  const { data } = (await ask<KeyListBody>(client, path)).body;
  for (const key of data) {
    if (key.id !== id && key.name === SHARED_NAME && key.state === 'active')
      await ask(client, `/admin/v1/keys/${segment(key.id)}/disable`, { method: 'POST' });
  }
  return data.find((key) => key.id === id)?.expires_at ?? null;
}
