import type { z } from '@hono/zod-openapi';
import { Refusal } from '../core/errors.js';
import { duplicateMember } from './duplicate-members.js';
import { faultWords } from './fault-words.js';
import { AdminRefusal, type Fault, pointerOf } from './problem.js';

/** More would only repeat a mistake, or a flood. */
const MOST_FAULTS = 100;
const LARGEST_BODY_BYTES = 256 * 1024;
const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** Reads the whole body, bounded. Empty when there is none. */
export async function readBody(request: Request): Promise<string> {
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_BODY_BYTES) {
      throw new Refusal('request_too_large', {
        message: `The body is larger than ${LARGEST_BODY_BYTES} bytes, the most the admin API takes.`,
      });
    }
    chunks.push(chunk);
  }
  return decodeUtf8(Buffer.concat(chunks));
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Refusal('invalid_json', { message: 'The body is not UTF-8. Send JSON in UTF-8.', cause });
  }
}

/** The body as JSON. No body counts as `{}`, for the acts that need no words. */
export function parseJson(text: string, contentType: string | null): unknown {
  if (text === '') return {};
  if (contentType === null || !JSON_TYPE.test(contentType)) throw new Refusal('unsupported_media_type');
  try {
    const value: unknown = JSON.parse(text, refusePrototype);
    refuseDuplicates(text);
    return value;
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal('invalid_json', { reason: cause instanceof Error ? cause.message : String(cause), cause });
  }
}

function refuseDuplicates(text: string): void {
  const name = duplicateMember(text);
  if (name === null) return;
  throw new Refusal('duplicate_member', {
    message: `The body names the member "${name}" twice. Send each member once.`,
    param: name,
  });
}

/** `__proto__` means a parent object to JavaScript and a member to JSON: nothing may carry it on. */
function refusePrototype(name: string, value: unknown): unknown {
  if (name !== '__proto__') return value;
  throw new AdminRefusal('invalid_value', {
    message: 'The body has a member that this request does not take: "__proto__".',
    faults: [{ pointer: '/__proto__', in: 'body', detail: 'unknown member' }],
  });
}

/** The query as an object. A name given twice is refused: two readers could take different ones. */
export function queryOf(url: URL): Record<string, string> {
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of url.searchParams) {
    if (name in query)
      throw new AdminRefusal('bad_request', { message: `The query names "${name}" twice. Send it once.` });
    query[name] = value;
  }
  return { ...query };
}

/** Checks a part of the request against its schema; a failure names every fault with its place. */
export function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: Fault['in'],
): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: faultWords });
  if (parsed.success) return parsed.data;
  if (place === 'path') throw new Refusal('not_found');
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(issue, place)).slice(0, MOST_FAULTS);
  const first = faults[0];
  const detail =
    first === undefined
      ? 'The request is not valid.'
      : `${wordsFor(first)}${faults.length > 1 ? `, and ${faults.length - 1} more` : ''}.`;
  throw new AdminRefusal(place === 'body' ? 'invalid_value' : 'bad_request', { message: detail, faults });
}

function faultsOf(issue: z.core.$ZodIssue, place: Fault['in']): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => ({
      pointer: pointerOf([...issue.path, name]),
      in: place,
      detail: issue.message.startsWith('Unrecognized key') ? 'unknown member' : withoutStop(issue.message),
    }));
  }
  return [{ pointer: pointerOf(issue.path), in: place, detail: withoutStop(issue.message) }];
}

/** The sentence goes on, or ends, where it is used. */
function withoutStop(message: string): string {
  return message.replace(/\.$/, '');
}

function wordsFor(fault: Fault): string {
  const where =
    fault.pointer === ''
      ? `The ${fault.in}`
      : `${fault.in === 'query' ? 'Query parameter' : 'Member'} "${fault.pointer.slice(1)}"`;
  return `${where} is not valid: ${fault.detail}`;
}
