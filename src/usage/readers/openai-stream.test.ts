import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Counted } from '../meter.js';
import { createMeter } from './create-meter.js';

const meter = (hideUsage = false) =>
  createMeter({ words: 'openai', contentType: 'text/event-stream', stream: true, hideUsage, countOutput: true });
const event = (data: unknown, end = '\n'): string => `data: ${JSON.stringify(data)}${end}${end}`;
const HEAD = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
const chunk = (delta: unknown, more: object = {}): object => ({
  ...HEAD,
  choices: [{ index: 0, delta, finish_reason: null }],
  ...more,
});
const ROLE = chunk({ role: 'assistant', content: '' });
const FINISH = { ...HEAD, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
const USAGE = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12, prompt_tokens_details: { cached_tokens: 3 } };
const ONLY_USAGE = { ...HEAD, choices: [], usage: USAGE };
const DONE = 'data: [DONE]\n\n';

function read(text: string, hideUsage = false): { counted: Counted; sent: string } {
  const one = meter(hideUsage);
  const sent = one.push(Buffer.from(text)).toString();
  return { counted: one.counted(), sent };
}

describe('a stream of chat or completions', () => {
  it('has one token for each event with text when the server tells no usage, and is marked as counted', () => {
    const stream =
      [ROLE, chunk({ content: 'a' }), chunk({ content: 'b c' }), FINISH].map((data) => event(data)).join('') + DONE;
    expect(read(stream).counted).toEqual({
      inputTokens: null,
      outputTokens: 2,
      cachedTokens: null,
      certainty: 'counted',
      gpuSeconds: null,
    });
  });

  it.each([
    [{ content: 'a' }, 1],
    [{ reasoning_content: 'a' }, 1],
    [{ reasoning: 'a', content: 'b' }, 1],
    [{ refusal: 'a' }, 1],
    [{ tool_calls: [{ index: 0, function: { arguments: '{"' } }] }, 1],
    [{ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] }, 1],
    [{ content: null, tool_calls: [{ index: 0, id: 'call_1', function: { arguments: '' } }] }, 0],
    [{ content: '' }, 0],
    [{ content: null }, 0],
    [{ role: 'assistant' }, 0],
    [{ content: ['a'] }, 0],
    [{ other: { content: 'a' } }, 0],
  ])('counts %j as %i', (delta, tokens) => {
    expect(read(event(chunk(delta))).counted.outputTokens).toBe(tokens);
  });

  it('counts text in quotes of its own, with names of members in it', () => {
    const tricky = ['"usage":{"completion_tokens":99}', 'x\\', '"', '\\"', '{[', '\u2028é"content":"'];
    const stream = tricky.map((content) => event(chunk({ content }))).join('');
    expect(read(stream).counted).toMatchObject({ outputTokens: tricky.length, certainty: 'counted' });
  });

  it('counts a long piece by its bytes, as an estimate: no token is that long', () => {
    expect(read(event(chunk({ content: 'x'.repeat(400) }))).counted).toMatchObject({
      outputTokens: 100,
      certainty: 'estimated',
    });
  });

  it('counts each of several answers in one event', () => {
    const choices = [0, 1, 2].map((index) => ({ index, delta: { content: index === 1 ? '' : 'a' } }));
    expect(read(event({ ...HEAD, choices })).counted.outputTokens).toBe(2);
  });

  it('counts the text of completions', () => {
    const stream = ['a', 'b', ''].map((text) => event({ ...HEAD, choices: [{ index: 0, text }] })).join('');
    expect(read(stream).counted.outputTokens).toBe(2);
  });

  it('counts nothing for comments, pings, blank lines, other fields and the end mark', () => {
    const stream = `: keepalive\n\n\n\nevent: ping\n\nid: 7\nretry: 100\n\ndatacontent: {"choices":[{"text":"a"}]}\n\n${DONE}`;
    expect(read(stream)).toMatchObject({ counted: { outputTokens: 0 }, sent: stream });
  });

  it('takes what the server tells at the end in place of its own count', () => {
    const stream = [ROLE, chunk({ content: 'a' }), FINISH, ONLY_USAGE].map((data) => event(data)).join('') + DONE;
    expect(read(stream)).toEqual({
      counted: { inputTokens: 5, outputTokens: 7, cachedTokens: 3, certainty: 'reported', gpuSeconds: null },
      sent: stream,
    });
  });

  it('adds what comes by after the last usage, for an answer that is broken off', () => {
    const stream =
      event(chunk({ content: 'a' }, { usage: { prompt_tokens: 5, completion_tokens: 1 } })) +
      event(chunk({ content: 'b' }, { usage: { prompt_tokens: 5, completion_tokens: 4 } })) +
      event(chunk({ content: 'c' }));
    expect(read(stream).counted).toMatchObject({ inputTokens: 5, outputTokens: 5, certainty: 'counted' });
  });

  it.each([-1, 1.5, 1e13, '7', null, [7], { completion_tokens: 7 }, 0])(
    'goes by its own count when the usage says %j',
    (completion_tokens) => {
      const odd = JSON.stringify({ ...HEAD, choices: [], usage: { completion_tokens } }).replace('null', '1e400');
      const stream = `${event(chunk({ content: 'a' }))}data: ${odd}\n\n`;
      expect(read(stream).counted).toMatchObject({ outputTokens: 1, certainty: 'counted' });
    },
  );

  it('reads usage in every way of writing the same event', () => {
    const data = JSON.stringify(ONLY_USAGE, null, 1);
    const lines = data.split('\n').map((line) => `data:${line}`);
    for (const end of ['\n', '\r\n']) {
      expect(read(lines.join(end) + end + end).counted).toMatchObject({
        inputTokens: 5,
        outputTokens: 7,
        cachedTokens: 3,
      });
    }
    expect(read(`data: ${JSON.stringify(ONLY_USAGE)}`).counted.outputTokens).toBe(7);
  });

  it('only raises the tokens that passed with an event that has text', () => {
    const one = meter();
    const after = (data: object): number => {
      one.push(Buffer.from(event(data)));
      return one.outputTokens;
    };
    expect([
      after(chunk({ content: 'a' })),
      after({ ...FINISH, usage: { completion_tokens: 9 } }),
      after(ONLY_USAGE),
      after(chunk({ content: 'b' }, { usage: { completion_tokens: 11 } })),
    ]).toEqual([1, 1, 1, 11]);
  });
});

