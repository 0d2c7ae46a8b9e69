import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeBlock } from '../../support/free-ports.js';
import { ask } from './verify-world.js';

/** The program behind the proxy, with the headers of every request that got through. */
export interface Page {
  port: number;
  reached: IncomingHttpHeaders[];
  close(): Promise<void>;
}

export async function startPage(): Promise<Page> {
  const reached: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    reached.push(request.headers);
    request.resume();
    response.end('the page');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    reached,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A real proxy as a child process. */
export interface Proxy {
  url: string;
  stop(): Promise<void>;
}

interface ProxyStart {
  command: string;
  args(directory: string): string[];
  file: string;
  text(at: { directory: string; port: number }): string;
}

async function startProxy({ command, args, file, text }: ProxyStart): Promise<Proxy> {
  const directory = await mkdtemp(join(tmpdir(), 'kp-proxy-'));
  const port = await freeBlock();
  await writeFile(join(directory, file), text({ directory, port }));
  const said: string[] = [];
  const child: ChildProcess = spawn(command, args(directory), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: directory },
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stderr?.on('data', (piece: Buffer) => said.push(piece.toString()));
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await gone;
    await rm(directory, { recursive: true, force: true });
  };
  await Promise.race([
    answers(url),
    gone.then(() => Promise.reject(new Error(`${command} did not start: ${said.join('')}`))),
  ]);
  return { url, stop };
}

/** A child process tells nobody when it listens: it is asked until it answers. */
async function answers(url: string): Promise<void> {
  for (;;) {
    const answer = await ask(`${url}/`).catch(() => null);
    if (answer !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** nginx whose `server` block holds these lines. */
export function startNginx(lines: string): Promise<Proxy> {
  return startProxy({
    command: 'nginx',
    args: (directory) => ['-p', directory, '-c', join(directory, 'nginx.conf')],
    file: 'nginx.conf',
    text: ({ directory, port }) => `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr crit;
events { worker_connections 256; }
http {
  access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${directory}/${kind};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
${lines}
  }
}
`,
  });
}

/** Caddy whose one site holds these lines. */
export function startCaddy(lines: string): Promise<Proxy> {
  return startProxy({
    command: 'caddy',
    args: (directory) => ['run', '--config', join(directory, 'Caddyfile'), '--adapter', 'caddyfile'],
    file: 'Caddyfile',
    text: ({ port }) => `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
${lines}
}
`,
  });
}
