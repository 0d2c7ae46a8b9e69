import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createProbe } from '../../src/upstream/probe.js';
import type { ProbeFailureKind, ProbeOutcome } from '../../src/replicas/probe.js';
import { startEngine, startHttp, startTcp } from './fake-engines.js';
import { makeCertificate } from './certificate.js';

const BOUNDS = { timeoutMs: 2000, maxBytes: 1000 };

async function failureOf(
  url: string,
  request: { timeoutMs?: number; caFile?: string; anyCertificate?: boolean; headers?: Record<string, string> } = {},
): Promise<ProbeFailureKind | number> {
  const outcome: ProbeOutcome = await createProbe().get(url, { ...BOUNDS, ...request });
  return outcome.ok ? outcome.status : outcome.kind;
}

async function startTls(): Promise<{ port: number; certFile: string }> {
  const { cert, key } = makeCertificate('localhost', 2);
  const certFile = join(mkdtempSync(join(tmpdir(), 'keyporter-tls-')), 'cert.pem');
  writeFileSync(certFile, cert);
  const server = createTlsServer({ cert, key }, (_, response) => response.end('{}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, certFile };
}

describe('a probe', () => {
  it('brings back status, headers and body', async () => {
    const engine = await startEngine({ '/v1/models': { data: [] } }, { headers: { server: 'llama.cpp' } });
    const outcome = await createProbe().get(`${engine.url}/v1/models`, BOUNDS);
    expect(outcome).toMatchObject({ ok: true, status: 200, headers: { server: 'llama.cpp' } });
    expect(outcome.ok && outcome.body.toString()).toBe('{"data":[]}');
  });

  it('asks for an uncompressed answer and refuses a compressed one without unpacking it', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const engine = await startHttp((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    expect(await failureOf(engine.url)).toBe('encoded');
    expect(engine.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  it('does not follow a redirect', async () => {
    const other = await startEngine({ '/': {} });
    const engine = await startHttp((_, response) => response.writeHead(307, { location: other.url }).end());
    expect(await failureOf(engine.url, { headers: { authorization: 'Bearer secret' } })).toBe(307);
    expect(other.seen).toEqual([]);
  });

  it.each<[string, (kind: string) => Promise<string>, ProbeFailureKind]>([
    [
      'nothing listens',
      async () => {
        const fake = await startEngine({});
        await fake.stop();
        return fake.url;
      },
      'refused',
    ],
    [
      'the body is longer than the bound',
      async () => (await startHttp((_, response) => response.end('x'.repeat(1001)))).url,
      'too_large',
    ],
    [
      'the body never ends',
      async () =>
        (
          await startHttp((_, response) => {
            const more = (): void => {
              while (response.write('x'.repeat(100)));
            };
            response.on('drain', more);
            more();
          })
        ).url,
      'too_large',
    ],
    [
      'the head is larger than a head can be',
      async () =>
        (await startTcp((socket) => socket.write(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(40_000)}\r\n\r\n`))).url,
      'not_http',
    ],
    [
      'it speaks something else',
      async () => (await startTcp((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')))).url,
      'not_http',
    ],
    ['it hangs up', async () => (await startTcp((socket) => socket.destroy())).url, 'broken'],
    [
      'the answer breaks off',
      async () => (await startTcp((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'))).url,
      'broken',
    ],
    ['the URL is no URL', async () => 'http://', 'unusable'],
    ['the scheme is another', async () => 'file:///etc/passwd', 'unusable'],
    ['it is a metadata address', async () => 'http://169.254.169.254/latest', 'forbidden'],
    ['it is a metadata address in IPv6 clothes', async () => 'http://[::ffff:169.254.169.254]/', 'forbidden'],
    ['the name does not resolve', async () => 'http://nothing.invalid/', 'unknown_name'],
  ])('tells when %s', async (_, start, kind) => {
    expect(await failureOf(await start(kind))).toBe(kind);
  });

  it.each<[string, Parameters<typeof startTcp>[0]]>([
    ['a server that accepts and says nothing', () => {}],
    [
      'a server that drips its head',
      (socket) => {
        const drip = setInterval(() => socket.write('x'), 20);
        socket.write('HTTP/1.1 200 OK\r\nx-a: ');
        socket.on('close', () => clearInterval(drip));
      },
    ],
    [
      'a server that sends only interim answers',
      (socket) => {
        const drip = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 10);
        socket.on('close', () => clearInterval(drip));
      },
    ],
  ])('gives up in time on %s', async (_, serve) => {
    const engine = await startTcp(serve);
    const begin = performance.now();
    expect(await failureOf(engine.url, { timeoutMs: 300 })).toBe('timeout');
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  it('tells TLS on a plain port from a plain server on a TLS port', async () => {
    const { port } = await startTls();
    const plain = await startEngine({});
    expect(['not_http', 'broken']).toContain(await failureOf(`http://127.0.0.1:${port}/`));
    expect(await failureOf(plain.url.replace('http:', 'https:'))).toBe('not_tls');
  });

  it('trusts a certificate only with the CA file that vouches for it', async () => {
    const { port, certFile } = await startTls();
    const url = `https://localhost:${port}/`;
    expect(await failureOf(url)).toBe('certificate');
    expect(await failureOf(url, { caFile: certFile })).toBe(200);
    expect(await failureOf(url, { caFile: join(tmpdir(), 'no-such-file.pem') })).toBe('certificate');
    expect(await failureOf(`https://127.0.0.1:${port}/`, { caFile: certFile })).toBe('certificate');
  });

  it('accepts any certificate only when no credential goes along', async () => {
    const { port } = await startTls();
    const url = `https://127.0.0.1:${port}/`;
    expect(await failureOf(url, { anyCertificate: true })).toBe(200);
    expect(await failureOf(url, { anyCertificate: true, headers: { Authorization: 'Bearer secret' } })).toBe(
      'unusable',
    );
  });

  it('breaks off what runs when it is closed, and asks nothing more', async () => {
    const engine = await startTcp(() => {});
    const probe = createProbe();
    const running = probe.get(engine.url, { timeoutMs: 60_000, maxBytes: 1 });
    await probe.close();
    expect((await running).ok).toBe(false);
    expect(await probe.get(engine.url, BOUNDS)).toMatchObject({ ok: false, kind: 'unusable' });
  });
});
