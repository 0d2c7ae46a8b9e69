import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeBlock } from '../test/support/free-ports.js';
import { answers } from './answers.js';
import { MEASURED_CORE, pin } from './role.js';

export interface Anchor {
  pid: number;
  port: number;
  version: string;
  stop(): Promise<void>;
}

/** nginx as the practical limit: one process, the key checked by a map, kept-alive connections both ways. Null when it is not installed. */
export async function startNginx(backendPort: number, key: string): Promise<Anchor | null> {
  const asked = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  if (asked.status !== 0) return null;
  const dir = await mkdtemp(join(tmpdir(), 'kp-nginx-'));
  const port = await freeBlock();
  await writeFile(join(dir, 'nginx.conf'), configuration({ dir, port, backendPort, key }), { mode: 0o600 });
  const child: ChildProcess = spawn('nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' });
  await answers(port, key);
  pin(child.pid, MEASURED_CORE);
  return {
    pid: child.pid ?? 0,
    port,
    version: /nginx\/([0-9.]+)/.exec(asked.stderr)?.[1] ?? 'unknown',
    async stop() {
      child.kill('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function configuration({
  dir,
  port,
  backendPort,
  key,
}: {
  dir: string;
  port: number;
  backendPort: number;
  key: string;
}): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${dir}/${kind};`,
  );
  return `daemon off;
master_process off;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log crit;
events { worker_connections 4096; }
http {
  access_log off;
${temporary.join('\n')}
  map_hash_bucket_size 256;
  map $http_authorization $allowed { default 0; "Bearer ${key}" 1; }
  upstream backend { server 127.0.0.1:${backendPort}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 100000000;
    location / {
      if ($allowed = 0) { return 401; }
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      client_body_buffer_size 64k;
    }
  }
}
`;
}
