// `npm test`: installs what is missing, builds what is stale, runs every test.
//   npm test -- [vitest arguments]     npm run hostile = the long tests with their full counts
import { installMissing, requireNode, run } from './install.mjs';

const FULL_ROUNDS = '1000';

requireNode();
await installMissing();
const { build } = await import('./build.mjs');
// The set-up of the tests tries again and judges what is missing.
await build().catch((error) => console.error(error.errors ? 'The build failed: see above.' : error));

const full = process.argv.includes('--full');
const rest = process.argv.slice(2).filter((argument) => argument !== '--full');
const env = full
  ? { ...process.env, KEYPORTER_TEST_ROUNDS: process.env.KEYPORTER_TEST_ROUNDS ?? FULL_ROUNDS }
  : process.env;
process.exitCode = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...rest], env);
