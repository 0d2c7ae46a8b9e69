// `npm run check`: everything that has to hold before a change is merged. The same here and in CI.
import { installMissing, requireNode, run } from './install.mjs';

const BIN = 'node_modules/.bin';

/** What each step proves, and the program that proves it. */
const STEPS = [
  ['types', `${BIN}/tsc`, '-p', '.'],
  ['lint', `${BIN}/oxlint`, '--deny-warnings'],
  ['format', `${BIN}/oxfmt`, '--check', '.'],
  ['nothing unused', `${BIN}/knip`],
  ['build', process.execPath, 'scripts/build.mjs'],
  ['package contents', `${BIN}/publint`, '--strict'],
  ['tests', process.execPath, 'scripts/test.mjs'],
];

requireNode();
await installMissing();

const outcomes = [];
for (const [name, program, ...options] of STEPS) {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const code = await run(program, options);
  outcomes.push({ name, code, seconds: (performance.now() - started) / 1000 });
}

console.log('');
for (const { name, code, seconds } of outcomes)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name} (${seconds.toFixed(1)} s)`);
process.exitCode = outcomes.every(({ code }) => code === 0) ? 0 : 1;
