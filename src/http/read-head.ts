import type { BodyHead, TopMember } from '../core/exchange.js';
import { Refusal } from '../core/errors.js';
import { edited, type Edit } from './edit.js';
import { scanObject } from './json-scan.js';

/** Members whose meaning we rely on. Another spelling of one of them (`Model`) is refused: some readers fold case. */
const WATCHED = new Set([
  'model',
  'stream',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'n',
  'best_of',
  'n_predict',
  'previous_response_id',
]);
const COUNTS = new Set(['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'n', 'best_of', 'n_predict']);
const MAX_MODEL_LENGTH = 256;

/**
 * What a JSON body asks for: which model, streamed or not. The rest of the bytes is checked to be
 * one well-formed object and otherwise left alone. `streamsByItself`: the contract streams unless it is
 * told not to.
 */
export function readHead(bytes: Buffer, streamsByItself = false): BodyHead {
  const members = scanObject(bytes);
  const head: BodyHead = { model: null, modelAt: null, stream: streamsByItself, previousResponse: null, members };
  for (const member of members) {
    if (!WATCHED.has(member.name)) {
      refuseOtherSpelling(member.name);
      continue;
    }
    if (member.name === 'model') readModel(bytes, member, head);
    else if (member.name === 'stream') head.stream = member.kind === 'null' ? streamsByItself : readFlag(member);
    else if (member.name === 'previous_response_id') head.previousResponse = readText(bytes, member);
    else if (COUNTS.has(member.name)) refuseOddCount(bytes, member);
  }
  return head;
}

/** What puts another model name into a body: only the bytes of that one value differ. */
export function modelEdit(bytes: Buffer, { modelAt, members }: BodyHead, model: string): Edit {
  const value = JSON.stringify(model);
  if (modelAt !== null) return { ...modelAt, bytes: Buffer.from(value) };
  const open = bytes.indexOf(0x7b) + 1;
  return { from: open, to: open, bytes: Buffer.from(`"model":${value}${members.length === 0 ? '' : ','}`) };
}

/** The same body under another model name. */
export function withModel(bytes: Buffer, head: BodyHead, model: string): Buffer {
  return edited(bytes, [modelEdit(bytes, head, model)]);
}

function readText(bytes: Buffer, member: TopMember): string | null {
  if (member.kind === 'null') return null;
  if (member.kind !== 'string') throw invalid(member.name, 'must be a string');
  return JSON.parse(bytes.toString('utf8', member.from, member.to)) as string;
}

function readModel(bytes: Buffer, member: TopMember, head: BodyHead): void {
  head.modelAt = { from: member.from, to: member.to };
  const name = readText(bytes, member);
  if (name === null) return;
  if (name === '' || name.length > MAX_MODEL_LENGTH)
    throw invalid('model', `must have 1 to ${MAX_MODEL_LENGTH} characters`);
  head.model = name;
}

function readFlag(member: TopMember): boolean {
  if (member.kind === 'true') return true;
  if (member.kind === 'false' || member.kind === 'null') return false;
  throw invalid(member.name, 'must be true or false');
}

/** A count that engines could round or read differently would make the limit that holds another than the one checked. */
function refuseOddCount(bytes: Buffer, member: TopMember): void {
  if (member.kind === 'null') return;
  const value = member.kind === 'number' ? Number(bytes.toString('latin1', member.from, member.to)) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < -1) throw invalid(member.name, 'must be a whole number');
}

function refuseOtherSpelling(name: string): void {
  // Over capitals first: readers that fold case take letters like U+017F for the plain ones too.
  const folded = name.toUpperCase().toLowerCase();
  if (folded !== name && WATCHED.has(folded)) throw invalid(name.slice(0, 64), `must be written "${folded}"`);
}

function invalid(param: string, what: string): Refusal {
  return new Refusal('invalid_value', { message: `"${param}" ${what}.`, param });
}
