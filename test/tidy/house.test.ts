import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, lineCount, linesMatching, ROOT, sources, tests } from './source-tree.js';

/** Lines of tests for each line of source. Only ever raised. */
const TESTS_TO_SOURCE = 0.5;

/** The house numbers the linter holds. Only ever lowered. */
const BOUNDS = { 'max-lines': 250, 'max-lines-per-function': 60, 'max-params': 3, 'max-depth': 3 };

const LINTED = [
  'typescript/no-floating-promises',
  'typescript/no-explicit-any',
  'typescript/no-non-null-assertion',
  'typescript/ban-ts-comment',
  'typescript/switch-exhaustiveness-check',
  'import/no-default-export',
];

interface LintConfig {
  rules: Record<string, unknown>;
}

describe('house numbers', () => {
  const files = sources();

  it('the linter holds the bounds of file, function, parameters and nesting', () => {
    const { rules } = JSON.parse(readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8')) as LintConfig;
    for (const [rule, bound] of Object.entries(BOUNDS)) expect([rule, rules[rule]]).toEqual([rule, ['error', bound]]);
    for (const rule of LINTED) expect([rule, [rules[rule]].flat()[0]]).toEqual([rule, 'error']);
  });

  it('src keeps within every bound and uses none of the banned forms', () => {
    const outcome = spawnSync(join(ROOT, 'node_modules/.bin/oxlint'), ['-f', 'unix', '--deny-warnings', 'src'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(outcome.stdout.split('\n').filter((line) => line.startsWith('src/'))).toEqual([]);
    expect(outcome.status).toBe(0);
  });

  it('nobody switches a rule of the linter or the compiler off in src', () => {
    const silenced = files.filter(({ text }) => /(oxlint|eslint)-disable|@ts-(ignore|expect-error|nocheck)/.test(text));
    expect(silenced.map(({ path }) => path)).toEqual([]);
  });

  it('a file of src has at most 250 lines', () => {
    expect(files.filter(({ text }) => lineCount(text) > 250).map(({ path }) => path)).toEqual([]);
  });

  it('there is at least as much test as the ratchet says', () => {
    const written = (list: readonly { text: string }[]): number =>
      list.reduce((sum, { text }) => sum + lineCount(text), 0);
    expect(written(tests()) / written(files)).toBeGreaterThanOrEqual(TESTS_TO_SOURCE);
  });
});

describe('names', () => {
  const paths = [...sources(), ...tests()].map(({ path }) => path);

  it('files and folders are named in kebab-case', () => {
    expect(
      paths.filter((path) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)+[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(path)),
    ).toEqual([]);
  });

  it('no file or folder has a name that says nothing', () => {
    const empty = /^(helpers?|utils?|common|shared|misc|lib|types|constants)$/;
    const vague = /(^|-)(manager|service|impl|handler)(-|$)/;
    const parts = (path: string): string[] => path.replace(/(\.test)?\.ts$/, '').split('/');
    expect(paths.filter((path) => parts(path).some((part) => empty.test(part) || vague.test(part)))).toEqual([]);
  });

  it('no class, type or function has a name that says nothing', () => {
    const declared =
      /\b(class|interface|type|function)\s+\w*([Mm]anager|(?<![Ss]elf)[Ss]ervice|[Ii]mpl|[Hh]elpers?|[Uu]tils?)\b/;
    expect(linesMatching(sources(), declared)).toEqual([]);
  });
});

describe('what only one place may do', () => {
  const files = sources();
  const except = (...allowed: string[]): typeof files => files.filter(({ path }) => !allowed.includes(path));

  it('time comes from core/clock.ts', () => {
    const timed = /\bDate\.now\(|\bnew Date\(\)|\b(setTimeout|setInterval)\(|\bperformance\.now\(|timers\/promises/;
    expect(linesMatching(except('src/core/clock.ts'), timed)).toEqual([]);
  });

  it('the environment is read in config/load.ts and main.ts', () => {
    expect(linesMatching(except('src/config/load.ts', 'src/main.ts'), /\bprocess\.env\b/)).toEqual([]);
  });

  it('nothing is left to Math.random', () => {
    expect(linesMatching(files, /\bMath\.random\b/)).toEqual([]);
  });

  it('no target of a request is read against a base, where it could choose the host', () => {
    expect(linesMatching(files, /new URL\([^)]*\.(url|target|path)\s*,/)).toEqual([]);
  });

  it('no module keeps state that changes', () => {
    expect(linesMatching(files, /^(export )?let\b/)).toEqual([]);
  });
});

describe('what stands in the repository', () => {
  const everything = filesUnder('.', /\.(ts|mjs|json|md|ya?ml)$|(^|\/)\.ci\/run$|^LICENSE$/);
  const having = (pattern: RegExp): string[] =>
    everything.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

  // Written in pieces, so that this file does not find itself.
  it('nothing is put off with a mark', () => {
    expect(
      having(new RegExp(`\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${['XX', 'X'].join('')})\\b`)),
    ).toEqual([]);
  });

  it('nothing leads to a place that only its author can see', () => {
    const machine = [['/wo', 'rk/'].join(''), ['/ro', 'ot/'].join('')].join('|');
    const issue = ['\\bissue', ' #?\\d+'].join('');
    expect([...having(new RegExp(machine)), ...having(new RegExp(issue, 'i'))]).toEqual([]);
  });

  it('no package registry is written down', () => {
    expect(having(new RegExp(['registry\\.np', 'mjs|regis', 'try\\.yarn|_auth', 'Token'].join('')))).toEqual([]);
  });

  it('documents that are read from top to bottom stay short', () => {
    const bounds = { 'README.md': 150, 'ARCHITECTURE.md': 200, 'CONTRIBUTING.md': 120, 'SECURITY.md': 150 };
    for (const [name, bound] of Object.entries(bounds)) {
      const found = everything.find(({ path }) => path === name);
      expect([name, found !== undefined && lineCount(found.text) <= bound]).toEqual([name, true]);
    }
  });

  it('every runtime dependency has its reason in the record, and no other has', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, object>;
    const wanted = Object.keys({ ...manifest['dependencies'], ...manifest['optionalDependencies'] }).sort();
    const record = everything.find(({ path }) => basename(path) === 'dependencies.md')?.text ?? '';
    const listed = [...record.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name).sort();
    expect(listed).toEqual(wanted);
  });
});
