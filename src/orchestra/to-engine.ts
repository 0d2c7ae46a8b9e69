import { Refusal } from '../core/errors.js';

/** A request as any OpenAI-compatible engine takes it. */
export interface EngineRequest {
  path: '/v1/chat/completions' | '/v1/embeddings';
  body: Readonly<Record<string, unknown>>;
}

type RequestBody = Readonly<Record<string, unknown>>;

/** First characters in base64 of the kinds of pictures that engines take. */
const PICTURES: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];
const MOST_TOKENS = 1_000_000_000;
/** The member that bounds the answer. */
export const TOKEN_BOUND = 'max_new_tokens';

/** The same question for an engine that is no Orchestra worker, under the name the engine has for the model. */
export function toEngine(request: RequestBody, model: string): EngineRequest {
  const { input, images, audio } = request;
  if (audio !== undefined && audio !== null)
    throw invalid(
      'audio',
      '`audio` is for Orchestra workers only. Send it to /v1/audio/transcriptions of an api listener.',
    );
  if (isEmbedding(request)) return { path: '/v1/embeddings', body: { model, input: textsOf(request) } };
  if (typeof input !== 'string')
    throw invalid('input', '`request_body` needs `input` (text), or `text` or `texts` for embeddings.');
  const pictures = images === undefined || images === null ? [] : [images].flat().map(pictureUrl);
  const content =
    pictures.length === 0
      ? input
      : [...pictures.map((url) => ({ type: 'image_url', image_url: { url } })), { type: 'text', text: input }];
  const most = tokenBound(request[TOKEN_BOUND]);
  return {
    path: '/v1/chat/completions',
    body: {
      model,
      messages: [{ role: 'user', content }],
      ...(most === null ? {} : { max_tokens: most }),
      stream: false,
    },
  };
}

/** Text without a prompt asks for embeddings. */
export function isEmbedding({ input, text, texts }: RequestBody): boolean {
  return (input === undefined || input === null) && (text !== undefined || texts !== undefined);
}

/** A bound that is missing or cannot be meant leaves the engine its own, as the workers do. Null = there is none. */
export function tokenBound(value: unknown): number | null {
  const wanted = typeof value === 'string' && /^ *\+?[0-9]{1,15} *$/.test(value) ? Number(value) : value;
  if (typeof wanted !== 'number' || !Number.isFinite(wanted)) return null;
  const whole = Math.trunc(wanted);
  return whole >= 1 ? Math.min(whole, MOST_TOKENS) : null;
}

function textsOf({ text, texts, instruction }: RequestBody): string | string[] {
  const ask = (one: unknown): string => {
    if (typeof one !== 'string') throw invalid('texts', '`text` must be text, and `texts` a list of texts.');
    return typeof instruction === 'string' && instruction !== '' ? `Instruct: ${instruction}\nQuery:${one}` : one;
  };
  if (texts === undefined || texts === null) return ask(text);
  if (!Array.isArray(texts) || texts.length === 0)
    throw invalid('texts', '`texts` must be a list of at least one text.');
  return texts.map(ask);
}

function pictureUrl(image: unknown): string {
  const { data, url } =
    typeof image === 'object' && image !== null ? (image as Record<string, unknown>) : { data: undefined, url: image };
  if (typeof data !== 'string') {
    if (typeof url === 'string' && !/^data:application\//i.test(url)) return url;
    throw invalid('images', '`images` must be pictures: a PDF cannot be sent to this model.');
  }
  if (/^data:/i.test(data)) return pictureUrl(data);
  const kind = PICTURES.find(([start]) => data.startsWith(start))?.[1];
  if (kind === undefined) throw invalid('images', '`images` must be PNG, JPEG, GIF or WebP in base64.');
  return `data:${kind};base64,${data}`;
}

function invalid(param: string, message: string): Refusal {
  return new Refusal('invalid_value', { message, param });
}
