import type { ServerResponse } from 'node:http';
import { until } from '../support/patience.js';
import { json, Replica, type PoolWorld } from './pool-world.js';

interface Refused {
  error?: { code?: string };
}

export interface Answer {
  status: number;
  code: string | undefined;
  retryAfter: string | null;
}

/** A caller with a key of its own. */
export interface Caller {
  keyId: string;
  key: string;
  /** Rejects when `signal` ends it. */
  ask(who: string, headers?: Record<string, string>, signal?: AbortSignal): Promise<Answer>;
}

export async function callerOf({ admin, gateway }: PoolWorld, limits: Record<string, unknown> = {}): Promise<Caller> {
  const { id, key } = await admin.createKey({ scopes: ['infer'], limits });
  return {
    keyId: id,
    key,
    async ask(who, headers = {}, signal) {
      const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model: 'm', user: who, messages: [{ role: 'user', content: 'Hi' }] }),
        ...(signal === undefined ? {} : { signal }),
      });
      const body = (await answer.json()) as Refused;
      return { status: answer.status, code: body.error?.code, retryAfter: answer.headers.get('retry-after') };
    },
  };
}

/** A model server whose requests run until they are let go, the one that came first before the others. */
export class Held {
  readonly replica: Replica;
  readonly #held: ServerResponse[] = [];

  private constructor(replica: Replica) {
    this.replica = replica;
    replica.keepBodies = true;
    replica.answer = (response) => void this.#held.push(response);
  }

  static async start(): Promise<Held> {
    return new Held(await Replica.start());
  }

  /** Whose requests it got, in their order. */
  get got(): string[] {
    return this.replica.bodies.map(({ user }) => String(user));
  }

  /** Ends the one that runs longest, and waits until the next one is here. */
  async turn(): Promise<void> {
    const before = this.replica.requests;
    const response = this.#held.shift();
    if (response !== undefined) json(response, 200, { id: 'x' });
    await until(10_000, 'the next one is served', async () => {
      await Promise.resolve();
      return this.replica.requests > before;
    });
  }

  /** From here on it answers at once. */
  release(): void {
    this.replica.answer = (response) => json(response, 200, { id: 'x' });
    for (const response of this.#held) json(response, 200, { id: 'x' });
  }
}

export interface Shown {
  id: string;
  key_id: string;
  phase: string;
  position: number | null;
  waiting_ms: number | null;
}

export async function queued(world: PoolWorld): Promise<Shown[]> {
  const streams = (await world.admin.streams()) as unknown as Shown[];
  return streams.filter(({ phase }) => phase === 'queued');
}
