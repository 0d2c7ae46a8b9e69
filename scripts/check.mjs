// `npm run check`: everything that has to hold before a change is merged. The same here and in CI.
import { installMissing, requireNode, run } from './install.mjs';

/** What each step proves, and the npm script that proves it. The package is looked at after the build. */
const STEPS = [
  ['types', 'types'],
  ['types of the web UI', 'types:ui'],
  ['lint', 'lint'],
  ['format', 'format:check'],
  ['nothing unused', 'unused'],
  ['build', 'build'],
  ['first load of the web UI', 'size:ui'],
  ['description of the admin API', 'lint:api'],
  ['package contents', 'package'],
  ['tests', 'test'],
];

requireNode();
await installMissing();

const outcomes = [];
for (const [name, script] of STEPS) {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const code = await run('npm', ['run', '--silent', script]);
  outcomes.push({ name, code, seconds: (performance.now() - started) / 1000 });
}

console.log('');
for (const { name, code, seconds } of outcomes)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name} (${seconds.toFixed(1)} s)`);
process.exitCode = outcomes.every(({ code }) => code === 0) ? 0 : 1;
