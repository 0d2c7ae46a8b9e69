const LF = 0x0a;
const CR = 0x0d;

/**
 * The single events in bytes that hold whole events: server-sent ones end with a blank line, those of one
 * JSON object a line with their line. What follows the last end is the last piece.
 */
export function* eachEvent(bytes: Buffer, isLines: boolean): Generator<Buffer> {
  let from = 0;
  for (let feed = bytes.indexOf(LF); feed >= 0; feed = bytes.indexOf(LF, feed + 1)) {
    if (!isLines && !endsEvent(bytes, feed)) continue;
    yield bytes.subarray(from, feed + 1);
    from = feed + 1;
  }
  if (from < bytes.length) yield bytes.subarray(from);
}

/** LF LF, or LF CR LF. */
function endsEvent(bytes: Buffer, feed: number): boolean {
  return bytes[feed - 1] === LF || (bytes[feed - 1] === CR && bytes[feed - 2] === LF);
}
