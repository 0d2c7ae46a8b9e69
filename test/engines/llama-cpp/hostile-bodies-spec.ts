import { afterAll, beforeAll, expect, test } from 'vitest';
import { ready, replicaThat } from '../../supervisor/supervised-world.js';
import { startEngineWorld, type EngineWorld } from './engine-world.js';

let world: EngineWorld;
beforeAll(async () => {
  world = await startEngineWorld();
});
afterAll(() => world.close());

const pid = async (): Promise<number | null | undefined> =>
  (await replicaThat(world.gateway, 'tiny-0', ready)).process?.pid;
const bodyOf = (more: object): object => ({ prompt: 'a', n_predict: 3, ...more });
const nested = (levels: number): string => `${'('.repeat(levels)}"a"${')'.repeat(levels)}`;
const GRAMMAR = 'root ::= [a-z ]+';

/** Each ends this server, or keeps it busy for ever, when it is sent past the gateway. */
const REFUSED: Readonly<Record<string, object>> = {
  'a grammar of many brackets': { grammar: `root ::= ${nested(18_000)}` },
  'a trigger of many brackets': {
    grammar: GRAMMAR,
    grammar_lazy: true,
    grammar_triggers: [{ type: 2, value: nested(10_000) }],
  },
  'a trigger that tries everything': {
    grammar: GRAMMAR,
    grammar_lazy: true,
    grammar_triggers: [{ type: 2, value: '([a-z ]+)+[0-9]' }],
  },
  'a parser that calls itself': {
    chat_format: 3,
    chat_parser: '{"parsers":[{"type":"ref","name":"a"}],"rules":{"a":0},"root":0}',
  },
};

test.each(Object.entries(REFUSED))('%s is refused, and the server goes on', async (_, more) => {
  const before = await pid();
  expect((await world.ask('POST /completion', bodyOf(more))).status).toBe(400);
  expect((await world.ask('POST /completion', bodyOf({}))).status).toBe(200);
  expect(await pid()).toBe(before);
});

/** The most that passes. */
const PASSES: Readonly<Record<string, object>> = {
  'the longest grammar': { grammar: `root ::= ${nested(12_200)}` },
  'a look back over everything': { repeat_last_n: 2_147_483_647, repeat_penalty: 2 },
  'a look back for repetitions over everything': { dry_penalty_last_n: 2_147_483_647, dry_multiplier: 1 },
};

test.each(Object.entries(PASSES))('%s passes, and the server bears it', async (_, more) => {
  const before = await pid();
  const asked = await world.ask('POST /completion', bodyOf(more));
  expect([asked.status, asked.json]).toMatchObject([200, { tokens_predicted: expect.any(Number) }]);
  expect(await pid()).toBe(before);
});
