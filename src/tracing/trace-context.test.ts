import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTraceParent, readTraceState, writeTraceParent } from './trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('traceparent', () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-03`, true],
    [`cc-${TRACE}-${SPAN}-01-what-comes-later`, true],
  ])('%s is believed', (text, sampled) => {
    expect(readTraceParent(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  it.each([
    '',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
  ])('%j begins a trace of its own', (text) => {
    expect(readTraceParent(text)).toBeNull();
  });

  it('reads back what it writes', () => {
    const hex = (length: number) =>
      fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => !/^0+$/.test(text));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
        const parent = { traceId, spanId, sampled };
        expect(readTraceParent(writeTraceParent(parent))).toEqual(parent);
      }),
    );
  });
});

it('tracestate travels on when it is plain text of bounded length', () => {
  expect(readTraceState('vendor=value,other=1')).toBe('vendor=value,other=1');
  expect(readTraceState('x'.repeat(513))).toBeNull();
  expect(readTraceState('a=\u00e9')).toBeNull();
  expect(readTraceState('')).toBeNull();
});
