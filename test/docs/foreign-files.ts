import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSqlite } from '../../src/storage/sqlite/driver.js';

const TOKEN = 'dGhpcyBpcyBhIHRva2VuIG9mIHRoZSBvbGQgc3lzdGVt4';

const SERVICE = `service:
  readiness_probe:
    path: /v1/models
    headers: { Authorization: Bearer $AUTH_TOKEN }
  replicas: 1
envs: { MODEL_NAME: qwen3, AUTH_TOKEN: '' }
resources: { ports: 8000 }
run: vllm serve $MODEL_NAME --host 0.0.0.0 --port 8000
`;

/** Files of other systems that the documents name, with something in each. */
export async function writeForeignFiles(place: string, upstreamUrl: string): Promise<void> {
  await writeFile(
    join(place, 'config.ini'),
    `[APP]\nhost = 127.0.0.1\nport = 5001\n[DB]\ndb_name = authwall.db\nroot_token = root\n[INFER]\nv1 = ${upstreamUrl}/v1\ncompletions = ${upstreamUrl}/v1/chat/completions\n`,
  );
  await writeFile(
    join(place, 'api_keys.json'),
    JSON.stringify({ auth_enabled: true, valid_keys: [TOKEN], local_networks: [] }),
    { mode: 0o600 },
  );
  const database = openSqlite(join(place, 'authwall.db'), { file: 'new', journal: 'plain' });
  database.exec(
    'CREATE TABLE tokens (token TEXT PRIMARY KEY, scope TEXT NOT NULL, created_at INTEGER NOT NULL, expired_at INTEGER)',
  );
  database.prepare('INSERT INTO tokens VALUES (?, ?, ?, ?)').run(TOKEN, 'infer', 1_700_000_000, null);
  database.close();
  await writeFile(join(place, 'auth.yaml'), SERVICE);
}
