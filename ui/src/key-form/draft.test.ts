import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyBody } from '../api/keys.js';
import { shellWord } from '../parts/cli-twin.js';
import { changeBody, draftOf, EMPTY_DRAFT, faultOf, newKeyBody } from './draft.js';
import { changeOptions, newKeyOptions } from './draft-command.js';

const KEY: KeyBody = {
  id: 'Hx81kTzPq02a',
  name: 'build',
  prefix: 'kp_Hx81kTzPq02a',
  owner: 'alice',
  scopes: ['infer', 'usage:read'],
  models: ['qwen3'],
  allow_ips: ['10.0.0.0/8'],
  limits: { requests_per_minute: 60, tokens_per_day: null, priority: 'high' },
  attributes: { roles: ['admin', 'user'], teams: [] },
  labels: { team: 'search' },
  state: 'active',
  imported: false,
  parent_id: null,
  expires_at: null,
  created_at: 1,
  created_by: 'operator',
  updated_at: 1,
  disabled_at: null,
  revoked_at: null,
  revoke_reason: null,
  rotated_at: null,
  previous: null,
  last_used_at: null,
};

describe('the form of a key', () => {
  it('sends nothing for a key that was not changed', () => {
    expect(changeBody(draftOf(KEY), KEY)).toEqual({});
    expect(changeOptions(draftOf(KEY), KEY)).toBe('');
  });

  it('shows every limit of the key, also one that is lifted and the priority', () => {
    const { limits, priority, attributes } = draftOf(KEY);
    expect(limits).toEqual([
      { name: 'requests_per_minute', value: 60 },
      { name: 'tokens_per_day', value: 'none' },
    ]);
    expect([priority, attributes]).toEqual(['high', ['roles=admin', 'roles=user']]);
  });

  it('changes one limit and leaves the others', () => {
    const draft = { ...draftOf(KEY), limits: [{ name: 'requests_per_minute' as const, value: 90 }] };
    expect(changeBody(draft, KEY)).toEqual({ limits: { priority: 'high', requests_per_minute: 90 } });
    expect(changeOptions(draft, KEY)).toBe('--limit requests_per_minute=90 --limit tokens_per_day=default');
  });

  it('lifts a limit, takes the priority back, and says both as the command line does', () => {
    const draft = { ...draftOf(KEY), limits: [{ name: 'requests_per_minute' as const, value: 'none' as const }] };
    expect(changeBody({ ...draft, priority: null }, KEY)).toEqual({ limits: { requests_per_minute: null } });
    expect(changeOptions({ ...draft, priority: null }, KEY)).toBe(
      '--limit requests_per_minute=none --limit tokens_per_day=default --limit priority=default',
    );
  });

  it('gives a limit that is removed back to the configuration, and clears what is emptied', () => {
    const draft = { ...draftOf(KEY), owner: ' ', models: [], labels: [], attributes: [], limits: [] };
    expect(changeBody(draft, KEY)).toMatchObject({ owner: null, models: [], labels: {}, attributes: {} });
    expect(changeOptions(draft, KEY)).toBe(
      '--limit requests_per_minute=default --limit tokens_per_day=default --clear owner --clear models --clear attributes --clear labels',
    );
  });

  it('makes a key with everything that the command line can give it', () => {
    const draft = {
      ...EMPTY_DRAFT,
      name: 'build',
      priority: 'low' as const,
      limits: [
        { name: 'weight' as const, value: 3 },
        { name: 'tokens_per_day' as const, value: 'none' as const },
      ],
      attributes: ['roles=admin', 'roles=a=b'],
    };
    expect(newKeyBody(draft)).toMatchObject({
      limits: { weight: 3, tokens_per_day: null, priority: 'low' },
      attributes: { roles: ['admin', 'a=b'] },
    });
    expect(newKeyOptions(draft)).toBe(
      '--name build --scope infer --limit weight=3 --limit tokens_per_day=none --limit priority=low --attribute roles=admin --attribute roles=a=b',
    );
  });

  it('does not take another order for a change', () => {
    expect(changeBody({ ...draftOf(KEY), scopes: ['usage:read', 'infer'] }, KEY)).toEqual({});
  });

  it('leaves the expiry to the configuration unless one is chosen', () => {
    const draft = { ...EMPTY_DRAFT, name: 'build' };
    expect('expires_at' in newKeyBody(draft)).toBe(false);
    expect(newKeyBody({ ...draft, expiry: { kind: 'never' } }).expires_at).toBe(null);
    expect(newKeyBody({ ...draft, expiry: { kind: 'on', day: '2027-01-31' } }).expires_at).toBe(1_801_353_600);
    expect(newKeyOptions({ ...draft, expiry: { kind: 'on', day: '2027-01-31' } })).toContain('--expires 2027-01-31');
  });

  it('says what is missing', () => {
    const draft = { ...EMPTY_DRAFT, name: 'build' };
    expect(faultOf(draft)).toBe(null);
    expect(faultOf({ ...draft, name: ' ' })).toMatch(/name/);
    expect(faultOf({ ...draft, scopes: [] })).toMatch(/scope/);
    expect(faultOf({ ...draft, labels: ['team'] })).toMatch(/labels as name=value/);
    expect(faultOf({ ...draft, attributes: ['=admin'] })).toMatch(/attributes as name=value/);
    expect(faultOf({ ...draft, limits: [{ name: 'tokens_per_day', value: null }] })).toMatch(/limit/);
    expect(faultOf({ ...draft, expiry: { kind: 'on', day: '' } })).toMatch(/day/);
  });
});

describe('a word of a command', () => {
  it('comes out of a shell as it went in', () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(word, (text) => {
        const { stdout } = spawnSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' });
        expect(stdout).toBe(text);
      }),
      { numRuns: 50, examples: [["it's"], ['$(id)'], ['`id`'], ['a b'], ['-n'], [''], ['\\'], ["'"]] },
    );
  });
});
