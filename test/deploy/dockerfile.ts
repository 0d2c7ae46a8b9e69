export interface Instruction {
  word: string;
  rest: string;
}

/** The instructions of a Dockerfile, continued lines joined, comments left out. */
export function instructionsOf(text: string): Instruction[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    return { word, rest };
  });
}

/** The stages of a Dockerfile, each from its FROM on. */
export function stagesOf(text: string): Instruction[][] {
  const stages: Instruction[][] = [];
  for (const instruction of instructionsOf(text)) {
    if (instruction.word === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}

/** What an instruction in the exec form would run: a JSON list, after its options. */
export function execForm(stage: readonly Instruction[], word: string): string[] {
  const found = stage.find((instruction) => instruction.word === word)?.rest ?? '[]';
  return JSON.parse(found.slice(found.indexOf('['))) as string[];
}
