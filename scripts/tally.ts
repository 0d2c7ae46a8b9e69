import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/**
 * Closes a test run with one plain line of counts, and names every group that could not run on this
 * machine. Where everything is expected to be installed (`CI=true`), a group that did not run is a failure.
 */
export class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === 'skipped' && !brokenAround(test));
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const failed = tests.length - passed - skipped.length + broken + unhandled.length;
    const lines = [...groupsOf(skipped)].map(
      ([group, count]) => `did not run: ${group} (${count} ${count === 1 ? 'test' : 'tests'})`,
    );
    for (const test of tests.filter((each) => each.diagnostic()?.flaky)) {
      lines.push(`passed at its second try only, to be looked at: ${test.module.relativeModuleId} > ${test.fullName}`);
    }
    const missing = skipped.length > 0 && process.env['CI'] === 'true';
    if (missing) lines.push('With CI=true every group has to run: install what is missing.');
    if (missing || failed > 0) process.exitCode = 1;
    process.stdout.write(
      `\n${[...lines, `${passed} passed, ${failed} failed, ${skipped.length} skipped`].join('\n')}\n`,
    );
  }
}

/** Its group failed before it could begin: that is a failure, not a missing program. */
function brokenAround(test: TestCase): boolean {
  let around: TestSuite | TestModule = test.parent;
  for (;;) {
    if (around.errors().length > 0) return true;
    if (around.type === 'module') return false;
    around = around.parent;
  }
}

/** Skipped tests by file, outermost group and reason. */
function groupsOf(skipped: readonly TestCase[]): Map<string, number> {
  const groups = new Map<string, number>();
  for (const test of skipped) {
    const result = test.result();
    const reason = result.state === 'skipped' && result.note ? `: ${result.note}` : '';
    const name = `${test.module.relativeModuleId} > ${test.fullName.split(' > ')[0]}${reason}`;
    groups.set(name, (groups.get(name) ?? 0) + 1);
  }
  return groups;
}
