import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from './cli-world.js';

let world: CliWorld;
beforeEach(async () => {
  world = await CliWorld.make();
});
afterEach(() => world.remove());

async function made(...limits: string[]): Promise<string> {
  const options = limits.flatMap((limit) => ['--limit', limit]);
  const { json } = await world.here(['keys', 'create', '--name', 'k', '--json', ...options]);
  return String(json()['id']);
}

async function limitsOf(id: string): Promise<unknown> {
  return (await world.here(['keys', 'show', id, '--json'])).json()['limits'];
}

describe('--limit', () => {
  it('gives a new key limits, none included', async () => {
    const id = await made('requests_per_minute=60', 'tokens_per_day=none', 'priority=low', 'weight=default');
    expect(await limitsOf(id)).toEqual({ requests_per_minute: 60, tokens_per_day: null, priority: 'low' });
    expect((await world.here(['keys', 'show', id])).out).toContain(
      'requests_per_minute=60 tokens_per_day=none priority=low',
    );
  });

  it('changes what it names and leaves the other limits', async () => {
    const id = await made('requests_per_minute=60', 'tokens_per_day=5', 'weight=2');
    await world.here(['keys', 'update', id, '--limit', 'tokens_per_day=9', '--limit', 'weight=default']);
    expect(await limitsOf(id)).toEqual({ requests_per_minute: 60, tokens_per_day: 9 });
    await world.here(['keys', 'update', id, '--clear', 'limits', '--limit', 'weight=3']);
    expect(await limitsOf(id)).toEqual({ weight: 3 });
    await world.here(['keys', 'update', id, '--clear', 'limits']);
    expect(await limitsOf(id)).toEqual({});
  });

  it('bounds a derived key, never above its parent', async () => {
    const id = await made('tokens_per_day=5');
    const more = await world.here(['keys', 'derive', id, '--name', 'c', '--limit', 'tokens_per_day=6']);
    expect([more.code, more.err]).toEqual([1, expect.stringContaining('tokens_per_day 6 is more than 5')]);
    expect((await world.here(['keys', 'derive', id, '--name', 'c', '--limit', 'tokens_per_day=4'])).code).toBe(0);
  });

  it.each([
    [['requests_per_minute=0'], 'whole number from 1'],
    [['requests_per_minute=1.5'], 'whole number from 1'],
    [['requests_per_minute=-1'], 'whole number from 1'],
    [['requests_per_minute=many'], 'whole number from 1'],
    [['requests_per_minute='], 'whole number from 1'],
    [['tokens_per_dya=5'], 'Did you mean "tokens_per_day"?'],
    [['tokens_per_dya=default'], 'Did you mean "tokens_per_day"?'],
    [['colour=blue'], 'Known are requests_per_minute'],
    [['weight=none'], 'weight must be a whole number'],
    [['priority=urgent'], 'priority must be high, normal, low'],
    [['tokens_per_day=5', 'tokens_per_day=6'], 'given twice'],
    [['tokens_per_day'], 'NAME=VALUE'],
  ])('that cannot be meant is wrong usage and changes nothing: %j', async (limits, sentence) => {
    const options = limits.flatMap((limit) => ['--limit', limit]);
    for (const command of [
      ['keys', 'create', '--name', 'k'],
      ['keys', 'update', 'x'],
      ['keys', 'derive', 'x', '--name', 'k'],
      ['owners', 'set', 'alice'],
    ]) {
      const { code, out, err } = await world.here([...command, ...options]);
      expect([command, code, out, err]).toEqual([command, 2, '', expect.stringContaining(sentence)]);
    }
  });
});

describe('owners set', () => {
  it('sets limits for all keys of an owner, lists them, and takes them away', async () => {
    await made();
    const set = await world.here(['owners', 'set', 'alice', '--limit', 'tokens_per_day=5', '--limit', 'weight=2']);
    expect([set.code, set.out]).toEqual([0, 'alice, all keys together: tokens_per_day=5 weight=2.\n']);
    const changed = await world.here(['owners', 'set', 'alice', '--limit', 'weight=default', '--json']);
    expect(changed.json()).toMatchObject({ name: 'alice', limits: { tokens_per_day: 5 }, keys: 0 });
    expect((await world.here(['owners', 'list'])).out).toContain('alice\t0\tactive\tnever\ttokens_per_day=5\n');
    const cleared = await world.here(['owners', 'set', 'alice', '--clear', 'limits']);
    expect(cleared.out).toBe('alice has the limits of the configuration alone.\n');
  });

  it('without anything to set is wrong usage', async () => {
    await made();
    for (const options of [[], ['--clear', 'owner']]) {
      expect((await world.here(['owners', 'set', 'alice', ...options])).code).toBe(2);
    }
  });
});
