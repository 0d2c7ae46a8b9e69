import { readYaml } from '../config/yaml-tree.js';
import { isLitellmConfig, readLitellmConfig } from './litellm-config.js';
import { isLlamaStack, readLlamaStack } from './llama-stack.js';
import { isLlamaSwap, readLlamaSwap } from './llama-swap.js';
import type { Reading } from './reading.js';
import { readSkyserve } from './skyserve.js';
import { isServiceTask } from './skyserve-task.js';
import { isVllmConfig, readVllmConfig } from './vllm-config.js';

type Root = Record<string, unknown>;

/** How each kind of YAML file shows itself. */
const KINDS: readonly (readonly [(root: Root) => boolean, (root: Root) => Reading])[] = [
  [isServiceTask, readSkyserve],
  [isLitellmConfig, readLitellmConfig],
  [isLlamaStack, readLlamaStack],
  [isLlamaSwap, readLlamaSwap],
  [isVllmConfig, readVllmConfig],
];

/** Reads a YAML file of a system that is known; null when it is none. */
export function readYamlFile(text: string): Reading | null {
  const { root } = readYaml(text);
  if (root === undefined) return null;
  const kind = KINDS.find(([fits]) => fits(root));
  return kind === undefined ? null : kind[1](root);
}
