import type { TopMember } from './json-scan.js';

/**
 * The bytes of a JSON object without one of its outermost members and its comma; every other byte
 * stays. `members` are those of the object in their order.
 */
export function withoutMember(bytes: Buffer, members: readonly TopMember[], at: number): Buffer {
  const member = members[at];
  if (member === undefined) return bytes;
  const before = members[at - 1];
  if (before !== undefined) return Buffer.concat([bytes.subarray(0, before.to), bytes.subarray(member.to)]);
  const open = bytes.indexOf(0x7b) + 1;
  const rest = members.length > 1 ? bytes.indexOf(0x2c, member.to) + 1 : member.to;
  return Buffer.concat([bytes.subarray(0, open), bytes.subarray(rest)]);
}
