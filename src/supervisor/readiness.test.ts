import { describe, expect, it } from 'vitest';
import { Secret } from '../core/secret.js';
import { askReadiness, type Asking, type Readiness } from './readiness.js';

const probe = {
  path: null,
  method: 'GET',
  headers: {},
  body: null,
  timeoutMs: 1,
  intervalMs: 1,
  startupGraceMs: 1,
} as const;

/** A server that answers these paths with these statuses, 404 elsewhere, and the paths it was asked for. */
function serverOf(statuses: Record<string, number | 'late'>): { ask: Asking; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async ask(url) {
      const { pathname } = new URL(url);
      asked.push(pathname);
      const status = statuses[pathname] ?? 404;
      return status === 'late' ? { detail: 'does not answer' } : { status };
    },
  };
}

const readinessOf = (ask: Asking, path: string | null = null): Promise<Readiness> =>
  askReadiness(ask, {
    url: 'http://127.0.0.1:1',
    apiKey: new Secret('private'),
    probe: { ...probe, path },
    engine: 'auto',
  });

describe('a server that says it is ready', () => {
  it.each([401, 403])('is not, when it refuses its private key with %i', async (status) => {
    const { ask } = serverOf({ '/health': 200, '/v1/models': status });
    expect(await readinessOf(ask)).toEqual({
      ready: false,
      detail: expect.stringContaining(`refuses its private key at /v1/models (status ${status})`),
    });
  });

  it.each([200, 404, 500, 503, 'late'] as const)('is, when it answers %s where it wants its key', async (status) => {
    const { ask } = serverOf({ '/health': 200, '/v1/models': status });
    expect(await readinessOf(ask)).toEqual({ ready: true });
  });

  it("is, without another question, when it says so at the operator's own path", async () => {
    const { ask, asked } = serverOf({ '/alive': 200, '/v1/models': 401 });
    expect([await readinessOf(ask, '/alive'), asked]).toEqual([{ ready: true }, ['/alive']]);
  });
});

it('a server without the first path is asked at the second', async () => {
  const { ask, asked } = serverOf({ '/v1/models': 200 });
  expect([await readinessOf(ask), asked]).toEqual([{ ready: true }, ['/health', '/v1/models']]);
});
