import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.js';

/** The faults of a file, each as `line: sentence`. */
async function faultsOf(text: string): Promise<string[]> {
  const outcome = await loadConfig({ text, env: {}, cwd: '/' });
  return outcome.ok ? [] : outcome.faults.map(({ line, message }) => `${line}: ${message}`);
}

const URL_FORM = 'must be a full http:// or https:// URL, such as http://127.0.0.1:8080';
const PLAIN_IPV4 = 'must write an IPv4 address plainly, such as 127.0.0.1';
const LINK_LOCAL = 'must not be a link-local or metadata address';

describe('URLs of model servers', () => {
  const rows: [url: string, fault: string][] = [
    ['10.0.0.1:8000', URL_FORM],
    ['http:/10.0.0.1', URL_FORM],
    ['file:///etc/passwd', URL_FORM],
    ['gopher://10.0.0.1/', URL_FORM],
    ['unix:/run/x.sock', URL_FORM],
    ['http://', URL_FORM],
    ['http://10.0.0.1\\@evil', URL_FORM],
    ['http://10.0.0.1:99999', URL_FORM],
    ['http://10.0.0.1:0', 'must name a port other than 0'],
    ['http://user:pass@10.0.0.1', 'must not contain a user or password; give the key of the server as `api_key`'],
    ['http://@10.0.0.1', 'must not contain a user or password; give the key of the server as `api_key`'],
    ['http://10.0.0.1/?a=b', 'must not contain a query or fragment'],
    ['http://10.0.0.1/?', 'must not contain a query or fragment'],
    ['http://10.0.0.1/#x', 'must not contain a query or fragment'],
    ['http://169.254.169.254/latest', LINK_LOCAL],
    ['http://2852039166/', LINK_LOCAL],
    ['http://169.254.1.1', LINK_LOCAL],
    ['http://[fe80::1]:8000', LINK_LOCAL],
    ['http://[fd00:ec2::254]', LINK_LOCAL],
    ['http://metadata.google.internal', LINK_LOCAL],
    ['http://METADATA.google.internal./', LINK_LOCAL],
    ['http://100.100.100.200', LINK_LOCAL],
    ['http://[::ffff:169.254.169.254]', PLAIN_IPV4],
    ['http://[::ffff:7f00:1]:8000', PLAIN_IPV4],
    ['http://[64:ff9b::a9fe:a9fe]', PLAIN_IPV4],
    ['http://[2002:a9fe:a9fe::1]', PLAIN_IPV4],
    ['http://2130706433/', PLAIN_IPV4],
    ['http://0x7f.1:8000', PLAIN_IPV4],
    ['http://127.1:8000', PLAIN_IPV4],
    ['http://017700000001', PLAIN_IPV4],
    ['http://10.0.0.01', PLAIN_IPV4],
    ['http://0/', 'must name one machine; write 127.0.0.1 for this one'],
    ['http://0.0.0.0:8000', 'must name one machine; write 127.0.0.1 for this one'],
    ['http://[::]:8000', 'must name one machine; write 127.0.0.1 for this one'],
    ['http://255.255.255.255', 'must name one machine, not a broadcast address'],
    ['http://224.0.0.1', 'must name one machine, not a multicast address'],
    ['http://127.0.0.1:5390', 'leads back to this gateway; name the model server itself'],
    ['http://localhost:5390/v1', 'leads back to this gateway; name the model server itself'],
  ];
  it.each(rows)('refuses %s everywhere', async (url, fault) => {
    const text = `upstreams:\n  - url: ${JSON.stringify(url)}\nmodels:\n  a:\n    replicas:\n      - url: ${JSON.stringify(url)}\n    paths:\n      /v1/x: ${JSON.stringify(url)}`;
    expect(await faultsOf(text)).toEqual([
      `2: \`upstreams[0].url\` ${fault}`,
      `6: \`models.a.replicas[0].url\` ${fault}`,
      expect.stringContaining('8: `models.a.paths."/v1/x"`') as string,
    ]);
  });

  it('refuses the public URL of the gateway itself', async () => {
    expect(
      await faultsOf('public_url: https://llm.example.com/\nupstreams: [{ url: https://llm.example.com/v1 }]'),
    ).toEqual(['2: `upstreams[0].url` leads back to this gateway; name the model server itself']);
  });

  it('refuses any loopback address on the port of a listener on every address', async () => {
    expect(await faultsOf('listen: 0.0.0.0:80\nupstreams: [{ url: http://127.0.0.2 }]')).toEqual([
      '2: `upstreams[0].url` leads back to this gateway; name the model server itself',
    ]);
  });
});
