import type { WireAnswer } from './fixture.js';

/** What an answer is made of, without its numbers and texts: two answers to one question have one shape. */
export function shapeOf({ status, headers, body, complete, header }: WireAnswer): unknown {
  const names = headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
  const type = header('content-type') ?? '';
  return { status, complete, type, headers: names.toSorted(), body: bodyShape(body.toString('utf8'), type) };
}

function bodyShape(text: string, type: string): unknown {
  if (type.startsWith('text/event-stream')) return withoutRepeats(text.split('\n\n').map(eventShape));
  if (type.startsWith('application/json')) return jsonShape(JSON.parse(text));
  // Metrics: their names.
  return text.split('\n').filter((line) => line.startsWith('# TYPE'));
}

function eventShape(event: string): unknown {
  return event.split('\n').map((line) => {
    const [, data] = /^data: (\{.*)$/.exec(line) ?? [];
    return data === undefined ? line : jsonShape(JSON.parse(data));
  });
}

function jsonShape(value: unknown): unknown {
  if (value === null) return 'null';
  if (Array.isArray(value)) return withoutRepeats(value.map(jsonShape));
  if (typeof value !== 'object') return typeof value;
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [name, jsonShape(member)]);
  return Object.fromEntries(members.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function withoutRepeats(shapes: readonly unknown[]): unknown[] {
  return shapes.filter((shape, at) => JSON.stringify(shape) !== JSON.stringify(shapes[at - 1]));
}
