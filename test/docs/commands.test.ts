import { afterAll, describe, expect, it } from 'vitest';
import { filesUnder } from '../tidy/source-tree.js';
import { Reader } from './reader.js';
import { fenceLanguages, typedBlocks } from './shell-blocks.js';

/** Blocks that nobody runs, in all documents. Only ever lowered. */
const MOST_MARKS = 21;
/** What a fence may hold besides what is typed: shown to be read, or put into a file. */
const SHOWN = ['yaml', 'json', 'text', 'nginx', 'caddyfile', 'toml', 'ini', 'mermaid'];

const documents = [...filesUnder('docs', /\.md$/), ...filesUnder('.', /^[A-Z]+\.md$/)].map(({ path, text }) => ({
  path,
  text,
  blocks: typedBlocks(text),
}));
const marked = documents.flatMap(({ path, blocks }) =>
  blocks.flatMap(({ line, notRun }) => (notRun === null ? [] : [`${path}:${line}: ${notRun}`])),
);
const typed = documents.filter(({ blocks }) => blocks.some(({ notRun }) => notRun === null));

describe('what the documents tell a reader to type', () => {
  it.concurrent.each(typed)('$path works as it is printed', { timeout: 120_000 }, async ({ blocks }) => {
    const reader = await Reader.sitDown();
    try {
      const { code, output } = await reader.type(blocks.filter(({ notRun }) => notRun === null));
      expect(code, output.slice(-1500)).toBe(0);
    } finally {
      await reader.leave();
    }
  });

  it('is run, but for the blocks that say why not', () => {
    expect(marked.length).toBeLessThanOrEqual(MOST_MARKS);
  });

  it('stands in fences whose language says whether it is typed', () => {
    const unknown = documents.flatMap(({ path, text }) =>
      fenceLanguages(text)
        .filter((language) => !['sh', 'ts', 'python', ...SHOWN].includes(language))
        .map((language) => `${path}: ${language}`),
    );
    expect(unknown).toEqual([]);
  });

  it('is marked right before a fence and nowhere else', () => {
    const marks = documents.flatMap(({ text }) => [...text.matchAll(/^ *<!-- *not run/gm)]);
    expect(marks.length).toBe(marked.length);
  });

  afterAll(() => {
    const run = documents.flatMap(({ blocks }) => blocks).length - marked.length;
    console.log(`${run} blocks of the documents are run, ${marked.length} are not:\n${marked.join('\n')}`);
  });
});
