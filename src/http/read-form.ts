import { Refusal } from '../core/errors.js';
import type { BodyHead } from '../core/exchange.js';
import type { FieldBounds } from './bound-fields.js';
import type { Edit } from './edit.js';
import type { FormPart } from './multipart.js';

/** Parts that mean one thing: a second one would be another meaning for another reader. */
const ONCE: ReadonlySet<string> = new Set([
  'model',
  'stream',
  'n',
  'prompt',
  'response_format',
  'temperature',
  'language',
  'size',
  'user',
]);
const MAX_MODEL_LENGTH = 256;
const TEXT = /^text\/plain(?: *; *charset="?utf-8"?)?$/i;
/** Parts that send the engine to fetch a file. */
const PLACES: ReadonlySet<string> = new Set(['url', 'file_url', 'image_url', 'audio_url']);

/** What a form asks for, gathered part by part. */
export class FormReading {
  readonly head: BodyHead = { model: null, modelAt: null, stream: false, previousResponse: null, members: [] };
  /** Parts with a short value, in order. */
  readonly fields: FormPart[] = [];
  readonly #seen = new Set<string>();

  take(part: FormPart): void {
    const plain = part.name.toLowerCase().replace(/\[.*$/, '');
    if (plain !== part.name && (plain === 'model' || plain === 'stream'))
      throw invalid(plain, `must be named "${plain}"`);
    if (ONCE.has(part.name)) {
      if (this.#seen.has(part.name))
        throw new Refusal('duplicate_member', {
          message: `The form has two parts "${part.name}". Send one.`,
          param: part.name,
        });
      this.#seen.add(part.name);
    }
    if (part.name === 'model') this.#model(part);
    if (part.name === 'stream') this.head.stream = readFlag(part);
    if (part.text !== null) this.fields.push(part);
  }

  #model(part: FormPart): void {
    const { text, contentType } = part;
    if (part.isFile || text === null || (contentType !== null && !TEXT.test(contentType)))
      throw invalid('model', 'must be plain text');
    if (text === '' || text.length > MAX_MODEL_LENGTH || /[\p{Cc}\ufffd]/u.test(text))
      throw invalid('model', `must have 1 to ${MAX_MODEL_LENGTH} characters in one line`);
    this.head.model = text;
    this.head.modelAt = { from: part.from, to: part.to };
  }
}

/** The same rules as for members of JSON: what has to be replaced; refuses what may not be sent. */
export function boundForm(fields: readonly FormPart[], bounds: FieldBounds, dataOnly: boolean): Edit[] {
  const edits: Edit[] = [];
  for (const { name, text, from, to } of fields) {
    const value = text ?? '';
    if (dataOnly && PLACES.has(name.toLowerCase()) && !/^data:/i.test(value))
      throw invalid(name, 'must be a data: URL: this model does not fetch media from elsewhere');
    const rule = bounds.get(name) ?? bounds.get(name.toLowerCase());
    if (rule?.kind === 'refuse' && rule.unless?.test(value) !== true)
      throw invalid(name, `may not be sent: ${rule.why}`);
    if (rule?.kind === 'most' && isOver(name, value, rule.most))
      edits.push({ from, to, bytes: Buffer.from(String(rule.most)) });
  }
  return edits;
}

function isOver(name: string, value: string, most: number): boolean {
  if (!/^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/.test(value)) throw invalid(name, 'must be a number');
  return Number(value) > most || Number(value) < 0;
}

/** What puts another model name into a form; a part of its own before the others when it has none. */
export function formModelEdit({ modelAt }: BodyHead, boundary: string, model: string): Edit {
  if (modelAt !== null) return { ...modelAt, bytes: Buffer.from(model) };
  const at = boundary.length + 4;
  return {
    from: at,
    to: at,
    bytes: Buffer.from(`Content-Disposition: form-data; name="model"\r\n\r\n${model}\r\n--${boundary}\r\n`),
  };
}

function readFlag({ text }: FormPart): boolean {
  const value = text?.toLowerCase();
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0' || value === '') return false;
  throw invalid('stream', 'must be true or false');
}

function invalid(param: string, what: string): Refusal {
  return new Refusal('invalid_value', { message: `"${param.slice(0, 64)}" ${what}.`, param: param.slice(0, 64) });
}
