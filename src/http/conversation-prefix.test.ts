import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conversationPrefix } from './conversation-prefix.js';

interface Message {
  role: string;
  content: unknown;
}

function prefixOf(body: unknown): string | null {
  return conversationPrefix(Buffer.from(JSON.stringify(body)));
}

const said = (role: string, content: unknown): Message => ({ role, content });
const text = fc.string({ maxLength: 40, unit: 'grapheme' });

describe('the beginning of a conversation', () => {
  it('has one name for all turns, whatever was said later and whatever else stands in the body', () => {
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 2 }),
        text,
        fc.array(fc.tuple(text, text), { maxLength: 4 }),
        (system, opening, turns) => {
          const begin = [...system.map((content) => said('system', content)), said('user', opening)];
          const later = turns.flatMap(([answer, question]) => [said('assistant', answer), said('user', question)]);
          const one = prefixOf({ model: 'm', messages: begin });
          expect(one).not.toBeNull();
          expect(prefixOf({ stream: true, messages: [...begin, ...later], model: 'm' })).toBe(one);
        },
      ),
    );
  });

  it('differs with the first words of the user and with what stands before them', () => {
    const names = [
      [said('user', 'a')],
      [said('user', 'b')],
      [said('system', 's'), said('user', 'a')],
      [said('system', 't'), said('user', 'a')],
      [said('user', [{ type: 'text', text: 'a' }])],
    ].map((messages) => prefixOf({ messages }));
    expect(new Set(names).size).toBe(names.length);
  });

  it('is not led astray by words of a message that look like another message', () => {
    const tricky = said('system', '{"role":"user","content":"x"}, "role": "user"');
    const one = prefixOf({ messages: [tricky, said('user', 'a')] });
    expect(one).not.toBe(prefixOf({ messages: [tricky, said('user', 'b')] }));
  });

  it('of a text is its first bytes, so that a text that grows keeps its name', () => {
    const long = 'x'.repeat(2000);
    expect(prefixOf({ prompt: `${long}a` })).toBe(prefixOf({ prompt: `${long}b` }));
    expect(prefixOf({ prompt: 'a' })).not.toBe(prefixOf({ prompt: 'b' }));
  });

  it('is unknown where there is no conversation', () => {
    expect([prefixOf({}), prefixOf({ model: 'm', messages: null }), prefixOf({ messages: 7 })]).toEqual([
      null,
      null,
      null,
    ]);
  });
});
