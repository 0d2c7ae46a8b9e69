// Says what a first visit loads, and fails when it is more than the bound. Run after `vite build ui`.
//   node ui/size.mjs
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUILT = join(dirname(fileURLToPath(import.meta.url)), '../dist/ui');
const MOST_BYTES = 300_000;

/** Everything index.html names, what that imports at once, and the page a visit begins with: the overview and its chart. */
async function firstLoad() {
  const html = await readFile(join(BUILT, 'index.html'), 'utf8');
  const names = await readdir(join(BUILT, 'assets'));
  const wanted = new Set([...html.matchAll(/assets\/([\w.-]+)/g)].map(([, name]) => name));
  for (const name of names) if (/^(overview-page|chart)[\w-]*\.(js|css)$/.test(name)) wanted.add(name);
  for (const name of wanted) {
    if (!name.endsWith('.js')) continue;
    const text = await readFile(join(BUILT, 'assets', name), 'utf8');
    for (const [, imported] of text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+)["']/g)) wanted.add(imported);
  }
  return [
    'index.html',
    ...[...wanted].toSorted((left, right) => left.localeCompare(right)).map((name) => join('assets', name)),
  ];
}

let total = 0;
for (const file of await firstLoad()) {
  const bytes = gzipSync(await readFile(join(BUILT, file)), { level: 9 }).length;
  total += bytes;
  console.log(`${(bytes / 1000).toFixed(1).padStart(8)} kB  ${file}`);
}
console.log(`${(total / 1000).toFixed(1).padStart(8)} kB  gzipped in all, at most ${MOST_BYTES / 1000} kB`);
if (total > MOST_BYTES) process.exitCode = 1;
