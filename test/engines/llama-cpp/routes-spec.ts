import { expect, test } from 'vitest';
import { ENGINES, findPath } from '../../../src/replicas/engines/table.js';
import { filledIn, routesOf } from './routes-of.js';

test('every route that the server registers is in the table of engines', async () => {
  const routes = await routesOf();
  expect(routes.length).toBeGreaterThan(40);
  const missing = routes.filter(({ method, path }) => findPath(ENGINES['llama.cpp'], method, filledIn(path)) === null);
  expect(missing.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});
