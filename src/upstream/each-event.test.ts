import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eachEvent } from './each-event.js';

const texts = (bytes: string, isLines: boolean): string[] =>
  [...eachEvent(Buffer.from(bytes), isLines)].map((event) => event.toString());

test('server-sent events end with a blank line, whichever line ends they have', () => {
  expect(texts('data: a\n\ndata: b\ndata: c\n\n', false)).toEqual(['data: a\n\n', 'data: b\ndata: c\n\n']);
  expect(texts('data: a\r\n\r\nevent: x\r\ndata: b\r\n\r\n', false)).toEqual([
    'data: a\r\n\r\n',
    'event: x\r\ndata: b\r\n\r\n',
  ]);
});

test('one object a line is one event a line', () => {
  expect(texts('{"a":1}\n{"b":2}\r\n', true)).toEqual(['{"a":1}\n', '{"b":2}\r\n']);
});

test('nothing is lost and nothing is empty', () => {
  const pieces = fc.array(fc.constantFrom('\n', '\r\n', 'data: x', ':', '{}'), { maxLength: 30 });
  fc.assert(
    fc.property(pieces, fc.boolean(), (parts, isLines) => {
      const events = texts(parts.join(''), isLines);
      expect(events.join('')).toBe(parts.join(''));
      expect(events).not.toContain('');
    }),
  );
});
