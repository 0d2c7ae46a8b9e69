import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from '../replicas/certificate.js';
import { startTestGateway, type TestGateway } from '../support/start-gateway.js';
import { linkSecret } from './ui-browser.js';

let folder: string;
let gateway: TestGateway;
let ca: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kp-'));
  const { cert, key } = makeCertificate('keys.example.com', 30);
  ca = cert;
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
  gateway = await startTestGateway({ tls: { cert_file: certFile, key_file: keyFile } });
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  status: number;
  cookie: string;
}

function send(method: string, headers: Record<string, string>, body = ''): Promise<Answer> {
  const { port } = new URL(gateway.url);
  const host = `keys.example.com:${port}`;
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        servername: 'keys.example.com',
        ca,
        method,
        path: '/admin/v1/session',
        headers: { host, ...headers },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, cookie: answer.headers['set-cookie']?.[0] ?? '' }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

async function signIn(origin: string): Promise<Answer> {
  const link = linkSecret((await gateway.admin.must('POST', '/session/links'))['url']);
  const headers = { origin, 'x-keyporter-ui': '1', 'content-type': 'application/json' };
  return send('POST', headers, JSON.stringify({ link }));
}

const page = (scheme = 'https'): string => `${scheme}://keys.example.com:${new URL(gateway.url).port}`;

describe('over TLS', () => {
  it('the cookie bears the name that only a site over TLS can set, and is never sent in the clear', async () => {
    const { status, cookie } = await signIn(page());
    expect(status).toBe(201);
    expect(cookie).toMatch(/^__Host-keyporter_session=[\w-]{43}; Path=\/; .*SameSite=Strict; Secure$/);
    expect((await send('GET', { cookie: cookie.split(';')[0] ?? '' })).status).toBe(200);
  });

  it('a cookie of the other name, as a site in the clear could plant it, counts for nothing', async () => {
    const { cookie } = await signIn(page());
    const planted = (cookie.split(';')[0] ?? '').replace('__Host-', '');
    expect((await send('GET', { cookie: planted })).status).toBe(401);
  });

  it('a page in the clear under the same name is another site', async () => {
    expect((await signIn(page('http'))).status).toBe(403);
  });
});
