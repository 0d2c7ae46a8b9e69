import { describe, expect, it } from 'vitest';
import { describeConfig } from './describe.js';
import { loadConfig } from './load.js';
import { maskConfig } from './mask.js';
import type { Config } from './schema.js';

const CANARY = 'canary-2c91';

async function load(text: string): Promise<Config> {
  const outcome = await loadConfig({ text, env: { KEY: CANARY }, cwd: '/' });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  return outcome.loaded.config;
}

const FULL = `models:
  a: { aliases: [b], upstream_model: A/a, restricted: true, replicas: [{ url: http://10.0.0.1/v1, api_key: "\${KEY}" }], paths: { /v1/x: http://10.0.0.2/x } }
  "*": { replicas: [{ url: http://10.0.0.3 }] }
upstreams: [{ url: http://10.0.0.4, api_key: "\${KEY}" }]
default_model: a
unknown_model: default
auth: { local_networks: [10.0.0.0/8] }
keys: { default_expires: 30d, max_lifetime: 1y, require: [owner] }
limits: { requests_per_minute: 60, models: { a: { gpu_seconds_per_day: 1 } } }
owners: { alice: { input_tokens_per_month: 5, concurrent_requests: 3 }, bob: {} }
audit: { retention_days: null }`;

describe('the effective configuration', () => {
  it('is shown with stars in place of every secret', async () => {
    const shown = JSON.stringify(maskConfig(await load(FULL)));
    expect(shown.match(/"\*{8}"/g)).toHaveLength(2);
    expect(shown).not.toContain(CANARY);
  });

  it('can be written to a file and loaded again', async () => {
    const config = await load(FULL);
    const again = await load(JSON.stringify(maskConfig(config)));
    expect(maskConfig(again)).toEqual(maskConfig(config));
  });

  it('says of every listener whose API it serves', async () => {
    const profiles = ['authkeys', 'orchestra', 'skyserve', 'llama-stack', 'openai'];
    const listeners = profiles.map((profile, at) => ({ listen: `127.0.0.1:${4000 + at}`, profile }));
    const sentences = describeConfig(await load(JSON.stringify({ listeners })));
    expect(sentences.slice(0, profiles.length).map((one) => one.replace(/^.* serves /, ''))).toEqual([
      'the API of AuthKeys.',
      'the API of Orchestra.',
      'the API of SkyServe.',
      'the API of Llama Stack.',
      'the inference API.',
    ]);
  });

  it('is described in sentences without a secret', async () => {
    const sentences = describeConfig(await load(FULL));
    expect(sentences.join('\n')).not.toContain(CANARY);
    expect(sentences).toEqual([
      'Listens on 127.0.0.1:5390 without TLS and serves the inference API, the admin API and metrics.',
      'Offers the models that http://10.0.0.4 lists, with its key.',
      'Serves a, also as b from http://10.0.0.1, with its key under the name A/a; only for keys that name it; /v1/x goes to http://10.0.0.2/x.',
      'Passes any other model name on to http://10.0.0.3.',
      'Bodies without a model go to a.',
      'Names nobody serves are answered by a.',
      'Every request needs a key, except from 10.0.0.0/8, where clients may do infer.',
      'An address that sends 20 wrong keys in a minute gets 429.',
      'New keys may do infer and expire after 30d unless told otherwise and at the latest after 1y.',
      'A new key must be given owner.',
      'A key without limits of its own may have at most 60 requests a minute.',
      'All keys of alice together may have at most 5 input tokens a month, 3 concurrent requests.',
      'All callers of a together may have at most 1 gpu seconds a day.',
      'Keeps the audit trail for ever, the request log for 30 days and the ledger of what was used for 400 days; never prompts or answers.',
      'On SIGTERM lets running answers go on for up to 300 seconds.',
    ]);
  });

  it('of an empty file says that it looks for model servers', async () => {
    expect(describeConfig(await load(''))).toContain(
      'Looks for model servers on the usual ports of this machine and offers their models.',
    );
  });
});
