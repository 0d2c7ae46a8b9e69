import type { TopMember } from '../core/exchange.js';
import type { Edit } from './edit.js';
import { membersAt } from './json-scan.js';

/** One member as JSON text. */
export interface NewMember {
  name: string;
  value: string;
}

/** An object whose bytes were checked. */
export interface Place {
  body: Buffer;
  members: readonly TopMember[];
  /** First byte of the object, or one of the spaces before it. */
  from: number;
  /** What else is going to be replaced in the body. */
  edits: readonly Edit[];
}

/** The outermost object of a body. */
export function outermost(body: Buffer, members: readonly TopMember[], edits: readonly Edit[]): Place {
  return { body, members, from: 0, edits };
}

/** The object that is the value of a member. */
export function inside({ from }: TopMember, body: Buffer, edits: readonly Edit[]): Place {
  return { body, members: membersAt(body, from), from, edits };
}

/** What gives an object this member: in place of its value when it is there, else behind all others. */
export function putMember({ body, members, from, edits }: Place, { name, value }: NewMember): Edit {
  const there = members.find((member) => member.name === name);
  if (there !== undefined) return { from: there.from, to: there.to, bytes: Buffer.from(value) };
  const at = members.at(-1)?.to ?? body.indexOf(0x7b, from) + 1;
  // Another member may be on its way into an object that has none.
  const first = members.length === 0 && edits.every((edit) => edit.from !== at);
  return { from: at, to: at, bytes: Buffer.from(`${first ? '' : ','}"${name}":${value}`) };
}
