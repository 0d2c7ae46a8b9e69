import { describe, expect, it } from 'vitest';
import { repeatableRandom, seedOfThisRun } from '../support/random.js';
import { json, Replica, startPools } from './pool-world.js';

interface Message {
  role: string;
  content: string;
}

const CONVERSATIONS = 50;
const TURNS = 10;

describe('prefix_affinity', () => {
  it.each([
    ['one after the other', 1],
    ['eight at a time', 8],
    ['all at a time', CONVERSATIONS],
  ])(
    '50 conversations of 10 turns on 4 replicas, %s: 9 of 10 later turns stay, no replica has over 1.5 times the mean',
    async (_, width) => {
      const seed = seedOfThisRun();
      const random = repeatableRandom(seed);
      const replicas = await Promise.all(Array.from({ length: 4 }, () => Replica.start()));
      const served = new Map<string, number[]>();
      for (const [at, replica] of replicas.entries()) {
        replica.keepBodies = true;
        replica.answer = (response) => {
          const name = String(replica.bodies.at(-1)?.['user']);
          served.set(name, [...(served.get(name) ?? []), at]);
          setTimeout(() => json(response, 200, { id: 'x' }), random.below(5));
        };
      }
      const world = await startPools(replicas, { balance: 'prefix_affinity', max_in_flight: 64 });
      const conversations = Array.from({ length: CONVERSATIONS }, (_unused, at) => ({
        name: `conversation ${at}`,
        messages: [
          { role: 'system', content: 'You are kind.' },
          { role: 'user', content: `question ${at}` },
        ] as Message[],
        left: TURNS,
      }));
      const talking = Array.from({ length: width }, async () => {
        for (;;) {
          const waiting = conversations.filter(({ left }) => left > 0);
          if (waiting.length === 0) return;
          const one = random.pick(waiting);
          conversations.splice(conversations.indexOf(one), 1);
          one.left -= 1;
          const { status } = await world.chat({ user: one.name, messages: one.messages });
          expect(status).toBe(200);
          one.messages = [
            ...one.messages,
            { role: 'assistant', content: 'yes' },
            { role: 'user', content: 'and then?' },
          ];
          conversations.push(one);
        }
      });
      await Promise.all(talking);
      const later = [...served.values()].flatMap(([first, ...rest]) => rest.map((at) => at === first));
      expect(later, `seed ${seed}`).toHaveLength(CONVERSATIONS * (TURNS - 1));
      expect(later.filter((stays) => stays).length / later.length, `seed ${seed}`).toBeGreaterThanOrEqual(0.9);
      const most = Math.max(...replicas.map(({ requests }) => requests));
      expect(most / ((CONVERSATIONS * TURNS) / 4), `seed ${seed}`).toBeLessThanOrEqual(1.5);
    },
  );

  it('a conversation whose replica goes away goes on elsewhere, and stays there', async () => {
    const replicas = await Promise.all(Array.from({ length: 3 }, () => Replica.start()));
    const world = await startPools(replicas, { balance: 'prefix_affinity' });
    const home = async (): Promise<Replica | undefined> => {
      const before = replicas.map(({ requests }) => requests);
      expect((await world.chat()).status).toBe(200);
      return replicas.find(({ requests }, at) => requests > (before[at] ?? 0));
    };
    const first = await home();
    expect(await home()).toBe(first);
    await first?.goAway();
    const second = await home();
    expect(second).not.toBe(first);
    await first?.comeBack();
    expect([await home(), await home()]).toEqual([second, second]);
  });
});
