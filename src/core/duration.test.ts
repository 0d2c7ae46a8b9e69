import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration, parseExpiry } from './duration.js';

const NOW = Date.parse('2026-11-22T00:00:00Z') / 1000;

describe('parseDuration', () => {
  it.each([
    ['1s', 1],
    ['45s', 45],
    ['90m', 5400],
    ['24h', 86_400],
    ['30d', 2_592_000],
    ['2w', 1_209_600],
    ['1y', 31_536_000],
    ['100y', 3_153_600_000],
  ])('reads %s as %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '0d', '-1d', '1', 'd', '1.5h', '1 d', ' 1d', '1D', '1d1h', '101y', '99999999999s', '01d', '1d\n', '١d'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  it('reads back whatever formatDuration writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_153_600_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds))).toBe(seconds);
      }),
    );
  });

  it('never throws and answers a positive whole number or null', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const seconds = parseDuration(text);
        expect(seconds === null || (Number.isSafeInteger(seconds) && seconds > 0)).toBe(true);
      }),
    );
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [-5, '0s'],
    [59, '59s'],
    [60, '1m'],
    [5400, '90m'],
    [86_400, '1d'],
    [604_800, '1w'],
    [31_536_000, '1y'],
    [86_401, '86401s'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('parseExpiry', () => {
  it.each([
    ['never', null],
    ['30d', NOW + 2_592_000],
    [' 1h ', NOW + 3600],
    ['2027-01-31', Date.parse('2027-01-31T00:00:00Z') / 1000],
    ['2027-01-31T12:00', Date.parse('2027-01-31T12:00:00Z') / 1000],
    ['2027-01-31T12:00:05Z', Date.parse('2027-01-31T12:00:05Z') / 1000],
    ['2027-01-31T12:00:05.750Z', Date.parse('2027-01-31T12:00:05Z') / 1000],
    ['2027-01-31T12:00:00+02:00', Date.parse('2027-01-31T10:00:00Z') / 1000],
  ])('reads %j', (text, expected) => {
    expect(parseExpiry(text, NOW)).toBe(expected);
  });

  it.each([
    '',
    'tomorrow',
    '2027-02-30',
    '2027-13-01',
    '2027-01-31T25:00',
    '2027-01-31T12:00:00+99:00',
    '31.1.2027',
    '1893456000',
  ])('refuses %j with the forms it knows', (text) => {
    expect(parseExpiry(text, NOW)).toEqual({ fault: expect.stringContaining('30d') });
  });

  it.each(['2020-01-01', '2026-11-22T00:00:00Z'])('refuses %s because it is not in the future', (text) => {
    expect(parseExpiry(text, NOW)).toEqual({ fault: expect.stringContaining('past') });
  });
});
