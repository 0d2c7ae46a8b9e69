import { Refusal } from '../core/errors.js';

/** What the headers of one part say. */
export interface PartHead {
  name: string;
  isFile: boolean;
  contentType: string | null;
}

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([^\u0000-\u0008\u000a-\u001f\u007f]*?)[ \t]*$/;
const PARAMETER = /^; *([A-Za-z*]{1,16})=(?:"([^"\\]*)"|([!#$%&'*+.^_`|~0-9A-Za-z-]+))/;
const PLAIN_ENCODINGS: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary']);

/** Reads the headers of a part. What two readers could read in two ways is refused with 400. */
export function readPartHead(text: string): PartHead {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? [];
    if (name === '') throw odd('a part has a header that is not well-formed');
    if (headers.has(name.toLowerCase())) throw odd(`a part has two ${name} headers`);
    headers.set(name.toLowerCase(), value);
  }
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase();
  if (encoding !== undefined && !PLAIN_ENCODINGS.has(encoding))
    throw odd('a part has a content-transfer-encoding; send its bytes as they are');
  const { name, isFile } = readDisposition(headers.get('content-disposition') ?? '');
  return { name, isFile, contentType: headers.get('content-type') ?? null };
}

function readDisposition(value: string): { name: string; isFile: boolean } {
  const found = new Map<string, string>();
  let rest = value.startsWith('form-data') ? value.slice('form-data'.length) : 'x';
  while (rest !== '') {
    const parameter = PARAMETER.exec(rest);
    if (parameter === null) throw odd('a part has a content-disposition that is not well-formed');
    const [whole, key = '', quoted, token] = parameter;
    if (key !== 'name' && key !== 'filename' && key !== 'filename*')
      throw odd(`a part has the parameter ${key} in its content-disposition`);
    if (found.has(key)) throw odd(`a part names its ${key} twice`);
    found.set(key, quoted ?? token ?? '');
    rest = rest.slice(whole.length);
  }
  const name = found.get('name');
  if (name === undefined || name === '' || name.length > 256) throw odd('a part has no name');
  for (const key of ['filename', 'filename*']) refuseWay(found.get(key) ?? '');
  return { name, isFile: found.has('filename') || found.has('filename*') };
}

/** A name of a file that leads to another folder is of no use but to do harm. */
function refuseWay(fileName: string): void {
  if (/[/\\]|%2f|%5c|%00/i.test(fileName) || fileName === '..') throw odd('the name of a file has a path in it');
}

function odd(what: string): Refusal {
  return new Refusal('bad_request', { message: `The form was refused: ${what}.` });
}
