/** Bytes of a body that are replaced; everything else stays as it came. */
export interface Edit {
  from: number;
  to: number;
  bytes: Buffer;
}

/** The body with these places replaced; the very same buffer when there is nothing to replace. */
export function edited(body: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return body;
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { from, to, bytes } of edits.toSorted((one, other) => one.from - other.from)) {
    pieces.push(body.subarray(at, from), bytes);
    at = to;
  }
  pieces.push(body.subarray(at));
  return Buffer.concat(pieces);
}
