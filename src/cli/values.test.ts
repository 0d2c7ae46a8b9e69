import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import {
  dashOrId,
  duration,
  durationOrZero,
  expiry,
  limits,
  lists,
  many,
  pairs,
  pastMoment,
  pointInTime,
  rowCount,
} from './values.js';

describe('values of options', () => {
  it('take ids of keys and of callers without a key for --key, and no secret', () => {
    for (const id of [
      '-',
      'AAAAAAAAAAAA',
      'jwt:alice',
      'kubernetes:system:serviceaccount:a:b',
      'delegated:Éva Example',
    ])
      expect(dashOrId(id)).toBe(id);
    for (const secret of ['kp_AAAAAAAAAAAA_BBBB', 'sk-short', 'AAAAAAAAAAAAA', ':x', 'jwt:', 'A:b'])
      expect(() => dashOrId(secret)).toThrow('standard input');
  });

  it('reach a command as they were read, "never" and 0 among them', () => {
    const command = new Command()
      .exitOverride()
      .option('--expires <when>', '', expiry)
      .option('--overlap <duration>', '', durationOrZero, 86_400)
      .option('--at <time>', '', pointInTime);
    command.parse(['--expires', 'never', '--overlap', '0', '--at', '1970-01-01'], { from: 'user' });
    expect(command.opts()).toEqual({ expires: 'never', overlap: 0, at: 0 });
  });

  it.each([
    [duration, '0'],
    [duration, '90'],
    [duration, '-3d'],
    [expiry, '2000-01-01'],
    [expiry, 'soon'],
    [pointInTime, 'yesterday'],
    [pastMoment, 'long ago'],
    [rowCount, '0'],
    [rowCount, '1e3'],
    [pairs, '=value'],
    [pairs, 'name'],
  ])('a value that is none is refused: %o %s', (read, value) => {
    expect(() => read(value as never, undefined as never)).toThrow();
  });

  it('options that come many times are gathered', () => {
    expect(many('b', many('a', undefined))).toEqual(['a', 'b']);
    expect(pairs('b=2=3', pairs('a=1', undefined))).toEqual({ a: '1', b: '2=3' });
    expect(lists('a=2', lists('b=9', lists('a=1', undefined)))).toEqual({ a: ['1', '2'], b: ['9'] });
    expect(limits('b=none', limits('c=high', limits('a=5', undefined)))).toEqual({ a: 5, b: null, c: 'high' });
  });
});
