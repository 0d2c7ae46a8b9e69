import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  Composer,
  Parser,
  type CST,
  type Alias,
  type Document,
  type Node as AnyNode,
  type Pair,
  type Scalar,
} from 'yaml';
import type { Path } from './faults.js';
import { sentenceFor } from './yaml-sentences.js';

/** Line and column, counted from 1. */
export interface Place {
  line: number;
  column: number;
}

export interface PlacedFault extends Place {
  path: Path;
  message: string;
}

/** A configuration file as plain values. Maps have no prototype. */
export interface YamlTree {
  /** Empty when the file is; undefined only when there are faults. */
  root: Record<string, unknown> | undefined;
  faults: PlacedFault[];
  /** Where the value with this path is written; of the nearest thing around it when it is not written. */
  placeOf(path: Path): Place;
}

type Node = AnyNode & { anchor?: string };

/** More values than any configuration has, and few enough to be walked in a moment. */
const MOST_VALUES = 200_000;
const DEEPEST = 64;

/** Parses the text of a configuration file. Never throws. */
export function readYaml(text: string): YamlTree {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const [documents, problem] = parse(text, lines);
  const first = documents[0];
  const faults: PlacedFault[] = problem === null ? [] : [{ path: [], message: problem, line: 1, column: 1 }];
  for (const document of documents) {
    for (const error of [...document.errors, ...document.warnings]) {
      faults.push({ path: [], message: sentenceFor(error.code), ...place(error.pos[0]) });
    }
  }
  const second = documents[1];
  if (second !== undefined) {
    faults.push({
      path: [],
      message: 'the file holds more than one YAML document; keep one, without `---` between parts',
      ...place(second.range[0]),
    });
  }
  if (faults.length > 0 || first === undefined)
    return { root: first === undefined && faults.length === 0 ? empty() : undefined, faults, placeOf: () => place(0) };
  const reader = new Reader(first, place);
  const root = reader.readRoot();
  return {
    root: reader.faults.length > 0 ? undefined : root,
    faults: reader.faults,
    placeOf: (path) => reader.placeOf(path),
  };
}

type Parsed = [documents: readonly Document.Parsed[], problem: string | null];

/** Composing recurses: what is nested too deeply must be refused before it, or the stack of the process may end. */
function parse(text: string, lines: LineCounter): Parsed {
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (isDeeperThan(DEEPEST, tokens)) return [[], 'the file is nested too deeply to be read'];
  const composer = new Composer({ uniqueKeys: false, logLevel: 'silent' });
  return [[...composer.compose(tokens)], null];
}

function isDeeperThan(most: number, roots: readonly CST.Token[]): boolean {
  const waiting = roots.map((token) => ({ token, depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > most) return true;
    for (const child of childrenOf(token)) waiting.push({ token: child, depth: depth + 1 });
  }
  return false;
}

function childrenOf(token: CST.Token): CST.Token[] {
  if ('items' in token)
    return token.items.flatMap(({ key, value }) =>
      [key, value].filter((child) => child !== undefined && child !== null),
    );
  return token.type === 'document' && token.value !== undefined ? [token.value] : [];
}

function empty(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

/** Turns nodes into plain values and remembers what cannot be. */
class Reader {
  readonly faults: PlacedFault[] = [];
  readonly #document: Document.Parsed;
  readonly #place: (offset: number) => Place;
  /** Collections whose reading has begun, to notice one that contains itself. */
  readonly #open = new Set<Node>();
  readonly #anchors = new Map<string, Node>();
  /** What each alias stands for: the last anchor of its name before it. */
  readonly #targets = new Map<Node, Node>();
  #values = 0;

  constructor(document: Document.Parsed, place: (offset: number) => Place) {
    this.#document = document;
    this.#place = place;
  }

  readRoot(): Record<string, unknown> | undefined {
    const node = this.#document.contents as Node | null;
    if (node === null || (isScalar(node) && node.value === null)) return empty();
    if (!isMap(node)) {
      this.#fault(node, [], 'the file must be a map of members, such as `listen: 127.0.0.1:5390`');
      return undefined;
    }
    return this.#read(node, []) as Record<string, unknown>;
  }

  placeOf(path: Path): Place {
    let node = this.#document.contents as Node | null;
    let found: Node | null = node;
    for (const step of path) {
      const [key, value] = childOf(this.#resolve(node), step);
      if (key === null && value === null) break;
      found = key ?? value;
      node = value;
    }
    return this.#place(found?.range?.[0] ?? 0);
  }

  #read(node: Node | null, path: Path): unknown {
    this.#values += 1;
    if (this.#values > MOST_VALUES) {
      if (this.#values === MOST_VALUES + 1)
        this.#fault(node, [], `the file holds (or its aliases expand to) more than ${MOST_VALUES} values`);
      return undefined;
    }
    if (isAlias(node)) return this.#readAlias(node, path);
    if (node?.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return node.value;
    if (!isMap(node) && !isSeq(node)) return null;
    if (path.length > DEEPEST) return this.#fault(node, path, 'aliases nest this too deeply');
    if (this.#open.has(node)) return this.#fault(node, path, 'an alias leads back to the value that contains it');
    this.#open.add(node);
    const value = isMap(node)
      ? this.#readMap(node.items, path)
      : node.items.map((item, index) => this.#read(item as Node, [...path, index]));
    this.#open.delete(node);
    return value;
  }

  #readAlias(node: Alias, path: Path): unknown {
    const target = this.#anchors.get(node.source);
    if (target === undefined) return this.#fault(node, path, 'an alias (`*name`) names no anchor (`&name`) before it');
    this.#targets.set(node, target);
    return this.#read(target, path);
  }

  #readMap(pairs: readonly unknown[], path: Path): Record<string, unknown> {
    const map = empty();
    const keys = new Map<string, Node>();
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      const key = pair.key as Node | null;
      const name = nameOf(key);
      if (name === null) {
        this.#fault(key, path, 'a member must be named by plain text');
        continue;
      }
      const earlier = keys.get(name);
      if (earlier !== undefined)
        this.#fault(
          key,
          [...path, name],
          `\`${name}\` is named twice; first in line ${this.#place(earlier.range?.[0] ?? 0).line}`,
        );
      keys.set(name, key as Node);
      map[name] = this.#read(pair.value as Node | null, [...path, name]);
    }
    return map;
  }

  #resolve(node: Node | null): Node | null {
    return isAlias(node) ? (this.#targets.get(node) ?? null) : node;
  }

  #fault(node: Node | null, path: Path, message: string): undefined {
    this.faults.push({ path, message, ...this.#place(node?.range?.[0] ?? 0) });
    return undefined;
  }
}

/** The name of a member as it is written; null when it is not plain text. `3.10` stays `3.10`. */
function nameOf(key: unknown): string | null {
  if (!isScalar(key) || key.value === null) return null;
  const scalar = key as Scalar;
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
}

/** Key and value of a child; the key is null in lists. */
function childOf(node: Node | null, step: string | number): [Node | null, Node | null] {
  if (isSeq(node)) return [null, (node.items[Number(step)] as Node | undefined) ?? null];
  if (!isMap(node)) return [null, null];
  const pair = node.items.find((item: Pair) => nameOf(item.key) === step);
  return pair === undefined ? [null, null] : [pair.key as Node, pair.value as Node | null];
}
