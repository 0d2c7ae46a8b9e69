/** A small repeatable generator (mulberry32), so that a failing run can be run again from its printed seed. */
export function repeatableRandom(seed: number): { below(limit: number): number; pick<T>(from: readonly T[]): T } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    pick(from) {
      const chosen = from[below(from.length)];
      if (chosen === undefined) throw new Error('nothing to pick from');
      return chosen;
    },
  };
}

/** The seed of this run: `KEYPORTER_TEST_SEED`, or a new one. Name it in every failure. */
export function seedOfThisRun(): number {
  const given = process.env['KEYPORTER_TEST_SEED'];
  return given === undefined ? (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) : Number(given);
}
