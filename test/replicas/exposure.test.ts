import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { findExposed } from '../../src/replicas/exposure.js';
import { publicAddresses, type Interfaces } from '../../src/replicas/machine.js';
import type { EngineName } from '../../src/replicas/model.js';
import { createProbe } from '../../src/upstream/probe.js';
import {
  list,
  llamaCpp,
  ollama,
  sglang,
  startEngine,
  startTcp,
  vllm,
  type EngineOptions,
  type Fake,
} from './fake-engines.js';

/**
 * An address of this machine that is not loopback. A machine without one still has all of 127.0.0.0/8,
 * but those never count as public; the tests then have nothing to show.
 */
const [address] = publicAddresses(networkInterfaces()).filter((own) => !own.includes(':'));
const OPEN: EngineOptions = { host: '0.0.0.0' };

async function exposedBy(fake: Fake, engine: EngineName = 'unknown') {
  return findExposed([{ url: fake.url, engine }], createProbe(), networkInterfaces());
}

function interfacesWith(...addresses: string[]): Interfaces {
  return {
    eth0: addresses.map(
      (own) =>
        ({
          address: own,
          netmask: '',
          family: own.includes(':') ? 'IPv6' : 'IPv4',
          mac: '',
          internal: false,
          cidr: null,
          scopeid: 0,
        }) as never,
    ),
  };
}

describe.skipIf(address === undefined)('an engine on this machine', () => {
  it.each<[EngineName, (options: EngineOptions) => Promise<Fake>, string]>([
    ['llama.cpp', llamaCpp, '--host 127.0.0.1'],
    ['vllm', vllm, '--host 127.0.0.1'],
    ['sglang', sglang, '--host 127.0.0.1'],
    ['ollama', ollama, 'OLLAMA_HOST=127.0.0.1'],
    [
      'lmstudio',
      (options) =>
        startEngine(
          { '/v1/models': list('organization_owner', 'm') },
          { ...options, unknown: { status: 200, body: { error: 'Unexpected endpoint' } } },
        ),
      '"Serve on Local Network" off',
    ],
  ])('that answers everyone is named with its cure: %s', async (engine, start, cure) => {
    const fake = await start(OPEN);
    const [exposed, ...others] = await exposedBy(fake, engine);
    expect(others).toEqual([]);
    expect(exposed?.openAt).toContain(`http://${address}:${fake.port}`);
    expect(exposed?.finding).toContain(`answers without a key at http://${address}:${fake.port}`);
    expect(exposed?.cure).toContain(cure);
  });

  it('is asked without any credential', async () => {
    const fake = await vllm(OPEN);
    await exposedBy(fake, 'vllm');
    expect(fake.seen.length).toBeGreaterThan(0);
    expect(fake.seen.every(({ headers, method }) => headers.authorization === undefined && method === 'GET')).toBe(
      true,
    );
  });

  it.each<[string, () => Promise<Fake>]>([
    ['listens on loopback alone', () => vllm()],
    ['wants a key', () => vllm({ ...OPEN, key: 'k' })],
    ['shows its list to everyone and wants a key for the rest', () => llamaCpp({ ...OPEN, key: 'k' })],
    ['is no model server', () => startEngine({}, OPEN)],
    ['says nothing', () => startTcp(() => {})],
  ])('that %s is not named', async (_, start) => {
    expect(await exposedBy(await start())).toEqual([]);
  });

  it('is found under a name, and under its own public address', async () => {
    const fake = await vllm(OPEN);
    const servers = [
      `http://localhost:${fake.port}`,
      `http://${address}:${fake.port}`,
      `http://localhost:${fake.port}`,
    ].map((url) => ({ url, engine: 'vllm' as const }));
    expect((await findExposed(servers, createProbe(), networkInterfaces())).map(({ url }) => url)).toEqual([
      servers[0]?.url,
      servers[1]?.url,
    ]);
  });
});

describe('only this machine is asked', () => {
  it('a server elsewhere is left alone', async () => {
    const fake = await vllm({ host: '127.0.0.2' });
    const elsewhere = [{ url: 'http://192.0.2.200:8000', engine: 'vllm' as const }];
    expect(await findExposed(elsewhere, createProbe(), interfacesWith('127.0.0.2'))).toEqual([]);
    expect(fake.seen).toEqual([]);
  });

  it('loopback and link-local addresses are not public', () => {
    expect(
      publicAddresses(
        interfacesWith('127.0.0.1', '127.9.9.9', '::1', 'fe80::1', '169.254.3.4', '10.0.0.1', '2001:db8::1'),
      ),
    ).toEqual(['10.0.0.1', '2001:db8::1']);
  });
});
