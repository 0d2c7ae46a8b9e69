import { expect } from 'vitest';
import { staysPending, until } from '../../support/patience.js';
import type { EngineWorld } from './engine-world.js';

const SLOT_LIMIT_MS = 20_000;
/** Tokens: minutes of work for the tiny model, more than any test waits for. */
export const ENDLESS = 60_000;

/** Nothing runs any more, and the engine made but a part of an endless answer. */
export async function expectStopped(world: EngineWorld, tokensBefore: number): Promise<void> {
  await busySlots(world, 0);
  expect((await world.metric('tokens_predicted_total')) - tokensBefore).toBeLessThan(ENDLESS / 2);
  expect(await world.gateway.admin.streams()).toEqual([]);
}

/** Waits until exactly so many slots of the engine work. */
export function busySlots(world: EngineWorld, count: number): Promise<void> {
  return until(SLOT_LIMIT_MS, `${count} slots of the engine work`, async () => {
    const found = (await world.slots()).filter((slot) => slot.is_processing).length;
    if (found === count) return true;
    await quietSecond();
    return false;
  });
}

/**
 * While it makes a whole answer, llama.cpp looks whether the caller is still there only after a second
 * in which it told nobody anything: whoever asks without a pause keeps the slot busy.
 */
async function quietSecond(): Promise<void> {
  await staysPending(1100, new Promise(() => {}));
}
