import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../core/errors.js';
import { edited } from './edit.js';
import { boundaryOf, PartReader } from './multipart.js';
import { formModelEdit, FormReading } from './read-form.js';

const part = (disposition: string, value: string, more = ''): string =>
  `--b\r\nContent-Disposition: ${disposition}${more}\r\n\r\n${value}\r\n`;
const model = (name = 'm'): string => part('form-data; name="model"', name);
const file = part('form-data; name="file"; filename="a.wav"', 'RIFF\r\n--\r\n--c', '\r\nContent-Type: audio/wav');
const END = '--b--\r\n';

function read(text: string | Buffer, sizes: readonly number[] = []): FormReading {
  const form = new FormReading();
  const reader = new PartReader('b', (one) => form.take(one));
  let rest = Buffer.from(text);
  for (const size of sizes) {
    reader.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  reader.push(rest);
  reader.end();
  return form;
}

function codeOf(text: string): string | null {
  try {
    read(text);
    return null;
  } catch (error) {
    if (error instanceof Refusal && error.status === 400) return error.code;
    throw error;
  }
}

describe('forms', () => {
  it.each([
    ['two models', model('a') + model('b') + END],
    ['a model by another spelling', part('form-data; name="Model"', 'x') + END],
    ['a list of models', part('form-data; name="model[]"', 'x') + END],
    ['a model that is a file', part('form-data; name="model"; filename="m"', 'x') + END],
    [
      'a model in another charset',
      part('form-data; name="model"', 'x', '\r\nContent-Type: text/plain; charset=utf-16') + END,
    ],
    ['a name given twice', part('form-data; name="x"; name="model"', 'm') + END],
    ['an encoded name', part("form-data; name*=utf-8''model", 'm') + END],
    ['a name with an escape', part('form-data; name="mo\\del"', 'm') + END],
    ['two dispositions', part('form-data; name="x"', 'm', '\r\ncontent-disposition: form-data; name="model"') + END],
    ['a folded header', part('form-data;\r\n name="model"', 'm') + END],
    [
      'a header ended by LF alone',
      part('form-data; name="x"\nContent-Disposition: form-data; name="model"', 'm') + END,
    ],
    ['an encoded part', part('form-data; name="model"', 'bQ==', '\r\nContent-Transfer-Encoding: base64') + END],
    ['a preamble', `hello\r\n${model()}${END}`],
    ['an epilogue', `${model()}${END}--b\r\n`],
    ['a boundary with blanks', `--b \r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--b--`],
    [
      'a boundary in place of a value',
      '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--b--',
    ],
    ['no last boundary', model() + file],
    ['nothing at all', '--b--'],
    ['10,000 parts', part('form-data; name="x"', '1').repeat(10_000) + END],
    ['a file in another folder', part('form-data; name="file"; filename="../../etc/passwd"', 'x') + END],
    ['a file in another folder, encoded', part('form-data; name="file"; filename*=utf-8\'\'..%2Fx', 'x') + END],
    ['a long head', part(`form-data; name="x"`, 'x', `\r\nx: ${'y'.repeat(5000)}`) + END],
  ])('%s is refused', (_what, text) => {
    expect(codeOf(text)).toMatch(/^(bad_request|invalid_value|duplicate_member)$/);
  });

  it('is read the same however it is cut into pieces, at the very places where its bytes stand', () => {
    const body = Buffer.from(
      model('größe') + part('form-data; name="prompt"', '') + file + part('form-data; name="n"', '2') + END,
    );
    const whole = read(body);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 }), (sizes) => {
        const cut = read(body, sizes);
        expect(cut.head).toEqual(whole.head);
        expect(cut.fields).toEqual(whole.fields);
      }),
    );
    expect(whole.head.model).toBe('größe');
    expect(whole.fields.map(({ name, text, from, to }) => [name, text, body.toString('utf8', from, to)])).toEqual([
      ['model', 'größe', 'größe'],
      ['prompt', '', ''],
      ['n', '2', '2'],
    ]);
  });

  it('gets another model by its bytes alone, and a part of its own where it had none', () => {
    const named = Buffer.from(file + model('old') + END);
    expect(edited(named, [formModelEdit(read(named).head, 'b', 'new')]).toString()).toBe(file + model('new') + END);
    const nameless = Buffer.from(file + END);
    const made = edited(nameless, [formModelEdit(read(nameless).head, 'b', 'new')]);
    expect(read(made).head.model).toBe('new');
    expect(made.toString().endsWith(file + END)).toBe(true);
  });

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/mixed; boundary=b',
    'multipart/form-data; boundary=b; boundary=c',
    'application/json',
    'multipart/form-data; boundary="b\\"',
  ])('%s is no form', (type) => {
    expect(() => boundaryOf(type)).toThrow(expect.objectContaining({ code: 'unsupported_media_type' }));
  });
});
