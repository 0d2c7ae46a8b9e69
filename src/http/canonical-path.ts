import { Refusal } from '../core/errors.js';

export interface CanonicalTarget {
  path: string;
  query: string;
}

const MAX_TARGET_BYTES = 8192;
/** Characters a path may hold as they are (RFC 3986 pchar and the slash), percent signs apart. */
const PLAIN_PATH = /^[A-Za-z0-9\-._~!$&'()*+,=:@/]*$/;
/** The same without empty segments. */
const PLAIN_SEGMENTS = /^(?:\/[A-Za-z0-9\-._~!$&'()*+,=:@]+)+$/;
const ANY_QUERY = /^[\x21\x22\x24-\x7e]*$/;
const UNRESERVED = /^[A-Za-z0-9\-._~]$/;
const ENCODED_SLASH = '%2F';

/**
 * Turns the target of a request line into the one path that is matched and forwarded. Everything
 * that another reader could take differently is refused: other forms of target, empty and dot
 * segments in any encoding, backslashes, control characters, fragments, broken escapes.
 *
 * An encoded slash stays `%2F`: it is data inside one segment, and only routes with a model
 * segment take it.
 */
export function canonicalTarget(target: string): CanonicalTarget {
  if (target.length > MAX_TARGET_BYTES) throw new Refusal('uri_too_long');
  if (target.charCodeAt(0) !== 47) throw bad('the target must be a path that starts with one slash');
  if (target.includes('#')) throw bad('the target has a fragment');
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (query !== '' && !ANY_QUERY.test(query)) throw bad('the query holds characters that must be percent-encoded');
  // Nearly every path is plain: then nothing has to be decoded or taken apart.
  if (PLAIN_SEGMENTS.test(rawPath) && !rawPath.includes('/.')) return { path: rawPath, query };
  const path = rawPath.includes('%') ? decodeOnce(rawPath) : rawPath;
  refuseOddSegments(path);
  return { path, query };
}

function decodeOnce(rawPath: string): string {
  let path = '';
  for (let at = 0; at < rawPath.length; at += 1) {
    const character = rawPath.charAt(at);
    if (character !== '%') {
      path += character;
      continue;
    }
    path += decodedEscape(rawPath.slice(at, at + 3));
    at += 2;
  }
  return path;
}

/** An escape of an unreserved character becomes that character; every other one is written in capitals or refused. */
function decodedEscape(escape: string): string {
  if (!/^%[0-9A-Fa-f]{2}$/.test(escape)) throw bad('the path has a broken percent escape');
  const code = Number.parseInt(escape.slice(1), 16);
  if (code < 0x20 || code === 0x7f) throw bad('the path has an encoded control character');
  if (code === 0x5c) throw bad('the path has a backslash');
  const character = String.fromCharCode(code);
  return UNRESERVED.test(character) ? character : escape.toUpperCase();
}

function refuseOddSegments(path: string): void {
  const plain = path.includes('%') ? path.replace(/%[0-9A-F]{2}/g, '') : path;
  if (!PLAIN_PATH.test(plain)) throw bad('the path holds characters that are not allowed in a path');
  if (path.includes('//')) throw bad('the path has an empty segment');
  for (const segment of path.split('/')) {
    const bare = segment.split(ENCODED_SLASH);
    if (bare.includes('.') || bare.includes('..')) throw bad('the path has a dot segment');
  }
  if (path.includes('%')) refuseBadText(path);
}

function refuseBadText(path: string): void {
  try {
    decodeURIComponent(path);
  } catch (cause) {
    throw new Refusal('bad_request', { message: 'The path is not valid UTF-8.', cause });
  }
}

function bad(what: string): Refusal {
  return new Refusal('bad_request', { message: `The request was refused: ${what}.` });
}
