import { fillText, type Resolve } from './skyserve-text.js';
import type { ServiceTask } from './skyserve-task.js';

/** Where a replica learns its port; SkyServe's own name for it. */
const PORT_VARIABLE = 'SKYPILOT_SERVE_REPLICA_PORT';

/** The run section as one machine can run it many times over. */
export interface ReplicaScript {
  text: string;
  /** Each replica gets a port of its own. */
  ownPort: boolean;
  /** What was changed, one sentence each. */
  notes: readonly string[];
}

/** Replaces the words that say where to listen, and nothing else. The script is called with the number of the replica, from 0, and its port. */
export function replicaScript(task: ServiceTask, port: number): ReplicaScript {
  const portWord = new RegExp(String.raw`(^|\s)--port([ \t]+|=)(["']?)${port}\3(?=[\s"';&|)]|$)`, 'gm');
  const hostWord = /(^|\s)--host([ \t]+|=)(["']?)0\.0\.0\.0\3(?=[\s"';&|)]|$)/gm;
  const ownPort = portWord.test(task.run);
  const onEveryAddress = hostWord.test(task.run);
  const run = task.run.replaceAll(portWord, `$1--port$2$${PORT_VARIABLE}`).replaceAll(hostWord, '$1--host$2127.0.0.1');
  const notes = [
    ...(ownPort ? [`\`--port ${port}\` in the run section becomes a port of its own for each replica.`] : []),
    ...(onEveryAddress
      ? ['`--host 0.0.0.0` in the run section becomes `--host 127.0.0.1`: only Keyporter reaches the replicas.']
      : []),
  ];
  const begin = [
    `export SKYPILOT_SERVE_REPLICA_ID=$(($1 + 1)) ${PORT_VARIABLE}=$2`,
    'shift 2',
    ...(task.workdir === null ? [] : [`cd -- ${quoted(task.workdir)} || exit 1`]),
  ];
  return { text: `${begin.join('\n')}\n${run}`, ownPort, notes };
}

/** The names under which the engine of the script offers its model: the first is its name, the others stand beside it. Empty = unclear. */
export function modelNames(script: string, resolve: Resolve): string[] {
  const oneLine = script.replaceAll(/\\\r?\n/g, ' ');
  const found =
    /--served-model-name[ \t=]+([^\n;|&]+)/.exec(oneLine)?.[1] ??
    /--model(?:-path)?[ \t=]+(\S+)/.exec(oneLine)?.[1] ??
    /\bvllm\s+serve\s+([^\s-]\S*)/.exec(oneLine)?.[1] ??
    '';
  const words = found.trim().split(/\s+/);
  const end = words.findIndex((word) => word.startsWith('-'));
  const names = (end < 0 ? words : words.slice(0, end)).map((word) => fillText(word.replaceAll(/["']/g, ''), resolve));
  return names.every((name) => /^[^\s$`(){}]+$/.test(name)) ? [...new Set(names)] : [];
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
