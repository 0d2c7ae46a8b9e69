import { defineConfig } from 'vitest/config';
import { TallyReporter } from './scripts/tally.js';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'ui/src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['scripts/test-setup.ts'],
    reporters: ['default', new TallyReporter()],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
