import type * as z from 'zod';
import type { Screened } from './screen.js';
import { formatPath, isUnder, type Finding, type Path, type Removal } from './faults.js';

export interface Judged<T> {
  /** The sound part of the file with defaults; null when not even that could be made. */
  value: T | null;
  findings: Finding[];
  /** Where an entry of `value` was written, after faulty entries before it were left out. */
  asWritten(path: Path): Path;
}

/**
 * Judges values by the schema. What is faulty is named and then left out, so that the rules between
 * members can be asked about the rest and every fault is told at once. Nothing is said to be missing
 * where a member of a later version or a placeholder that could not be filled (`unfilled`) was taken out.
 */
export function judge<T>(
  { value: root, reduced, removals: earlier }: Screened,
  schema: z.ZodType<T>,
  unfilled: readonly Finding[],
): Judged<T> {
  const excused = [...reduced, ...unfilled.map(({ path }) => path.slice(0, -1))];
  const removals: Removal[] = [...earlier];
  const asWritten = (path: Path): Path => removals.reduceRight(undo, path);
  const findings: Finding[] = [];
  for (let round = 0; ; round += 1) {
    // A schema used once is judged faster without being compiled first.
    const result = schema.safeParse(root, { jitless: true });
    if (result.success) return { value: result.data, findings, asWritten };
    if (round === 0)
      findings.push(
        ...told(result.error.issues, excused).map(({ path, message }) => ({ path: asWritten(path), message })),
      );
    const removed = removeFaulty(root, result.error.issues, removals);
    if (!removed) return { value: null, findings, asWritten };
  }
}

function told(issues: readonly z.core.$ZodIssue[], excused: readonly Path[]): Finding[] {
  const findings: Finding[] = [];
  for (const issue of issues) {
    const path = pathOf(issue);
    const mayBeLater =
      issue.message === 'is missing' && excused.some((map) => map.length === path.length - 1 && isUnder(path, map));
    const known = findings.some(
      (finding) => formatPath(finding.path) === formatPath(path) && finding.message === issue.message,
    );
    if (!mayBeLater && !known) findings.push({ path, message: issue.message });
  }
  return findings;
}

function pathOf(issue: z.core.$ZodIssue): Path {
  return issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}

/** Takes the deepest written value of every issue out of the tree; false when there is nothing left to take. */
function removeFaulty(root: unknown, issues: readonly z.core.$ZodIssue[], removals: Removal[]): boolean {
  const paths = issues.map(pathOf).map((path) => deepestWritten(root, path));
  // Last entries of a list first, so that the positions of the others stay true.
  const ordered = [...new Map(paths.map((path) => [formatPath(path), path])).values()].sort(byPosition).reverse();
  let removed = false;
  for (const path of ordered) removed = take(root, path, removals) || removed;
  return removed;
}

function byPosition(left: Path, right: Path): number {
  for (const [depth, step] of left.entries()) {
    const other = right[depth];
    if (other === undefined) return 1;
    if (step === other) continue;
    return typeof step === 'number' && typeof other === 'number' ? step - other : String(step) < String(other) ? -1 : 1;
  }
  return left.length - right.length;
}

function deepestWritten(root: unknown, path: Path): Path {
  let node = root;
  for (const [depth, step] of path.entries()) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, step)) return path.slice(0, depth);
    node = (node as Record<string | number, unknown>)[step];
  }
  return path;
}

function take(root: unknown, path: Path, removals: Removal[]): boolean {
  const step = path.at(-1);
  if (step === undefined) return false;
  const list = path.slice(0, -1);
  const holder = list.reduce<unknown>(
    (node, name) => (node as Record<string | number, unknown> | undefined)?.[name],
    root,
  );
  if (Array.isArray(holder) && typeof step === 'number') {
    removals.push({ list, index: step });
    return holder.splice(step, 1).length > 0;
  }
  return typeof holder === 'object' && holder !== null && Reflect.deleteProperty(holder, step);
}

function undo(path: Path, { list, index }: Removal): Path {
  const position = path[list.length];
  if (!isUnder(path, list) || typeof position !== 'number' || position < index) return path;
  return [...list, position + 1, ...path.slice(list.length + 1)];
}
