import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Command } from 'commander';
import { NOWHERE } from '../scripts/cli-manual.js';
import { generatedPages } from '../scripts/manual.js';
import { buildProgram } from '../src/cli/program.js';
import { loadConfig } from '../src/config/load.js';
import { ERRORS, STREAM_ENDS } from '../src/core/errors.js';
import { filesUnder, ROOT } from './tidy/source-tree.js';

const documents = [...filesUnder('docs', /\.md$/), ...filesUnder('.', /^[A-Z]+\.md$/)];

describe('documents', () => {
  it.each(Object.entries(generatedPages()))('%s is what `npm run docs` writes', (path, text) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(text);
  });

  it('docs/errors.md names every code of ours and no other', () => {
    const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
    const listed = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);
    expect(listed).toEqual([...Object.keys(ERRORS), ...Object.keys(STREAM_ENDS)]);
  });

  it('every command line of a document is one that the program takes', () => {
    const program = buildProgram(NOWHERE, () => undefined);
    const lines = documents.flatMap(({ path, text }) => commandLines(text).map((line) => ({ path, line })));
    const wrong = lines.flatMap(({ path, line }) =>
      faultsOf(program, line).map((fault) => `${path}: ${line}: ${fault}`),
    );
    expect(lines.length).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
  });

  it('every configuration shown in a document is a good one', async () => {
    const blocks = documents.flatMap(({ path, text }) => configurations(text).map((block) => ({ path, block })));
    expect(blocks.length).toBeGreaterThan(3);
    for (const { path, block } of blocks) {
      const outcome = await loadConfig({
        text: block,
        env: { VLLM_KEY: 'secret', LLAMA_API_KEY: 'secret' },
        cwd: ROOT,
      });
      // The certificates of the examples are on no machine.
      const faults = outcome.ok ? [] : outcome.faults.filter((fault) => !fault.path.startsWith('tls.'));
      expect([path, faults]).toEqual([path, []]);
    }
  });

  it('every npm script a document names exists', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = documents.flatMap(({ text }) =>
      [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name),
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('every link of a document leads to a file', () => {
    const broken = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
        .map(([, target = '']) => join(dirname(path), target))
        .filter((target) => !existsSync(join(ROOT, target)))
        .map((target) => `${path} -> ${target}`),
    );
    expect(broken).toEqual([]);
  });
});

/** Lines of shell blocks that begin with the program, without comments. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.split('\n').filter((line) => line.startsWith('keyporter ')));
}

function configurations(text: string): string[] {
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);
}

/** What of a command line the program would not know: its words, or one of its options. */
function faultsOf(program: Command, line: string): string[] {
  const words = line
    .replace(/\s+#.*$/, '')
    .split(/\s+/)
    .slice(1);
  let command = program;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) break;
    command = next;
  }
  if (command === program) return ['no such command'];
  if (command.summary().includes('not yet in this version')) return ['not yet in this version'];
  const known = [...command.options, ...program.options].map((option) => option.long);
  const unknown = words
    .filter((word) => word.startsWith('--') && !known.includes(word))
    .map((word) => `no option ${word}`);
  const isGroup =
    command.commands.length > 0 &&
    command.registeredArguments.length === 0 &&
    !['me', 'streams', 'usage'].includes(command.name());
  return isGroup ? ['names a group, not a command'] : unknown;
}
