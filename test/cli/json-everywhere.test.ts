import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOWHERE } from '../../scripts/cli-manual.js';
import { listCommands } from '../../src/cli/command-tree.js';
import { buildProgram } from '../../src/cli/program.js';
import { CliWorld, type Running } from './cli-world.js';

const KEY = 'the-key';

/** Arguments with which each command has something to say; null = it is said why elsewhere. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  serve: [],
  check: [],
  'config schema': [],
  'config show': [],
  status: [],
  doctor: [],
  backup: ['copy.db'],
  restore: ['nothing.db'],
  'migrate status': [],
  'migrate up': [],
  openapi: [],
  completion: ['bash'],
  ui: [],
  'keys create': ['--name', 'other'],
  'keys derive': [KEY, '--name', 'child'],
  'keys list': [],
  'keys show': [KEY],
  'keys update': [KEY, '--name', 'renamed'],
  'keys disable': [KEY],
  'keys enable': [KEY],
  'keys rotate': [KEY],
  'keys scan': ['.'],
  'owners list': [],
  'owners set': ['alice', '--limit', 'requests_per_day=5'],
  'owners disable': ['alice'],
  'owners enable': ['alice'],
  'callers list': [],
  'callers block': ['jwt:alice'],
  'callers unblock': ['jwt:alice'],
  me: [],
  'me rotate': [],
  'me derive': ['--name', 'agent'],
  'me revoke': [],
  explain: ['POST', '/v1/chat/completions', '--id', KEY],
  requests: [],
  streams: [],
  'streams end': ['req_none'],
  'audit list': [],
  'audit verify': [],
  'audit export': [],
  usage: [],
  'usage replay': ['--limit', 'requests_per_day=1'],
  'replicas list': [],
  'replicas drain': ['nobody'],
  'replicas resume': ['nobody'],
  'replicas restart': ['nobody'],
  'replicas logs': ['nobody'],
  import: ['api_keys.json'],
  'compat orchestra list': [],
  'compat orchestra add': ['-'],
  'compat orchestra remove': ['-'],
  'compat orchestra generate': [],
  'compat orchestra toggle-auth': [],
  'keys revoke': [KEY, '--yes'],
  stop: [],
};

const declared = listCommands(buildProgram(NOWHERE, () => undefined))
  .filter(({ words, next }) => next.length === 0 || ['me', 'streams', 'usage'].includes(words.join(' ')))
  .map(({ words }) => words.join(' '))
  .filter((name) => name !== '');

describe('--json', () => {
  let world: CliWorld;
  let gateway: Running & { url: string };
  let id: string;
  let secret: string;

  beforeAll(async () => {
    world = await CliWorld.make();
    const keyFile = { valid_keys: [], require_auth_for_external: true, local_networks: [] };
    await writeFile(join(world.home, 'api_keys.json'), JSON.stringify(keyFile), { mode: 0o600 });
    gateway = await world.serve();
    const made = await world.here(['keys', 'create', '--name', 'laptop', '--owner', 'alice', '--json']);
    ({ id, key: secret } = made.json() as { id: string; key: string });
  });

  afterAll(async () => {
    gateway.signal('SIGTERM');
    await gateway.ended;
    await world.remove();
  });

  it('is tried with every command there is', () => {
    expect(Object.keys(ARGUMENTS).toSorted()).toEqual(declared.toSorted());
  });

  it.each(Object.keys(ARGUMENTS))('%s prints JSON and nothing else', async (name) => {
    const args = (ARGUMENTS[name] ?? []).map((word) => (word === KEY ? id : word));
    const env = name.startsWith('me') ? { KEYPORTER_KEY: secret, KEYPORTER_URL: gateway.url } : {};
    const place = name.startsWith('me') ? [] : ['--data-dir', world.dataDir];
    const outcome = await world.run([...name.split(' '), ...args, '--json', ...place], {
      env,
      input: 'a-key-of-22-characters-or-so',
    });
    if (outcome.code !== 0 && outcome.out === '')
      expect(JSON.parse(outcome.err)).toMatchObject({ detail: expect.any(String) });
    else expect(() => pieces(outcome.out).map((text) => JSON.parse(text) as unknown), outcome.out).not.toThrow();
  });
});

/** One document, or one a line. */
function pieces(out: string): string[] {
  try {
    JSON.parse(out);
    return [out];
  } catch {
    return out.trim().split('\n');
  }
}
