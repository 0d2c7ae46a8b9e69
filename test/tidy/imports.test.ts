import { describe, expect, it } from 'vitest';
import { filesUnder, importsOf, linesMatching, sources, tests, type Import, type SourceFile } from './source-tree.js';

/** The stages of a request. They meet only in the exchange and never import each other. */
const STAGES = [
  'identity',
  'keys',
  'access',
  'limits',
  'replicas',
  'upstream',
  'usage',
  'audit',
  'dialects',
  'inflight',
  'orchestra',
  'tracing',
];

/** Files that declare what one part needs of another: their types may be imported by anyone above `core`. */
const PORTS = [
  'src/keys/key.ts',
  'src/keys/packed.ts',
  'src/usage/request-row.ts',
  'src/usage/ledger.ts',
  'src/usage/replay-port.ts',
  'src/usage/meter.ts',
  'src/limits/limit-store.ts',
  'src/replicas/fair-share.ts',
  'src/replicas/model.ts',
  'src/replicas/probe.ts',
  'src/identity/providers/ask.ts',
  'src/admin/ports.ts',
];

interface Reach {
  /** Folders whose code it may use, besides its own. */
  code: readonly string[];
  /** Folders whose types it may name, besides those of `code` and the ports. */
  types?: readonly string[];
  /** Single files whose code it may use. */
  files?: readonly string[];
}

const STAGE: Reach = { code: ['core'], types: ['config'] };

/** Which folder may import which. `gateway` is the composition root: src/gateway.ts and src/gateway/. */
const DIRECTIONS: Record<string, Reach> = {
  core: { code: [] },
  // The words of the scopes, so that a file with an unknown one is refused.
  config: { code: ['core'], files: ['src/access/scope.ts'] },
  ...Object.fromEntries(STAGES.map((stage) => [stage, STAGE])),
  http: { code: ['core'], types: ['config'] },
  pipeline: { code: ['core', 'http', ...STAGES], types: ['config'] },
  // Which routes a listener has; the stages behind them lie in `pipeline`.
  profiles: { code: ['core', 'dialects', 'pipeline'] },
  storage: { code: ['core', 'keys', 'usage', 'audit'], types: ['config'] },
  admin: { code: ['core'], types: ['config'] },
  demo: { code: ['core'] },
  supervisor: { code: ['core'], types: ['config'] },
  doctor: { code: ['core'], types: ['config'] },
  // Readers of foreign files; a database among them is read by the engine of our own, and Orchestra's networks as the listener means them.
  // Keys that no store would take are left out.
  import: {
    code: ['core', 'config'],
    files: [
      'src/storage/sqlite/driver.ts',
      'src/storage/sqlite/faults.ts',
      'src/keys/import-fault.ts',
      'src/orchestra/key-file.ts',
      'src/orchestra/weak-keys.ts',
    ],
  },
  // Where the gateway of a data directory runs, and what needs no gateway at all.
  cli: {
    code: ['core', 'config', 'admin', 'gateway', 'import'],
    files: [
      'src/storage/data-directory.ts',
      'src/keys/scan.ts',
      'src/orchestra/edit-key-file.ts',
      'src/orchestra/weak-keys.ts',
    ],
  },
  gateway: {
    code: [
      'core',
      'config',
      'http',
      'pipeline',
      'profiles',
      'storage',
      'admin',
      'demo',
      'doctor',
      'supervisor',
      ...STAGES,
    ],
  },
  main: { code: ['core', 'cli', 'gateway'] },
  // Runs in other people's programs: nothing of the gateway comes along.
  middleware: {
    code: ['core'],
    files: ['src/access/scope.ts', 'src/keys/format.ts', 'src/identity/providers/json.ts'],
  },
};

/** `src/keys/key.ts` lies in `keys`, `src/gateway.ts` in `gateway`. */
function folderOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.ts$/, '');
}

function allowed(file: SourceFile, one: Import): boolean {
  if (one.target === null) return true;
  const from = folderOf(file.path);
  const to = folderOf(one.target);
  const reach = DIRECTIONS[from];
  if (reach === undefined) return false;
  if (from === to || reach.code.includes(to) || reach.files?.includes(one.target)) return true;
  if (!one.typeOnly || from === 'core') return false;
  return (reach.types ?? []).includes(to) || PORTS.includes(one.target);
}

describe('import directions', () => {
  const files = sources();

  it('every folder of src has its place in the table of directions', () => {
    const unknown = new Set(files.map((file) => folderOf(file.path)).filter((folder) => !(folder in DIRECTIONS)));
    expect([...unknown]).toEqual([]);
  });

  it('every folder imports only what the table allows', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((one) => !allowed(file, one))
        .map((one) => `${file.path} -> ${one.target}${one.typeOnly ? ' (type)' : ''}`),
    );
    expect(wrong).toEqual([]);
  });

  it('every relative import of src leads to a file', () => {
    const known = new Set(files.map((file) => file.path));
    const missing = files.flatMap((file) =>
      importsOf(file)
        .filter((one) => one.target !== null && !known.has(one.target))
        .map((one) => `${file.path} -> ${one.specifier}`),
    );
    expect(missing).toEqual([]);
  });

  it('no file of src is unused', () => {
    const entries = [
      'src/main.ts',
      'src/gateway.ts',
      'src/middleware.ts',
      'src/supervisor/keeper.ts',
      'src/storage/key-store-worker.ts',
      'src/storage/usage-worker.ts',
    ];
    const users = [...files, ...filesUnder('scripts', /\.ts$/)];
    const used = new Set([...entries, ...users.flatMap((file) => importsOf(file).map((one) => one.target))]);
    expect(files.map((file) => file.path).filter((path) => !used.has(path))).toEqual([]);
  });

  it('no file imports itself by any way', () => {
    expect(cycles(files)).toEqual([]);
  });

  it('undici is used under src/upstream alone', () => {
    const outside = files.filter((file) => folderOf(file.path) !== 'upstream');
    const users = outside.filter((file) => importsOf(file).some((one) => one.specifier.startsWith('undici')));
    expect(users.map((file) => file.path)).toEqual([]);
  });

  it('no test replaces a module by a mock', () => {
    expect(linesMatching(tests(), new RegExp(String.raw`\bvi\.(mock|doMock|hoisted)\(`))).toEqual([]);
  });
});

/** Every way along imports of code that comes back to where it began, as `a -> b -> a`. */
function cycles(files: readonly SourceFile[]): string[] {
  const next = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter((one) => !one.typeOnly)
        .map((one) => one.target),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' -> '));
    if (done.has(path) || way.includes(path)) return;
    for (const target of next.get(path) ?? []) if (target !== null) visit(target, [...way, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  return found;
}
