// `npm run test:engines`: the tests with a real llama.cpp server, which are no part of `npm test`.
//   npm run test:engines -- ends          only the files with this word in their names
//   KEYPORTER_RECORD=1                    keeps what the server sends as fixtures, in place of comparing
import { installMissing, requireNode } from './install.mjs';
import { llamaCppParts, PartMissing } from './llama-cpp-parts.mjs';

requireNode();
await installMissing();
try {
  await runTests(await llamaCppParts());
} catch (error) {
  if (!(error instanceof PartMissing)) throw error;
  console.log(`engines: did not run, because ${error.message}.`);
}

/** They read what they need from one variable, so that nothing else can start them by mistake. */
async function runTests(parts) {
  const record = process.env.KEYPORTER_RECORD === '1';
  process.env.KEYPORTER_ENGINE_PARTS = JSON.stringify({ ...parts, record });
  const { startVitest } = await import('vitest/node');
  const vitest = await startVitest('test', process.argv.slice(2), {
    config: false,
    watch: false,
    include: ['test/engines/**/*-spec.ts'],
    globalSetup: ['scripts/test-setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  });
  await vitest.close();
}
