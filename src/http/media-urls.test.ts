import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../core/errors.js';
import { refuseMediaUrls } from './media-urls.js';

function isRefused(text: string): boolean {
  try {
    refuseMediaUrls(Buffer.from(text));
    return false;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'invalid_value') return true;
    throw error;
  }
}

const part = (content: unknown): string =>
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: [content] }] });

describe('media', () => {
  it.each([
    part({ type: 'image_url', image_url: { url: 'http://169.254.169.254/latest' } }),
    part({ type: 'image_url', image_url: { detail: 'low', url: 'file:///etc/passwd' } }),
    part({ type: 'input_image', image_url: 'https://example.com/a.png' }),
    part({ type: 'input_audio', input_audio: { url: 'https://example.com/a.wav' } }),
    part({ type: 'video_url', video_url: { url: '//example.com/a' } }),
    part({ type: 'input_audio', input_audio: { data: 'http://169.254.169.254/a.wav', format: 'wav' } }),
    part({ type: 'input_video', input_video: { url: 'file:///etc/passwd' } }),
    part({ type: 'input_video', input_video: { data: 'FILE:///etc/passwd' } }),
    part({ type: 'image_url', image_url: { data: 'https://example.com/a.png' } }),
    '{"x":[{"input_audio":{"data":"http\\u003a//a"}}]}',
    part({ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }),
    part({ type: 'input_file', file_url: 'https://example.com/a.pdf' }),
    JSON.stringify({ tools: [{ type: 'mcp', server_url: 'http://127.0.0.1:1/' }] }),
    '{"x":[{"image_url" \n : \t {"url" : "http://a"}}]}',
    '{"x":[{"image_ur\\u006c":{"url":"http://a"}}]}',
    '{"x":[{"image_url":{"u\\u0072l":"http://a"}}]}',
    '{"x":[{"image_url":"d\\u0061ta:x"}]}',
  ])('%s is refused: its engine would fetch', (text) => {
    expect(isRefused(text)).toBe(true);
  });

  it.each([
    part({ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }),
    part({ type: 'image_url', image_url: 'DATA:image/png;base64,AAAA' }),
    part({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }),
    part({ type: 'input_audio', input_audio: { data: 'data:audio/wav;base64,AAAA', format: 'wav' } }),
    '{"x":[{"source":{"type":"base64","data":"\\/9j\\/4AAQ"}}]}',
    part({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }),
    part({ type: 'text', text: '{"image_url":{"url":"http://a"}} and "image_url": "http://b"' }),
    part({ type: 'text', text: 'caf\u00e9 \u0001 see https://example.com/image_url' }),
    JSON.stringify({
      tools: [{ parameters: { properties: { image_url: { type: 'string' }, url: { type: 'string' } } } }],
    }),
    JSON.stringify({ input: [{ annotations: [{ type: 'url_citation', url: 'https://example.com' }] }] }),
  ])('%s passes', (text) => {
    expect(isRefused(text)).toBe(false);
  });

  it.each([
    ['http://169.254.169.254/latest', true],
    ['http\\u003a//a', true],
    ['/etc/secret.png', true],
    ['secret.png', true],
    ['data:image/png;base64,AAAA', false],
    ['/9j/4AAQSkZJRg==', false],
    ['A'.repeat(10_000), false],
  ])('%s as an image is refused where the engine would fetch it, and passes elsewhere', (image, refused) => {
    const body = Buffer.from(`{"model":"m","input":[{"text":"a","image" : "${image}"}]}`);
    const judged = (): void => refuseMediaUrls(body, { fetchesPlainNames: true });
    if (refused) expect(judged).toThrow(Refusal);
    else expect(judged).not.toThrow();
    expect(isRefused(body.toString())).toBe(false);
  });

  it('a long text of escapes is looked at once, not once for each of them', () => {
    expect(isRefused(`{"x":["${'\\u0041'.repeat(1_000_000)}"]}`)).toBe(false);
    expect(isRefused(`{"x":{"${'\\u0041'.repeat(1_000_000)}":1}}`)).toBe(true);
  });

  it('places inside places are not read again for each of them', () => {
    const wide = `"a":"${'x'.repeat(100_000)}",`;
    expect(isRefused(`${'{"source":'.repeat(60)}{${wide}"b":1}${'}'.repeat(60)}`)).toBe(true);
    expect(isRefused(`{"source":{"source":{${wide}"b":1}}}`)).toBe(false);
  });

  it('text alone never makes a body refused, whatever it holds', () => {
    fc.assert(fc.property(fc.string(), (text) => !isRefused(part({ type: 'text', text: `"image_url": "${text}` }))));
  });
});
