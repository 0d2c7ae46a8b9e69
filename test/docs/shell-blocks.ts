/** A fenced block of a document that a reader types into a shell or runs as a program. */
export interface TypedBlock {
  language: 'sh' | 'ts' | 'python';
  /** Line of the document in which the block begins, counted from 1. */
  line: number;
  text: string;
  /** Why nobody runs it here, from a mark in the line before it; null = it is run. */
  notRun: string | null;
  /** The last configuration shown above it; a reader has it in his `keyporter.yaml` by now. */
  configuration: string | null;
}

const FENCE = /^(?<indent> *)```(?<language>[\w-]*)$/;
const MARK = /^ *<!-- not run: (?<reason>\S.*) -->$/;
const RUN = new Set(['sh', 'ts', 'python']);

/** Every block of a Markdown text that is meant to be typed or run, in order. */
export function typedBlocks(text: string): TypedBlock[] {
  const found: TypedBlock[] = [];
  const lines = text.split('\n');
  let configuration: string | null = null;
  for (let at = 0; at < lines.length; at += 1) {
    const fence = FENCE.exec(lines[at] ?? '')?.groups;
    if (fence === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === '```');
    const indent = (fence['indent'] ?? '').length;
    const inside = lines.slice(at + 1, end).map((line) => line.slice(indent));
    const language = fence['language'] ?? '';
    if (language === 'yaml') configuration = inside.join('\n');
    const notRun = MARK.exec(lines[at - 1] ?? '')?.groups?.['reason'] ?? null;
    if (RUN.has(language))
      found.push({
        language: language as TypedBlock['language'],
        line: at + 1,
        text: inside.join('\n'),
        notRun,
        configuration,
      });
    at = end;
  }
  return found;
}

/** Languages of the fences of a Markdown text; closing fences have none. */
export function fenceLanguages(text: string): string[] {
  return [...text.matchAll(/^ *```([\w-]+)$/gm)].map(([, language = '']) => language);
}
