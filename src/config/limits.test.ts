import { describe, expect, it } from 'vitest';
import type { LimitSettings } from '../core/limits.js';
import { loadConfig, type LoadedConfig } from './load.js';

const ONE_MODEL = 'models: { qwen3: { aliases: [gpt], replicas: [{ url: http://10.0.0.5:8000 }] } }\n';

async function loaded(text: string): Promise<LoadedConfig> {
  const outcome = await loadConfig({ text, env: {}, cwd: '/' });
  if (!outcome.ok) throw new Error(outcome.faults.map(({ message }) => message).join('\n'));
  return outcome.loaded;
}

async function faultsOf(text: string): Promise<string[]> {
  const outcome = await loadConfig({ text, env: {}, cwd: '/' });
  return outcome.ok ? [] : outcome.faults.map(({ message }) => message);
}

describe('limits in the configuration', () => {
  it('bind nobody unless they are written, and have their defaults for the queue', async () => {
    const { limits, owners } = (await loaded('')).config;
    const { models, ...all } = limits;
    const settings: LimitSettings = all;
    expect({ models, owners }).toEqual({ models: {}, owners: {} });
    expect(settings).toMatchObject({ default_output_tokens: 1024, weight: 1, priority: 'normal' });
    expect(Object.values(settings).filter((value) => value === null)).toHaveLength(11);
  });

  it('of an owner or a model have exactly the members that were written, null among them', async () => {
    const text = `${ONE_MODEL}owners: { alice: { tokens_per_day: 5, weight: 3, requests_per_day: null }, bob: {} }
limits: { models: { qwen3: { concurrent_requests: 4, default_output_tokens: 64 } } }`;
    const { config, warnings } = await loaded(text);
    const ofAlice: LimitSettings | undefined = config.owners['alice'];
    const ofModel: LimitSettings | undefined = config.limits.models['qwen3'];
    expect(ofAlice).toEqual({ tokens_per_day: 5, weight: 3, requests_per_day: null });
    expect(config.owners['bob']).toEqual({});
    expect(ofModel).toEqual({ concurrent_requests: 4, default_output_tokens: 64 });
    expect(warnings).toEqual([]);
  });

  it.each([
    ['limits: { requests_per_minute: 0 }', '`limits.requests_per_minute` must be a whole number from 1 to 1000000000'],
    ['limits: { tokens_per_dya: 5 }', 'unknown member `tokens_per_dya` in `limits`; did you mean `tokens_per_day`?'],
    ['limits: { weight: 1001 }', '`limits.weight` must be a whole number from 1 to 1000'],
    ['limits: { priority: hihg }', '`limits.priority` must be `high`, `normal` or `low`; did you mean `high`?'],
    ['owners: { a: { gpu_seconds_per_day: 1.5 } }', 'must be a whole number from 1 to 1000000000'],
    ['owners: { a: { weight: null } }', '`owners.a.weight` must be a whole number from 1 to 1000'],
    ['limits: { models: { m: { weight: 2 } } }', 'unknown member `weight` in `limits.models.m`'],
    ['limits: { models: { "*": { weight: 2 } } }', 'unknown member `weight`'],
    ['limits: { models: { "*": { tokens_per_day: 2 } } }', 'binds no model'],
    ['usage: { ledger_days: 0 }', '`usage.ledger_days` must be a whole number from 1 to 3650 (days)'],
  ])('that cannot be meant are refused with a sentence: %s', async (text, sentence) => {
    expect((await faultsOf(text)).join('\n')).toContain(sentence);
  });

  it('of a model nobody can reach by that name are named at start', async () => {
    const limits = 'limits: { models: { gpt: { tokens_per_day: 5 }, other: { tokens_per_day: 5 } } }';
    expect((await loaded(`${ONE_MODEL}${limits}`)).warnings).toEqual([
      'limits.models has gpt, an alias: it binds nobody. Write these limits under qwen3.',
      'limits.models has other, which no entry of models is named: it binds nobody.',
    ]);
    const found = (await loaded(`upstreams: [{ url: http://10.0.0.9:8000 }]\n${ONE_MODEL}${limits}`)).warnings;
    expect(found).toHaveLength(1);
  });
});
