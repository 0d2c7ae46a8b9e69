// Copies the two pictures of the README from those the tests of the web UI made into docs/images/.
//   npx vitest run test/ui/pages.test.ts && node scripts/pictures.mjs
import { copyFile, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MADE = join(ROOT, '.cache/ui-screenshots');
const SHOWN = join(ROOT, 'docs/images');
/** A README is opened over slow lines too. */
const MOST_BYTES = 200_000;

const PICTURES = { 'readme-overview.png': 'overview-light.png', 'readme-keys.png': 'keys-dark.png' };

await mkdir(SHOWN, { recursive: true });
for (const [made, shown] of Object.entries(PICTURES)) {
  const { size } = await stat(join(MADE, made));
  if (size > MOST_BYTES) throw new Error(`${made} has ${size} bytes, more than ${MOST_BYTES}.`);
  await copyFile(join(MADE, made), join(SHOWN, shown));
  console.log(`docs/images/${shown}: ${size} bytes`);
}
