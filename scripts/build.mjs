// Bundles src/ into dist/. Nothing is done when dist/ already belongs to the present sources.
//   node scripts/build.mjs [--force | --clean] [--any-ui]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildUi } from './build-ui.mjs';
import { licencesOf } from './licences.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.stamp');
const TYPES_STAMP = join(DIST, 'types/.stamp');

/** What is built: the file under dist/ and the source it comes from. */
const ENTRIES = [
  { out: 'main', source: 'src/main.ts' },
  { out: 'index', source: 'src/gateway.ts' },
  { out: 'middleware', source: 'src/middleware.ts' },
  { out: 'keeper', source: 'src/supervisor/keeper.ts' },
  { out: 'workers/key-store', source: 'src/storage/key-store-worker.ts' },
  { out: 'workers/usage', source: 'src/storage/usage-worker.ts' },
];

/** Everything besides src/ that changes what the build gives. */
const INPUTS = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/build.mjs',
  'scripts/licences.mjs',
];

/** Native, or loaded only where they are installed: never part of the bundle. */
const EXTERNAL = ['@photostructure/sqlite', 'node:sqlite'];

/**
 * Zod brings its sentences in fifty languages. We write our own: the only ones left are those it cannot do without.
 * They are a tenth of all that a start has to read.
 */
const WITHOUT_LANGUAGES = {
  name: 'without languages',
  setup(building) {
    building.onResolve({ filter: /\/locales\/index\.js$/ }, ({ importer, path }) =>
      importer.includes('/zod/') ? { path: join(dirname(importer), path, '../en.js') } : undefined,
    );
  },
};

/** CommonJS packages inside an ES module bundle still ask for `require`. */
const BANNER = `import { createRequire as keyporterRequire } from 'node:module';\nconst require = keyporterRequire(import.meta.url);`;

/** Chunks stay this long after a build replaced them: a gateway that runs may still load them. */
const KEEP_OLD_CHUNKS_MS = 24 * 60 * 60 * 1000;

/**
 * Builds what is stale. Answers whether there was anything. `runOnly` leaves the types of the library out,
 * `anyUi` takes the web UI that is there, also when it belongs to older sources.
 * @param {{ force?: boolean, clean?: boolean, runOnly?: boolean, anyUi?: boolean }} [options]
 */
export async function build(options = {}) {
  const started = performance.now();
  if (options.clean) await rm(DIST, { recursive: true, force: true });
  const stamp = await stampOf();
  const made = await Promise.all([
    bundleWhenStale(stamp, options),
    options.runOnly ? false : declareWhenStale(stamp),
    uiWhenStale(options),
  ]);
  if (!made.includes(true)) return false;
  console.log(`built dist/ in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return true;
}

/** To run, the gateway needs no web UI: what stands against building it is told, and stops nothing. */
function uiWhenStale(options) {
  if (!options.runOnly) return buildUi(ROOT, options);
  return buildUi(ROOT, options).catch((error) => {
    console.error(`The web interface could not be built, so it is missing: ${error.message}`);
    return false;
  });
}

async function bundleWhenStale(stamp, options) {
  const last = await lastBuild();
  const present = ENTRIES.every(({ out }) => existsSync(join(DIST, `${out}.js`)));
  if (!options.force && last.stamp === stamp && present) return false;
  const outputs = await bundle();
  await dropOldChunks(outputs, last.chunks);
  const chunks = outputs.filter((file) => dirname(file).endsWith('chunks')).map((file) => basename(file));
  await replaceFile(STAMP, [stamp, ...chunks].join('\n'));
  return true;
}

/** Writes the types of the library entry. A type error is for `npm run check` to judge and does not stop the build. */
async function declareWhenStale(stamp) {
  if ((await readFile(TYPES_STAMP, 'utf8').catch(() => '')) === stamp) return false;
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const child = spawn(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: ROOT, stdio: 'ignore' });
  await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  await replaceFile(TYPES_STAMP, stamp);
  return true;
}

async function bundle() {
  const { build: esbuild } = await import('esbuild');
  const result = await esbuild({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES.map((entry) => ({ in: entry.source, out: entry.out })),
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: EXTERNAL,
    plugins: [WITHOUT_LANGUAGES],
    banner: { js: BANNER },
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    write: false,
  });
  const isEntry = ({ path }) => dirname(path) !== join(DIST, 'chunks');
  const chunksFirst = result.outputFiles.toSorted((a, b) => isEntry(a) - isEntry(b));
  for (const { path, contents } of chunksFirst) await replaceFile(path, contents);
  await replaceFile(join(DIST, 'LICENCES.txt'), await licencesOf(ROOT, Object.keys(result.metafile.inputs)));
  await linkCommand();
  return result.outputFiles.map((file) => file.path);
}

/** Makes `dist/bin/keyporter`, so that one folder in PATH gives the command in a clone. */
async function linkCommand() {
  await chmod(join(DIST, 'main.js'), 0o755);
  await mkdir(join(DIST, 'bin'), { recursive: true });
  await symlink('../main.js', join(DIST, 'bin/keyporter')).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Two builds at once, or a gateway that starts meanwhile, never see half a file. */
async function replaceFile(path, contents) {
  const fresh = `${path}.${process.pid}.new`;
  await mkdir(dirname(path), { recursive: true });
  // The command can be called at every moment, also while it is built anew.
  await writeFile(fresh, contents, { mode: path === join(DIST, 'main.js') ? 0o755 : 0o644 });
  await rename(fresh, path);
}

async function dropOldChunks(outputs, replaced) {
  const directory = join(DIST, 'chunks');
  const current = new Set(outputs);
  const now = Date.now();
  for (const name of await readdir(directory).catch(() => [])) {
    const file = join(directory, name);
    if (current.has(file)) continue;
    if (replaced.includes(name)) await utimes(file, now / 1000, now / 1000);
    else if (now - (await stat(file)).mtimeMs > KEEP_OLD_CHUNKS_MS) await rm(file, { force: true });
  }
}

/** What the last build left: the hash of its sources, then the names of its chunks, one a line. */
async function lastBuild() {
  const [stamp = '', ...chunks] = (await readFile(STAMP, 'utf8').catch(() => '')).split('\n');
  return { stamp, chunks };
}

/** One hash over the content of everything the build reads. */
async function stampOf() {
  const sources = await readdir(join(ROOT, 'src'), { recursive: true });
  const files = sources
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join('src', name));
  const hash = createHash('sha256');
  for (const file of [...INPUTS, ...files.sort()])
    hash
      .update(`${file}\0`)
      .update(await readFile(join(ROOT, file)).catch(() => ''))
      .update('\0');
  return hash.digest('hex');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const options = {
    force: process.argv.includes('--force'),
    clean: process.argv.includes('--clean'),
    anyUi: process.argv.includes('--any-ui'),
  };
  try {
    if (!(await build(options))) console.log('dist/ is up to date');
  } catch (error) {
    // esbuild has printed each fault with its place.
    console.error(error.errors ? 'The build failed: see above.' : error);
    process.exitCode = 1;
  }
}
