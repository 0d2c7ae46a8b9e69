import { readYaml } from '../config/yaml-tree.js';
import type { Reading } from './reading.js';

type Reader = (root: Record<string, unknown>, options: { now: number }) => Reading;

/** How each kind of YAML file shows itself. */
const KINDS: readonly (readonly [(root: Record<string, unknown>) => boolean, Reader])[] = [];

/** Reads a YAML file of a system that is known; null when it is none. */
export function readYamlFile(text: string, options: { now: number }): Reading | null {
  const { root } = readYaml(text);
  if (root === undefined) return null;
  const kind = KINDS.find(([fits]) => fits(root));
  return kind === undefined ? null : kind[1](root, options);
}
