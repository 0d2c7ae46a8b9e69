import { Refusal } from '../core/errors.js';
import type { BodyHead, TopMember } from '../core/exchange.js';
import type { Edit } from './edit.js';
import { membersAt } from './json-scan.js';
import { inside, outermost, putMember } from './put-member.js';

/** Members that bound the answer on one kind of engine or another. An engine may read one that another passes over. */
const TOKEN_CAPS: ReadonlySet<string> = new Set([
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'n_predict',
]);
/** The member of Ollama's that holds others, and the cap among them. */
const OPTIONS = 'options';
const OPTIONS_CAP = 'num_predict';
const IN_OPTIONS = `${OPTIONS}.${OPTIONS_CAP}`;
/** Members that ask for several answers at once. They are not multiplied: each engine reads one of them. */
const COPIES: ReadonlySet<string> = new Set(['n', 'best_of', 'n_cmpl']);
/** Several prompts in one body are answered each. */
const PROMPT = 'prompt';
/** Names whose other spellings are refused: some readers fold case, and would read a cap that was not clamped. */
const EXACT: ReadonlySet<string> = new Set([...TOKEN_CAPS, ...COPIES, OPTIONS, PROMPT, 'stream_options']);
/** A name of these alone has no other spelling that is folded to one of them. */
const PLAIN = /^[a-z0-9_]*$/;

/** A body and what is known about its caps. */
export interface Capped {
  body: Buffer;
  head: BodyHead;
  /** Members that bound the answer on this path, the usual one first. Those that do not count tokens mean nothing here. */
  caps: readonly string[];
  /** A cap of 0 is read as none on this path. */
  zeroIsNone?: boolean | undefined;
  /** What is already to be replaced: a member stands for the value it is going to have. */
  edits: readonly Edit[];
}

/** What a request may be answered with. */
export interface OutputCap {
  /** Tokens of all its answers together; null = it names no end. */
  cap: number | null;
  /** Answers it asks for. */
  copies: number;
}

/**
 * The most tokens that any reader of this body could answer with. Members that the path does not know
 * can only raise it. `-1` means no end, and so does 0, which some engines read so. Refuses other
 * spellings of these members.
 */
export function readCaps(capped: Capped): OutputCap {
  const { found, copies } = read(capped);
  let most = 0;
  let known = false;
  for (const { name, value } of found) {
    if (value <= 0) return { cap: null, copies };
    most = Math.max(most, value);
    known ||= capped.caps.includes(name);
  }
  return { cap: known ? most * copies : null, copies };
}

/**
 * Everything that is to be replaced so that the answers take at most `left` tokens together: the edits
 * there are, with the caps that ask for more or for no end lowered. With `inject`, a body without a cap
 * gets one; a path without caps never does. Each answer may have one token at least.
 */
export function clampCaps(capped: Capped, left: number, { inject }: { inject: boolean }): Edit[] {
  const { caps, edits, zeroIsNone = false } = capped;
  const { found, copies } = read(capped);
  const each = Math.max(1, Math.floor(left / copies));
  const value = Buffer.from(String(each));
  const lowered = found
    .filter((cap) => cap.value > each || cap.value < 0 || (cap.value === 0 && zeroIsNone))
    .map(({ from, to }) => ({ from, to, bytes: value }));
  const kept = edits.filter((edit) => !lowered.some(({ from, to }) => from === edit.from && to === edit.to));
  const own = caps.find((name) => TOKEN_CAPS.has(name) || name === IN_OPTIONS);
  const injected =
    inject && own !== undefined && !found.some(({ name }) => caps.includes(name))
      ? added(capped, own, String(each))
      : [];
  return [...kept, ...lowered, ...injected];
}

interface FoundCap {
  name: string;
  value: number;
  from: number;
  to: number;
}

/** The caps in a body, and the number of answers it asks for. Refuses what two readers could read differently. */
function read(capped: Capped): { found: FoundCap[]; copies: number } {
  const found: FoundCap[] = [];
  let answers = 1;
  let prompts = 1;
  for (const member of capped.head.members) {
    const { name, kind, from, to } = member;
    if (TOKEN_CAPS.has(name)) {
      const value = numberOf(capped, member);
      if (value !== null) found.push({ name, value, from, to });
    } else if (COPIES.has(name)) answers = Math.max(answers, numberOf(capped, member) ?? 1);
    else if (name === OPTIONS && kind === 'object') found.push(...capInOptions(capped, member));
    else if (name === PROMPT && kind === 'array') prompts = promptsIn(capped.body, member);
    else refuseOtherSpelling(name);
  }
  return { found, copies: answers * prompts };
}

function capInOptions(capped: Capped, options: TopMember): FoundCap[] {
  if (!capped.caps.includes(IN_OPTIONS)) return [];
  const cap = membersAt(capped.body, options.from).find(({ name }) => name === OPTIONS_CAP);
  const value = cap === undefined ? null : numberOf(capped, cap);
  return cap === undefined || value === null ? [] : [{ name: IN_OPTIONS, value, from: cap.from, to: cap.to }];
}

/** A list of numbers is one prompt, already cut into tokens. */
function promptsIn(body: Buffer, { from, to }: TopMember): number {
  const list = JSON.parse(body.toString('utf8', from, to)) as unknown[];
  return list.every((entry) => typeof entry === 'number') ? 1 : list.length;
}

/** The number a member is going to have; null = it is not given. */
function numberOf({ body, edits }: Capped, member: TopMember): number | null {
  const edit = edits.find(({ from, to }) => from === member.from && to === member.to);
  if (edit === undefined && member.kind === 'null') return null;
  if (edit === undefined && member.kind !== 'number') throw invalid(member.name, 'must be a whole number');
  const value = Number(edit?.bytes.toString() ?? body.toString('latin1', member.from, member.to));
  if (!Number.isSafeInteger(value)) throw invalid(member.name, 'must be a whole number');
  return value;
}

/** Puts the path's own cap into a body that names none, in place of a null where there is one. */
function added({ body, head, edits }: Capped, own: string, value: string): Edit[] {
  const outer = outermost(body, head.members, edits);
  if (own !== IN_OPTIONS) return [putMember(outer, { name: own, value })];
  const options = head.members.find(({ name }) => name === OPTIONS);
  if (options?.kind === 'object') return [putMember(inside(options, body, edits), { name: OPTIONS_CAP, value })];
  // Any other kind of value is for the engine to refuse.
  if (options !== undefined && options.kind !== 'null') return [];
  return [putMember(outer, { name: OPTIONS, value: `{"${OPTIONS_CAP}":${value}}` })];
}

/** Some engines read names without regard to case, by the rules of Unicode. */
function refuseOtherSpelling(name: string): void {
  if (PLAIN.test(name)) return;
  const folded = name.toUpperCase().toLowerCase();
  if (EXACT.has(folded)) throw invalid(name.slice(0, 64), `must be written "${folded}"`);
}

function invalid(param: string, what: string): Refusal {
  return new Refusal('invalid_value', { message: `"${param}" ${what}.`, param });
}
