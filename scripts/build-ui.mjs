// Builds ui/ into dist/ui/, with each file compressed beside it. Nothing is done when it already belongs to the present sources.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { licencesOf } from './licences.mjs';

/** Everything besides ui/ that changes what the build gives. Of the admin API only types are used, and types leave nothing behind. */
const INPUTS = ['package-lock.json', 'scripts/build-ui.mjs'];

/** What is text becomes smaller; anything below this size is not worth it. */
const COMPRESSED = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt']);
const LEAST_BYTES = 1024;

/**
 * Answers whether there was anything to do.
 * @param {string} root of the repository
 * @param {{ force?: boolean, anyUi?: boolean }} [options] `anyUi`: what is there will do
 */
export async function buildUi(root, { force = false, anyUi = false } = {}) {
  const out = join(root, 'dist/ui');
  const stampFile = join(out, '.stamp');
  const stamp = await stampOf(root);
  // Without a stamp it is what Vite alone made, and nothing in it is compressed.
  const last = await readFile(stampFile, 'utf8').catch(() => '');
  const isPresent = last !== '' && existsSync(join(out, 'index.html')) && (anyUi || last === stamp);
  if (isPresent && !force) return false;
  const fresh = `${out}.${process.pid}.new`;
  const { build } = await import('vite');
  const modules = new Set();
  const remember = {
    name: 'remember-modules',
    generateBundle: (_, bundle) =>
      Object.values(bundle).forEach((chunk) => Object.keys(chunk.modules ?? {}).forEach((id) => modules.add(id))),
  };
  try {
    await build({
      configFile: join(root, 'ui/vite.config.ts'),
      logLevel: 'warn',
      plugins: [remember],
      build: { outDir: fresh, emptyOutDir: true, reportCompressedSize: false },
    });
    await writeFile(join(fresh, 'LICENCES.txt'), await licencesOf(root, pathsOf(root, modules)));
    await compressAll(fresh);
    await writeFile(join(fresh, '.stamp'), stamp);
    await replaceFolder(fresh, out);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return true;
}

/** Modules as paths from the root, without what the bundler made up itself. */
function pathsOf(root, modules) {
  return [...modules].filter((id) => id.startsWith(root)).map((id) => relative(root, id));
}

/** Two builds at once, or a gateway that starts meanwhile, never see half of it. */
async function replaceFolder(fresh, out) {
  const old = `${out}.${process.pid}.old`;
  await mkdir(out, { recursive: true });
  await rename(out, old).catch(() => undefined);
  await rename(fresh, out).catch((error) => {
    // Another build was faster, with the same sources.
    if (!existsSync(join(out, 'index.html'))) throw error;
  });
  await rm(old, { recursive: true, force: true });
}

async function compressAll(folder) {
  const names = await readdir(folder, { recursive: true });
  await Promise.all(names.filter((name) => COMPRESSED.has(extname(name))).map((name) => compress(join(folder, name))));
}

async function compress(file) {
  if ((await stat(file)).size < LEAST_BYTES) return;
  const bytes = await readFile(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  const [brotli, gzipped] = await Promise.all([
    promisify(brotliCompress)(bytes, { params }),
    promisify(gzip)(bytes, { level: 9 }),
  ]);
  await Promise.all([writeFile(`${file}.br`, brotli), writeFile(`${file}.gz`, gzipped)]);
}

/** One hash over the content of everything the build reads. */
async function stampOf(root) {
  const sources = await readdir(join(root, 'ui'), { recursive: true, withFileTypes: true });
  const files = sources
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  const hash = createHash('sha256');
  for (const file of [...INPUTS, ...files.sort()])
    hash
      .update(`${file}\0`)
      .update(await readFile(join(root, file)).catch(() => ''))
      .update('\0');
  return hash.digest('hex');
}
