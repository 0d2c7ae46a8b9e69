import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What is made on a machine and never kept in the repository. */
const MADE_HERE = new Set(['.git', 'node_modules', 'dist', '.cache', 'coverage']);

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  path: string;
  text: string;
}

export interface Import {
  /** As written: `./key.js`, `node:fs`, `undici`. */
  specifier: string;
  /** Path of the file it means, or null for a package or a built-in. */
  target: string | null;
  /** Nothing of it is left when the program runs. */
  typeOnly: boolean;
}

/** Every file of the repository below `folder` whose path matches. */
export function filesUnder(folder: string, pattern: RegExp): SourceFile[] {
  return walk(join(ROOT, folder))
    .map((file) => relative(ROOT, file).split('\\').join('/'))
    .filter((path) => pattern.test(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

function walk(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => {
    if (MADE_HERE.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

export const sources = (): SourceFile[] => filesUnder('src', /(?<!\.test)\.ts$/);
export const tests = (): SourceFile[] => [...filesUnder('src', /\.test\.ts$/), ...filesUnder('test', /\.ts$/)];

const STATIC_IMPORT = /^(?:import|export)\s+(type\s)?([\w\s{},*$]*?)\s*from\s*'([^']+)';/gm;
const BARE_IMPORT = /^import\s*'([^']+)';/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*'([^']+)'/g;

/** What a file imports and re-exports. Reads the forms that the formatter leaves. */
export function importsOf(file: SourceFile): Import[] {
  const found: { specifier: string; typeOnly: boolean }[] = [];
  for (const [, type, names = '', specifier = ''] of file.text.matchAll(STATIC_IMPORT)) {
    found.push({ specifier, typeOnly: type !== undefined || onlyTypeNames(names) });
  }
  for (const [, specifier = ''] of file.text.matchAll(BARE_IMPORT)) found.push({ specifier, typeOnly: false });
  for (const [, specifier = ''] of withoutComments(file.text).matchAll(DYNAMIC_IMPORT)) {
    found.push({ specifier, typeOnly: false });
  }
  return found.map((one) => ({ ...one, target: targetOf(file.path, one.specifier) }));
}

/** `{ type A, type B }`: every name is a type. */
function onlyTypeNames(names: string): boolean {
  const listed = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1];
  if (listed === undefined) return false;
  const parts = listed.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '').every((part) => part.startsWith('type '));
}

function targetOf(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return join(dirname(from), specifier).split('\\').join('/').replace(/\.js$/, '.ts');
}

/** The code without its comments. Line numbers stay. Good enough for text without comment signs in strings and patterns. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, '')).replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** Every line of code that matches, as `path:line: text`. */
export function linesMatching(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    withoutComments(text)
      .split('\n')
      .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
}

export function lineCount(text: string): number {
  return text.split('\n').length - 1;
}
