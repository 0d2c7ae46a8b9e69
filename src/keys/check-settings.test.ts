import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../core/errors.js';
import { checkSettings, type SettingRules } from './check-settings.js';
import type { KeyChange } from './key.js';

const NOW = 1_800_000_000;
const RULES: SettingRules = {
  isKnownScope: (scope) => scope === 'infer' || scope === 'admin',
  maxLifetimeSeconds: null,
  now: NOW,
};

function paramAtFault(change: object, rules: SettingRules = RULES): string | null {
  try {
    checkSettings(change as KeyChange, rules);
    return null;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'invalid_value') return error.param;
    throw error;
  }
}

describe('expires_at', () => {
  it.each([
    0,
    -1,
    '',
    '2030-01-01',
    '1756800000',
    1_756_800_000_000,
    1e20,
    1.5,
    true,
    NaN,
    Infinity,
    [],
    {},
    NOW,
    NOW - 1,
  ])('refuses %j', (value) => {
    expect(paramAtFault({ expiresAt: value })).toBe('expires_at');
  });

  it('takes whole seconds after now, and null where keys may live for ever', () => {
    expect(checkSettings({ expiresAt: NOW + 1 }, RULES)).toEqual({ expiresAt: NOW + 1 });
    expect(checkSettings({ expiresAt: null }, RULES)).toEqual({ expiresAt: null });
  });

  it('stays within the longest lifetime', () => {
    const rules = { ...RULES, maxLifetimeSeconds: 100 };
    expect(paramAtFault({ expiresAt: NOW + 100 }, rules)).toBeNull();
    expect(paramAtFault({ expiresAt: NOW + 101 }, rules)).toBe('expires_at');
    expect(paramAtFault({ expiresAt: null }, rules)).toBe('expires_at');
  });
});

describe('text', () => {
  it.each([
    '',
    ' a',
    'a ',
    'a\nb',
    'a\u0000',
    'a\u001b[31m',
    'a\u202eb',
    'a\u2028b',
    'x'.repeat(201),
    '\ud800',
    5,
    null,
  ])('a name may not be %j', (name) => {
    expect(paramAtFault({ name })).toBe('name');
  });

  it('what is accepted has no control characters and comes back unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (name) => {
        if (paramAtFault({ name }) !== null) return;
        expect(checkSettings({ name }, RULES).name).toBe(name);
        expect(name).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});

describe('address ranges', () => {
  it.each([
    '10.0.0.0/33',
    '10.0.0',
    '10',
    '010.0.0.1',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4/8/8',
    '::/129',
    'fe80::1%eth0',
    'example.com',
    '0x7f.1.1.1',
    '1.2.3.4/0x8',
    '1.2.3.4/ 8',
  ])('refuse %s', (range) => {
    expect(paramAtFault({ allowIps: [range] })).toBe('allow_ips');
  });

  it('are brought into one spelling', () => {
    expect(checkSettings({ allowIps: ['10.0.0.0/8', '1.2.3.4', '::1', '2001:DB8:0::/32'] }, RULES).allowIps).toEqual([
      '10.0.0.0/8',
      '1.2.3.4/32',
      '::1/128',
      '2001:db8::/32',
    ]);
  });
});

describe('the other members', () => {
  it('name what is wrong', () => {
    expect(paramAtFault({ scopes: [] })).toBe('scopes');
    expect(paramAtFault({ scopes: ['infer', 'root'] })).toBe('scopes');
    expect(paramAtFault({ scopes: 'infer' })).toBe('scopes');
    expect(paramAtFault({ models: [''] })).toBe('models');
    expect(paramAtFault({ limits: { weight: 0 } })).toBe('limits');
    expect(paramAtFault({ limits: [] })).toBe('limits');
    expect(paramAtFault({ labels: { a: 1 } })).toBe('labels');
    expect(paramAtFault({ labels: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`l${n}`, 'x'])) })).toBe(
      'labels',
    );
    expect(paramAtFault({ labels: JSON.parse('{"__proto__":"x"}') as object })).toBe('labels');
    expect(paramAtFault({ attributes: { roles: 'admin' } })).toBe('attributes');
    expect(paramAtFault({ owner: '' })).toBe('owner');
  });

  it('are left alone when absent, and what is not a setting is not taken over', () => {
    expect(checkSettings({ id: 'x', state: 'active', createdBy: 'me' } as KeyChange, RULES)).toEqual({});
    expect(checkSettings({ owner: null, scopes: ['infer', 'infer'], limits: {} }, RULES)).toEqual({
      owner: null,
      scopes: ['infer'],
      limits: {},
    });
  });
});
