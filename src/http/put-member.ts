import type { TopMember } from '../core/exchange.js';
import type { Edit } from './edit.js';
import { membersAt } from './json-scan.js';

/** One member as JSON text. */
export interface NewMember {
  name: string;
  value: string;
}

/**
 * What gives the outermost object of a body this member: in place of its value when it is there, else behind all others.
 * `edits` are those it goes together with; among them may be another member for an object that has none.
 */
export function putMember(
  body: Buffer,
  members: readonly TopMember[],
  member: NewMember,
  edits: readonly Edit[],
): Edit {
  const there = members.find(({ name }) => name === member.name);
  if (there !== undefined) return { from: there.from, to: there.to, bytes: Buffer.from(member.value) };
  const at = members.at(-1)?.to ?? body.indexOf(0x7b) + 1;
  const first = members.length === 0 && edits.every(({ from }) => from !== at);
  return { from: at, to: at, bytes: Buffer.from(`${first ? '' : ','}"${member.name}":${member.value}`) };
}

/** The same for the object that is the value of `outer`. */
export function putInside(body: Buffer, outer: TopMember, member: NewMember): Edit {
  const members = membersAt(body, outer.from);
  const there = members.find(({ name }) => name === member.name);
  if (there !== undefined) return { from: there.from, to: there.to, bytes: Buffer.from(member.value) };
  const at = members.at(-1)?.to ?? outer.from + 1;
  return { from: at, to: at, bytes: Buffer.from(`${members.length === 0 ? '' : ','}"${member.name}":${member.value}`) };
}
