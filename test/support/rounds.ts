const ROUNDS_HERE = 20;

/**
 * How often a long test repeats itself: `here` times in `npm test`, growing with
 * `KEYPORTER_TEST_ROUNDS` (20 there, 1000 in `npm run hostile`) up to `full`.
 */
export function repeats(here: number, full: number): number {
  const factor = Number(process.env['KEYPORTER_TEST_ROUNDS'] ?? ROUNDS_HERE) / ROUNDS_HERE;
  return Math.max(1, Math.min(full, Math.round(here * factor)));
}
