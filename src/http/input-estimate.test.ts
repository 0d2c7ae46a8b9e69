import { describe, expect, it } from 'vitest';
import { estimateInput } from './input-estimate.js';

const message = (content: unknown): Buffer => Buffer.from(JSON.stringify({ messages: [{ role: 'user', content }] }));
const image = (url: string): unknown => ({ type: 'image_url', image_url: { url } });
const BASE64 = Buffer.alloc(300_000, 7).toString('base64');

describe('the estimate of a prompt', () => {
  it('is a quarter of the bytes, rounded up', () => {
    expect([0, 1, 4, 5].map((bytes) => estimateInput(Buffer.alloc(bytes)))).toEqual([0, 1, 1, 2]);
    expect(estimateInput(message('x'.repeat(1e6)))).toBeGreaterThanOrEqual(250_000);
  });

  it('counts media by the piece, not by the size of its file', () => {
    const url = `data:image/png;base64,${BASE64}`;
    for (const part of [
      image(url),
      { type: 'input_audio', input_audio: { data: BASE64, format: 'wav' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: BASE64 } },
    ]) {
      expect(estimateInput(message([part]))).toBeLessThan(1024 + 100);
      expect(estimateInput(Buffer.from(JSON.stringify([part]).replaceAll('":', '": ')))).toBeLessThan(1024 + 100);
      const twice = estimateInput(message([part, { type: 'text', text: 'x'.repeat(4000) }, part]));
      expect(twice).toBeGreaterThan(2 * 1024 + 1000);
      expect(twice).toBeLessThan(2 * 1024 + 1000 + 200);
    }
  });

  it.each([
    ['text that begins like media', 'data:text/plain;base64,'.concat('many words '.repeat(10_000))],
    ['text without blanks that begins like media', 'data:image/png;base64,'.concat('many/words/'.repeat(10_000))],
    ['words of another script, which has no spaces', '字'.repeat(40_000)],
    ['long words', `${'w'.repeat(5000)} `.repeat(22)],
    ['base64 that is told to be text', BASE64.slice(0, 110_000)],
    ['code', 'const a="b";'.repeat(10_000)],
  ])('is not lowered by %s', (_, text) => {
    expect(estimateInput(message(text))).toBeGreaterThanOrEqual(27_500);
  });

  it('counts small media by their size', () => {
    expect(estimateInput(message([image('data:image/png;base64,AAAA')]))).toBeLessThan(50);
  });
});
