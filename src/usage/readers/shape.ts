/** Which number of an answer a member holds. */
export const SLOT = {
  input: 0,
  output: 1,
  /** Of both together. */
  total: 2,
  /** Of `input`, read from the cache. */
  cached: 3,
  /** Input that `input` leaves out: written to the cache, read from the cache. */
  cacheWritten: 4,
  cacheRead: 5,
  /** The engine's clock tells too: prompt worked through, prompt read from the cache, answer. */
  timedInput: 6,
  timedCached: 7,
  timedOutput: 8,
  /** Milliseconds. */
  inputMs: 9,
  outputMs: 10,
  /** Nanoseconds. */
  inputNs: 11,
  outputNs: 12,
  /** Place among the answers to one request. */
  index: 13,
} as const;

export type Slot = (typeof SLOT)[keyof typeof SLOT];

/** How many slots there are. */
export const SLOTS = Object.keys(SLOT).length;

/** What is looked for at one place of a JSON text, and below it. Everything else there is stepped over. */
export interface Shape {
  /** Members of an object, by the length of their names: most names are settled by that alone. */
  readonly members: readonly (readonly NamedShape[] | undefined)[];
  /** Elements of a list. */
  readonly each: Shape | null;
  /** A number with this meaning. */
  readonly slot: Slot | null;
  /** A string that is a piece of the answer. */
  readonly text: boolean;
  /** One of several answers: text in it counts by itself. */
  readonly answer: boolean;
  /** What its numbers say is complete when it ends. */
  readonly report: boolean;
}

interface NamedShape {
  readonly name: Buffer;
  readonly shape: Shape;
}

const NOTHING: Shape = { members: [], each: null, slot: null, text: false, answer: false, report: false };

/** A string that is a piece of the answer. */
export const TEXT: Shape = { ...NOTHING, text: true };

export function number(slot: Slot): Shape {
  return { ...NOTHING, slot };
}

export function object(members: Readonly<Record<string, Shape>>): Shape {
  return { ...NOTHING, members: byLength(members) };
}

/** A whole event or body. */
export function report(members: Readonly<Record<string, Shape>>): Shape {
  return { ...object(members), report: true };
}

export function list(each: Shape): Shape {
  return { ...NOTHING, each };
}

/** A list of answers to the same request. */
export function answers(members: Readonly<Record<string, Shape>>): Shape {
  return list({ ...object(members), answer: true });
}

/** What the name at `from` stands for, among the names of its length; null = nothing. */
export function shapeOf(candidates: readonly NamedShape[] | undefined, bytes: Buffer, from: number): Shape | null {
  if (candidates === undefined) return null;
  for (const { name, shape } of candidates) {
    let at = 0;
    while (at < name.length && name[at] === bytes[from + at]) at += 1;
    if (at === name.length) return shape;
  }
  return null;
}

function byLength(members: Readonly<Record<string, Shape>>): (readonly NamedShape[] | undefined)[] {
  const named: NamedShape[][] = [];
  for (const [text, shape] of Object.entries(members)) {
    const name = Buffer.from(text);
    (named[name.length] ??= []).push({ name, shape });
  }
  return Array.from(named);
}
