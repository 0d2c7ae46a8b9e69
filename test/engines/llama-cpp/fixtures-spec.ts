import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BareEngine } from './bare-engine.js';
import { EMBEDDINGS, PARTS, TEXT } from './engine-parts.js';
import { fixtureFile, readFixture, readWire } from './fixture.js';
import { EMBEDDING_QUESTIONS, TEXT_QUESTIONS } from './questions.js';
import { shapeOf } from './shape.js';

const FOLDER = dirname(fixtureFile('any'));
const GROUPS = [
  { title: 'of texts', options: TEXT, questions: TEXT_QUESTIONS },
  { title: 'of embeddings', options: EMBEDDINGS, questions: EMBEDDING_QUESTIONS },
];

for (const { title, options, questions } of GROUPS) {
  describe(`what a server ${title} sends is what its fixtures hold`, () => {
    let engine: BareEngine;
    beforeAll(async () => {
      engine = await BareEngine.start(options);
    });
    afterAll(() => engine.close());

    test.each(Object.entries(questions))('%s', async (name, question) => {
      const sent = await engine.ask(question);
      if (PARTS.record) await writeFile(fixtureFile(name), sent);
      expect(shapeOf(readWire(sent))).toEqual(shapeOf(await readFixture(name)));
    });
  });
}

test('the fixtures say of which server they are', async () => {
  expect(await readFile(join(FOLDER, 'README.md'), 'utf8')).toContain(PARTS.version);
});

test('no fixture is left of a question nobody asks any more', async () => {
  const asked = GROUPS.flatMap(({ questions }) => Object.keys(questions)).map((name) => `${name}.http`);
  const kept = (await readdir(FOLDER)).filter((name) => name.endsWith('.http'));
  const old = kept.filter((name) => !asked.includes(name));
  if (PARTS.record) await Promise.all(old.map((name) => rm(join(FOLDER, name))));
  else expect(kept.toSorted()).toEqual(asked.toSorted());
});
