import { afterEach, describe, expect, it, vi } from 'vitest';
import type { UsageRowBody } from '../../../src/admin/contract-usage.js';
import { dayColumns, dayName, sinceOf } from './days.js';

const NOW = Date.UTC(2026, 10, 22, 8, 30) / 1000;

describe('days of the ledger, which are UTC', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('today is the last of as many days as are asked for', () => {
    expect(sinceOf(1, NOW)).toBe(Date.UTC(2026, 10, 22) / 1000);
    expect(sinceOf(30, NOW)).toBe(Date.UTC(2026, 9, 24) / 1000);
  });

  it.each(['UTC', 'America/Los_Angeles', 'Pacific/Auckland'])('have their own names in a browser in %s', (zone) => {
    vi.stubEnv('TZ', zone);
    const since = sinceOf(3, NOW);
    const used = { from_at: since + 86_400, requests: 7 } as UsageRowBody;
    const { times, rows } = dayColumns([used], since, 3);
    expect(times.map(dayName)).toEqual(['2026-11-20', '2026-11-21', '2026-11-22']);
    expect(rows.map((row) => row?.requests ?? null)).toEqual([null, 7, null]);
  });
});
