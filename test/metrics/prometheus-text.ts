/** One line of numbers. */
export interface Line {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface FamilyText {
  name: string;
  type: string;
  help: string;
  lines: Line[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const UNITS_OLD = /_(milliseconds|ms|minutes|hours|kilobytes|kb)$/;

/**
 * Reads the text form of Prometheus as strictly as `promtool check metrics`: throws at whatever breaks the
 * format, at names that break its customs, at repeated series, and at histograms that do not add up.
 */
export function readMetrics(text: string): Map<string, FamilyText> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, FamilyText>();
  let current: FamilyText | null = null;
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('# HELP ')) {
      current = begin(line, families);
      continue;
    }
    if (current === null) throw new Error(`before any family: ${line}`);
    if (line.startsWith('# TYPE ')) {
      setType(line, current);
      continue;
    }
    const read = readLine(line);
    if (!belongs(read.name, current)) throw new Error(`${read.name} stands under ${current.name}`);
    const series = `${read.name} ${seriesOf(read.labels)}`;
    if (seen.has(series)) throw new Error(`twice: ${line}`);
    seen.add(series);
    current.lines.push(read);
  }
  for (const family of families.values()) judge(family);
  return families;
}

/** The value of one series; 0 when it is not there. */
export function valueOf(
  families: Map<string, FamilyText>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels);
  return [...families.values()]
    .flatMap(({ lines }) => lines)
    .filter((line) => line.name === name && wanted.every(([label, value]) => line.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

export function seriesIn(families: Map<string, FamilyText>): number {
  return [...families.values()].reduce((sum, { lines }) => sum + lines.length, 0);
}

function begin(line: string, families: Map<string, FamilyText>): FamilyText {
  const [, name = '', help = ''] = /^# HELP (\S+) (.+)$/.exec(line) ?? [];
  if (!NAME.test(name) || help === '') throw new Error(`no help: ${line}`);
  if (families.has(name)) throw new Error(`${name} begins twice`);
  const family = { name, type: '', help, lines: [] };
  families.set(name, family);
  return family;
}

function setType(line: string, family: FamilyText): void {
  const [, name, type = ''] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
  if (name !== family.name || family.type !== '' || family.lines.length > 0) throw new Error(`misplaced: ${line}`);
  family.type = type;
}

function belongs(name: string, { name: family, type }: FamilyText): boolean {
  if (type === '') return false;
  return type === 'histogram'
    ? [`${family}_bucket`, `${family}_sum`, `${family}_count`].includes(name)
    : name === family;
}

function readLine(line: string): Line {
  const [, name = '', braced, text = ''] = /^([^\s{]+)(\{.*\})? (\S+)$/.exec(line) ?? [];
  if (!NAME.test(name)) throw new Error(`no line of numbers: ${line}`);
  return { name, labels: readLabels(braced ?? '{}'), value: readNumber(text) };
}

function readLabels(braced: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = braced.slice(1, -1);
  while (rest !== '') {
    const [whole, label = '', value = ''] = /^([^=]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?=.)|$)/.exec(rest) ?? [''];
    if (whole === '' || !LABEL.test(label) || label.startsWith('__')) throw new Error(`labels: ${braced}`);
    if (label in labels) throw new Error(`label ${label} twice: ${braced}`);
    labels[label] = value.replaceAll(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function readNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (!/^-?(\d+(\.\d+)?([eE][+-]?\d+)?)$/.test(text)) throw new Error(`no number: ${text}`);
  return Number(text);
}

function judge(family: FamilyText): void {
  const { name, type, lines } = family;
  if (type === '') throw new Error(`${name} has no type`);
  if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type}`);
  if (UNITS_OLD.test(name)) throw new Error(`${name}: no base unit`);
  if (type === 'counter' && lines.some(({ value }) => !(value >= 0))) throw new Error(`${name} goes below 0`);
  if (type === 'histogram') for (const group of groupsOf(family)) judgeHistogram(name, group);
}

/** The same text for the same labels in any order. */
function seriesOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function groupsOf({ lines }: FamilyText): Line[][] {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const { le: _, ...labels } = line.labels;
    const series = seriesOf(labels);
    groups.set(series, [...(groups.get(series) ?? []), line]);
  }
  return [...groups.values()];
}

function judgeHistogram(name: string, group: readonly Line[]): void {
  const buckets = group.filter((line) => line.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => readNumber(labels['le'] ?? ''));
  const counts = buckets.map(({ value }) => value);
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${name}: no last bucket`);
  if (bounds.some((bound, at) => at > 0 && bound <= (bounds[at - 1] ?? 0))) throw new Error(`${name}: order of bounds`);
  if (counts.some((count, at) => at > 0 && count < (counts[at - 1] ?? 0))) throw new Error(`${name}: not cumulative`);
  const count = group.find((line) => line.name === `${name}_count`)?.value;
  if (count !== counts.at(-1)) throw new Error(`${name}: count ${count} and last bucket ${counts.at(-1)}`);
  if (group.filter((line) => line.name === `${name}_sum`).length !== 1) throw new Error(`${name}: no sum`);
}
