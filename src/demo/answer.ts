import { randomBytes } from 'node:crypto';

export const DEMO_MODEL = 'demo';

/** What the demo says to one request, before it takes the shape of a dialect. */
export interface Answer {
  id: string;
  /** Unix seconds. */
  created: number;
  /** The answer in pieces as they are streamed, one token each. */
  words: readonly string[];
  /** True when the cap ended it. */
  cut: boolean;
  inputTokens: number;
}

/** One block of an event stream. `paced` = it carries a word, and comes after a small pause. */
export interface Frame {
  text: string;
  paced: boolean;
}

/** A JSON object from a body; every member is still to be checked. */
export type Body = Readonly<Record<string, unknown>>;

const LONGEST_ECHO = 80;
const DEEPEST_CONTENT = 4;
/** What is left of a character that takes two places when it is cut in the middle. */
const HALF_CHARACTER = /[\ud800-\udbff]$/;

/** Says that it is the demo and repeats a little of what was asked. `cap` = the most tokens, null = as many as it takes. */
export function answerTo(
  asked: string,
  input: string,
  { cap, created }: { cap: number | null; created: number },
): Answer {
  const echo = asked.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  const said = echo.length > LONGEST_ECHO ? `${echo.slice(0, LONGEST_ECHO).replace(HALF_CHARACTER, '')}...` : echo;
  const repeated = said === '' ? '' : ` You said: "${said}".`;
  const text = `Hello! I am the demo model of Keyporter, not a language model.${repeated} Start llama.cpp, vLLM, SGLang, LM Studio or Ollama on this machine and I make room for it.`;
  const words = text.match(/\S+\s*/g) ?? [];
  const cut = cap !== null && cap < words.length;
  return {
    id: randomBytes(12).toString('hex'),
    created,
    words: cut ? words.slice(0, cap) : words,
    cut,
    inputTokens: countTokens(input),
  };
}

/** The demo's tokens are words. */
export function countTokens(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** The first of these members that is a positive whole number; `-1`, null and absence mean no cap. */
export function capOf(body: Body, names: readonly string[]): number | null {
  const value = names
    .map((name) => body[name])
    .find((candidate) => typeof candidate === 'number' && Number.isInteger(candidate) && candidate > 0);
  return typeof value === 'number' ? value : null;
}

/** The text in a prompt, a message, a list of parts or a list of messages. */
export function textIn(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value;
  if (depth > DEEPEST_CONTENT || typeof value !== 'object' || value === null) return '';
  if (Array.isArray(value))
    return value
      .map((part) => textIn(part, depth + 1))
      .filter((text) => text !== '')
      .join(' ');
  const { text, content } = value as { text?: unknown; content?: unknown };
  return textIn(text ?? content, depth + 1);
}

/** The text of the last message somebody wrote; of everything when none is marked as a user's. */
export function lastAsked(messages: unknown): string {
  const own = Array.isArray(messages)
    ? messages.findLast((message: unknown) => (message as { role?: unknown } | null)?.role === 'user')
    : undefined;
  return textIn(own ?? messages);
}

/** An event of a stream. OpenAI's chat streams name no event, the others do. */
export function frame(data: object, { event, paced = false }: { event?: string; paced?: boolean } = {}): Frame {
  const name = event === undefined ? '' : `event: ${event}\n`;
  return { text: `${name}data: ${JSON.stringify(data)}\n\n`, paced };
}
