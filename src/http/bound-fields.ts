import { Refusal } from '../core/errors.js';
import type { TopMember } from '../core/exchange.js';
import type { FieldRule } from '../core/field-rule.js';
import type { Edit } from './edit.js';
import { membersAt } from './json-scan.js';

/** Rules by name, ready to be looked up. */
export type FieldBounds = ReadonlyMap<string, FieldRule>;

/** Longest value that is compared as text. */
const LONGEST_COMPARED_BYTES = 64;

/**
 * Holds the members of a body to their rules. Answers what has to be replaced; refuses what may not go
 * to the engine at all, and what only looks like another spelling of such a member.
 */
export function boundFields(body: Buffer, members: readonly TopMember[], bounds: FieldBounds): Edit[] {
  let edits: Edit[] | null = null;
  for (const member of members) {
    const rule = bounds.get(member.name);
    if (rule === undefined) {
      refuseOtherSpelling(member.name, bounds);
      continue;
    }
    if (member.kind === 'null') continue;
    const edit = judge(body, member, rule);
    if (edit !== null) (edits ??= []).push(edit);
  }
  return edits ?? [];
}

function judge(body: Buffer, member: TopMember, rule: FieldRule): Edit | null {
  switch (rule.kind) {
    case 'refuse':
      if (rule.unless?.test(textOf(body, member)) !== true) throw refused(member, `may not be sent: ${rule.why}`);
      return null;
    case 'most':
      return clamp(body, member, rule.most);
    case 'least':
      if (numberOf(body, member) < rule.least) throw refused(member, `must be at least ${rule.least}`);
      return null;
    case 'bytes':
      if (member.to - member.from > rule.most) throw refused(member, `must have at most ${rule.most} bytes`);
      return null;
    case 'entries':
      if (hasMore(body, member, rule.most)) throw refused(member, `must have at most ${rule.most} entries`);
      return null;
    case 'members':
      if (member.kind === 'object') judgeMembers(body, member, new Map(Object.entries(rule.members)));
      return null;
  }
}

/** Engines that take `"10"` for 10 would read past the bound, so text is refused. */
function clamp(body: Buffer, member: TopMember, most: number): Edit | null {
  if (member.kind === 'string') throw refused(member, 'must be a number');
  if (member.kind !== 'number') return null;
  const value = numberOf(body, member);
  return value > most || value < 0 ? { from: member.from, to: member.to, bytes: Buffer.from(String(most)) } : null;
}

/** The members of a member: what would be replaced outside is refused here. */
function judgeMembers(body: Buffer, outer: TopMember, bounds: FieldBounds): void {
  for (const edit of boundFields(body, membersAt(body, outer.from), bounds)) {
    throw refused(
      outer,
      `has a number that is too large or negative; the largest allowed there is ${edit.bytes.toString()}`,
    );
  }
}

function numberOf(body: Buffer, member: TopMember): number {
  if (member.kind !== 'number') throw refused(member, 'must be a number');
  return Number(body.toString('latin1', member.from, member.to));
}

function textOf(body: Buffer, { from, to }: TopMember): string {
  return to - from > LONGEST_COMPARED_BYTES ? '' : body.toString('utf8', from, to);
}

/** Every entry but the last has a comma behind it, so a short value needs no look inside. */
function hasMore(body: Buffer, member: TopMember, most: number): boolean {
  if (member.kind !== 'array' && member.kind !== 'object') return false;
  if (member.to - member.from <= most * 2) return false;
  const value = JSON.parse(body.toString('utf8', member.from, member.to)) as object;
  return Object.keys(value).length > most;
}

/** Some engines read names without regard to case. */
function refuseOtherSpelling(name: string, bounds: FieldBounds): void {
  const folded = name.toUpperCase().toLowerCase();
  if (folded === name || !bounds.has(folded)) return;
  throw new Refusal('invalid_value', { message: `"${name.slice(0, 64)}" must be written "${folded}".`, param: folded });
}

function refused({ name }: TopMember, what: string): Refusal {
  return new Refusal('invalid_value', { message: `"${name}" ${what}.`, param: name });
}
