import { afterAll, describe, expect, test } from 'vitest';
import { send, wellFormed } from '../support/hostile-row.js';
import { startWorld } from '../support/start-gateway.js';

const PROXY = '127.0.0.9';
const world = await startWorld({ trusted_proxies: [`${PROXY}/32`] });
afterAll(() => world.close());

const ask = async (key: string, from: string, ...headers: string[]): Promise<number> =>
  (await send(world, wellFormed(key, { method: 'GET', path: '/v1/models', body: '', headers }), from)).status;

const CLAIMS = [
  'X-Forwarded-For: 127.0.0.3',
  'X-Real-IP: 127.0.0.3',
  'Forwarded: for=127.0.0.3',
  'True-Client-IP: 127.0.0.3',
  'CF-Connecting-IP: 127.0.0.3',
  'X-Client-IP: 127.0.0.3',
];

describe.runIf(process.platform === 'linux')(
  'A-HD-06 an address is who connects, not what is claimed (needs Linux, for more than one loopback address)',
  () => {
    test('a key bound to an address works from there and from nowhere else', async () => {
      const { key } = await world.admin.createKey({ allow_ips: ['127.0.0.3/32'] });
      expect([await ask(key, '127.0.0.3'), await ask(key, '127.0.0.4')]).toEqual([200, 401]);
    });

    test.each(CLAIMS)('an untrusted peer cannot claim to be the address with "%s"', async (header) => {
      const { key } = await world.admin.createKey({ allow_ips: ['127.0.0.3/32'] });
      expect(await ask(key, '127.0.0.4', header)).toBe(401);
    });

    test.each(CLAIMS)('an untrusted peer is not thrown out of its own address by "%s"', async (header) => {
      const { key } = await world.admin.createKey({ allow_ips: ['127.0.0.5/32'] });
      expect(await ask(key, '127.0.0.5', header)).toBe(200);
    });

    const written = [
      'for=127.0.0.3;host="a, for=127.0.0.8"',
      'for=127.0.0.8, for="127.0.0.3:4711";host="a;for=127.0.0.8"',
      'for=127.0.0.8;host="\\", for=127.0.0.8", FOR="127.0.0.3"',
    ];
    test.each(written)('Forwarded is read with its quotes: the address in "%s" is 127.0.0.3', async (value) => {
      const [right, wrong] = [
        await world.admin.createKey({ allow_ips: ['127.0.0.3/32'] }),
        await world.admin.createKey({ allow_ips: ['127.0.0.8/32'] }),
      ];
      expect(await ask(right.key, PROXY, `Forwarded: ${value}`)).toBe(200);
      expect(await ask(wrong.key, PROXY, `Forwarded: ${value}`)).toBe(401);
    });

    test('a quote that never ends makes nobody believed', async () => {
      const { key } = await world.admin.createKey({ allow_ips: ['127.0.0.3/32'] });
      expect(await ask(key, PROXY, 'Forwarded: for=127.0.0.3;host="')).toBe(401);
      expect(await ask(key, PROXY, 'Forwarded: for=10.0.0.1;host=", for=127.0.0.3')).toBe(401);
    });

    const odd = [
      '127.0.0.3, 10.0.0.1',
      '::ffff:127.0.0.3, 10.0.0.1',
      '127.3, 10.0.0.1',
      '0x7f000003',
      '[::1]:80',
      'fe80::1%lo',
      ', ,',
      '',
      'x'.repeat(10_000),
      'unknown',
      '127.0.0.3 127.0.0.3',
      '<script>',
    ];
    test.each(odd)(
      'a trusted proxy that passes on a spoofed or odd list does not let the address in: "%.30s"',
      async (list) => {
        const { key } = await world.admin.createKey({ allow_ips: ['127.0.0.3/32'] });
        expect([400, 401]).toContain(await ask(key, PROXY, `X-Forwarded-For: ${list}`));
      },
    );
  },
);

describe.runIf(process.platform === 'linux')(
  'the request log names the address (needs Linux, for more than one loopback address)',
  () => {
    test('of the socket for an untrusted peer, whatever it claims', async () => {
      await ask(world.key, '127.0.0.6', 'X-Forwarded-For: 10.66.66.66');
      const log = await world.admin.call('GET', '/requests?limit=50');
      expect(log.text).not.toContain('10.66.66.66');
      expect(log.text).toContain('127.0.0.6');
    });
  },
);

describe('a network that needs no key', () => {
  const FORWARDING = [
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-User: alice',
    'X-Forwarded-Prefix: /models',
    'X-Forwarded-Ssl: on',
    'X-Original-Forwarded-For: 10.0.0.1',
    'X-Cluster-Client-IP: 10.0.0.1',
    'X-Envoy-External-Address: 10.0.0.1',
    'Fastly-Client-IP: 10.0.0.1',
    'Forwarded: for=127.0.0.1',
    'Via: 1.1 proxy',
  ];

  test('is void for whoever comes through something that forwards, however that shows', async () => {
    const open = await startWorld({ auth: { local_networks: ['127.0.0.1/32'] } });
    try {
      const models = async (...headers: string[]): Promise<number> =>
        (await send(open, wellFormed('', { method: 'GET', path: '/v1/models', body: '', headers }), '127.0.0.1'))
          .status;
      expect(await models()).toBe(200);
      for (const header of FORWARDING) expect([header, await models(header)]).toEqual([header, 401]);
    } finally {
      await open.close();
    }
  });
});
