import { readYaml } from '../config/yaml-tree.js';
import { isLitellmConfig, readLitellmConfig } from './litellm-config.js';
import { isLlamaStack, readLlamaStack } from './llama-stack.js';
import { isLlamaSwap, readLlamaSwap } from './llama-swap.js';
import { UnreadableFile, type ImportOptions, type Reading } from './reading.js';
import { readSkyserve } from './skyserve.js';
import { isServiceTask } from './skyserve-task.js';
import { isVllmConfig, readVllmConfig } from './vllm-config.js';

type Root = Record<string, unknown>;

/** How each kind of YAML file shows itself. */
const KINDS: readonly (readonly [(root: Root) => boolean, (root: Root, options: ImportOptions) => Reading])[] = [
  [isServiceTask, readSkyserve],
  [isLitellmConfig, readLitellmConfig],
  [isLlamaStack, readLlamaStack],
  [isLlamaSwap, readLlamaSwap],
  [isVllmConfig, readVllmConfig],
];

/** Reads a YAML file of a system that is known; null when it is none. */
export function readYamlFile(text: string, options: ImportOptions): Reading | null {
  const { root } = readYaml(text);
  if (root === undefined) return null;
  const kind = KINDS.find(([fits]) => fits(root));
  return kind === undefined ? null : kind[1](root, options);
}

/** Throws an `UnreadableFile` with the line at fault when the text is no YAML. The line itself may hold a secret and is not shown. */
export function refuseBrokenYaml(text: string): void {
  const [fault] = readYaml(text).faults;
  if (fault !== undefined) throw new UnreadableFile(`is YAML that cannot be read, at line ${fault.line}`);
}