describe('usage that the client did not ask for', () => {
  it('does not travel on, and nothing else changes', () => {
    for (const end of ['\n', '\r\n']) {
      const before = [ROLE, chunk({ content: 'a' }, { usage: null }), FINISH].map((data) => event(data, end)).join('');
      const done = `data: [DONE]${end}${end}`;
      expect(read(before + event(ONLY_USAGE, end) + done, true)).toEqual({
        counted: { inputTokens: 5, outputTokens: 7, cachedTokens: 3, certainty: 'reported', gpuSeconds: null },
        sent: before + done,
      });
    }
  });

  it.each([
    ['on the last event with text', chunk({ content: 'a' }, { usage: USAGE })],
    ['on the finish', { ...FINISH, usage: USAGE }],
    ['that is null beside no answers', { ...HEAD, choices: [], usage: null }],
    ['that is empty beside no answers', { ...HEAD, choices: [], usage: {} }],
    ['without a list of answers', { ...HEAD, usage: USAGE }],
  ])('travels on %s', (_, data) => {
    expect(read(event(data), true).sent).toBe(event(data));
  });

  it('leaves a piece that does not hold it as the very same buffer', () => {
    const bytes = Buffer.from(event(chunk({ content: 'a' }, { usage: null })));
    expect(meter(true).push(bytes)).toBe(bytes);
  });

  it('may be all of a piece', () => {
    expect(read(event(ONLY_USAGE), true).sent).toBe('');
  });
});

