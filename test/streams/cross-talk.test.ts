import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import type { Exchange } from '../support/exchange.js';
import { wellFormed } from '../support/hostile-row.js';
import { chatChunk } from '../support/model-answers.js';
import { repeatableRandom, seedOfThisRun } from '../support/random.js';
import type { RawClient } from '../support/raw-client.js';
import { repeats } from '../support/rounds.js';
import { startWorld } from '../support/start-gateway.js';

const world = await startWorld({}, { record: false });
afterAll(() => world.close());

const CALLERS = 64;
const EVENTS = 5;

/** Says the caller's marker back, piece by piece, a turn of the event loop between the pieces. */
function sayBack(exchange: Exchange): void {
  const { user, stream } = exchange.json();
  if (stream !== true) return setImmediateTimes(2, () => exchange.answer(200, { marker: user })) as void;
  exchange.startStream();
  let left = EVENTS;
  const next = (): void => {
    left -= 1;
    exchange.event(chatChunk(String(user)));
    if (left > 0 && !exchange.socket.destroyed) return void setImmediate(next);
    exchange.event('[DONE]');
    exchange.finish();
  };
  next();
}

function setImmediateTimes(turns: number, run: () => void): void {
  if (turns === 0) run();
  else setImmediate(() => setImmediateTimes(turns - 1, run));
}

const MARKER = /m-[0-9a-f-]{36}/g;

describe('A-TN-01 answers never cross', () => {
  test(
    '64 callers who cancel at random on reused connections see no marker but their own',
    { timeout: 600_000 },
    async () => {
      const seed = seedOfThisRun();
      const random = repeatableRandom(seed);
      world.upstream.onRequest = sayBack;
      let left = repeats(4000, 100_000);
      let whole = 0;
      const foreign: string[] = [];

      const judge = (marker: string, seen: string): void => {
        for (const found of seen.match(MARKER) ?? []) if (found !== marker) foreign.push(found);
      };

      const request = async (client: RawClient): Promise<boolean> => {
        const marker = `m-${randomUUID()}`;
        const streamed = random.below(2) === 0;
        client.write(
          wellFormed(world.key, {
            body: `{"model":"test-model","stream":${streamed},"user":"${marker}","messages":[]}`,
          }),
        );
        const leave = random.below(3);
        if (leave === 0) {
          for (let turns = random.below(8); turns > 0; turns -= 1)
            await new Promise((resolve) => setImmediate(resolve));
          judge(marker, client.unread);
          if (random.below(2) === 0) client.reset();
          else client.close();
          return false;
        }
        const answer = await client.answer();
        expect(answer.status).toBe(200);
        expect(answer.text().match(MARKER) ?? []).toHaveLength(streamed ? EVENTS : 1);
        judge(marker, answer.text());
        whole += 1;
        return true;
      };

      const caller = async (): Promise<void> => {
        let client = await world.gateway.connect();
        while (left > 0) {
          left -= 1;
          if (!(await request(client))) client = await world.gateway.connect();
        }
        client.close();
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      expect(foreign, `seed ${seed}`).toEqual([]);
      expect(whole).toBeGreaterThan(100);
      await world.upstream.idle();
      world.upstream.forget();
    },
  );
});
