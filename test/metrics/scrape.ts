import { expect } from 'vitest';
import type { World } from '../support/start-gateway.js';
import { readMetrics, type FamilyText } from './prometheus-text.js';

export type Scrape = () => Promise<Map<string, FamilyText>>;

/** A way to read the metrics of a world as Prometheus does, every page judged strictly. */
export async function scraper({ gateway, admin }: World): Promise<Scrape> {
  const { key } = await admin.createKey({ scopes: ['metrics:read'] });
  return async () => {
    const answer = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${key}` } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    return readMetrics(await answer.text());
  };
}

/** A chat request of this world; answers its status when the answer has ended, however that was. */
export async function chat(
  { gateway, key }: Pick<World, 'gateway' | 'key'>,
  body: Record<string, unknown>,
): Promise<number | null> {
  try {
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'hello there' }], ...body }),
    });
    await answer.text().catch(() => undefined);
    return answer.status;
  } catch {
    return null;
  }
}