const text = fc.oneof(
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.constantFrom('', '"', '\\', '\\"', '"usage":{"completion_tokens":5}', '\n\ndata: [DONE]\n\n', 'x'.repeat(70)),
);
const count = fc.oneof(fc.nat(1e6), fc.constantFrom(-1, 1.5, 2 ** 41));
const usage = fc.option(fc.record({ prompt_tokens: count, completion_tokens: fc.integer({ min: 1, max: 1000 }) }));
const anyChunk = fc.record(
  {
    id: fc.constantFrom('a', 'b'),
    choices: fc.oneof(
      {
        weight: 6,
        arbitrary: fc.tuple(
          fc.record({
            index: fc.constant(0),
            delta: fc.dictionary(fc.constantFrom('content', 'reasoning', 'x'), text),
          }),
        ),
      },
      { weight: 1, arbitrary: fc.constant([]) },
    ),
    usage,
    extra: fc.jsonValue(),
  },
  { requiredKeys: ['id', 'choices'] },
);
const line = fc.oneof(
  { weight: 8, arbitrary: anyChunk.map((data) => ({ data, text: event(data) })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(DONE, ': ping\n\n', 'event: x\nid: 1\n\n').map((other) => ({ data: null, text: other })),
  },
);

interface AnyChunk {
  choices: readonly { delta: Record<string, string> }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
}

/** The same by building every object. */
function naive(chunks: readonly (AnyChunk | null)[]): Pick<Counted, 'inputTokens' | 'outputTokens'> {
  let [output, input]: [number, number | null] = [0, null];
  for (const one of chunks) {
    if (one === null) continue;
    const { content = '', reasoning = '' } = one.choices[0]?.delta ?? {};
    const bytes = [content, reasoning].reduce((sum, piece) => sum + Buffer.byteLength(JSON.stringify(piece)) - 2, 0);
    output += bytes > 64 ? Math.ceil(bytes / 4) : Math.min(bytes, 1);
    const told = one.usage;
    if (told === undefined || told === null) continue;
    output = told.completion_tokens;
    if (told.prompt_tokens >= 0 && told.prompt_tokens <= 2 ** 40 && Number.isInteger(told.prompt_tokens))
      input = Math.max(input ?? 0, told.prompt_tokens);
  }
  return { inputTokens: input, outputTokens: output };
}

describe('whatever the events are and however they come together', () => {
  it('the counts are those of a reader that builds every object, and all bytes but the usage travel on', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), fc.infiniteStream(fc.nat(3)), (lines, sizes) => {
        const one = meter(true);
        let sent = '';
        for (let at = 0; at < lines.length;) {
          const size = (sizes.next().value as number) + 1;
          const piece = lines
            .slice(at, at + size)
            .map((entry) => entry.text)
            .join('');
          sent += one.push(Buffer.from(piece)).toString();
          at += size;
        }
        const chunks = lines.map(({ data }) => data as AnyChunk | null);
        expect(one.counted()).toMatchObject(naive(chunks));
        const kept = lines.filter(({ data }) => {
          const chunkOf = data as AnyChunk | null;
          return (
            chunkOf === null || chunkOf.choices.length > 0 || chunkOf.usage === undefined || chunkOf.usage === null
          );
        });
        expect(sent).toBe(kept.map((entry) => entry.text).join(''));
      }),
      { numRuns: 500 },
    );
  });

  it('an event counts the same behind others that are like it as it does alone', () => {
    const piece = fc.record({
      content: text,
      index: fc.nat(2),
      name: fc.constantFrom('content', 'reasoning'),
      end: fc.constantFrom('"', '\\', ''),
    });
    const written = ({
      content,
      index,
      name,
      end,
    }: {
      content: string;
      index: number;
      name: string;
      end: string;
    }): string => event({ ...HEAD, choices: [{ index, delta: { [name]: content + end } }] });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(3), (list, same) => {
        const all = list.flatMap((one) => [
          written(one),
          ...Array.from({ length: same }, (_, at) => written({ ...one, content: one.content.slice(at) })),
        ]);
        const alone = all.map((one) => read(one).counted.outputTokens);
        const together = meter();
        for (const one of all) together.push(Buffer.from(one));
        expect(together.counted().outputTokens).toBe(alone.reduce((sum, tokens) => sum + tokens, 0));
        expect(read(all.join('')).counted).toEqual(together.counted());
      }),
    );
  });

  it('a broken event is not taken for one that is like the last', () => {
    const [before = '', after = ''] = event(chunk({ content: '#' })).split('#');
    const broken = `${before}b\n\n${after}`;
    expect(read(`${before}a${after}${broken}${before}c${after}`)).toMatchObject({
      counted: { outputTokens: 3 },
      sent: `${before}a${after}${broken}${before}c${after}`,
    });
  });

  it('no bytes at all make it throw, and without usage they travel on as they came', () => {
    const sound = Buffer.from([ROLE, chunk({ content: 'é"\\' }), FINISH].map((data) => event(data)).join(''));
    const damage = fc.record({ at: fc.nat(sound.length), cut: fc.nat(5), put: fc.uint8Array({ maxLength: 6 }) });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (wounds) => {
        const bytes = wounds.reduce(
          (all, { at, cut, put }) => Buffer.concat([all.subarray(0, at), put, all.subarray(at + cut)]),
          sound,
        );
        const one = meter(true);
        expect(one.push(bytes)).toBe(bytes);
        expect(one.counted().outputTokens).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('depth and length cost nothing but time', () => {
    for (const hostile of [
      '['.repeat(1e6),
      '{"a":'.repeat(2e5),
      `{"${'k'.repeat(1e6)}":1}`,
      `{"usage":{"prompt_tokens":${'9'.repeat(1e6)}}}`,
    ]) {
      const one = meter(true);
      one.push(Buffer.from(`data: ${hostile}\n\n`));
      one.push(Buffer.from(event(ONLY_USAGE)));
      expect(one.counted()).toMatchObject({ inputTokens: 5, outputTokens: 7 });
    }
  });
});
