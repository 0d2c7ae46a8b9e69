import { upstreamUrlFault } from '../config/upstream-url.js';
import type { Verdicts } from './reading.js';

const REFERENCE = /^\$\{[A-Za-z_]\w*(?::-([^}]*))?\}$/;

/** Where a URL stands, and what is said when it is taken as it is; null = the caller says that. */
interface Judged {
  field: string;
  taken: string | null;
  verdicts: Verdicts;
}

/**
 * The URL of a server as our configuration may name it, without the user, the password and the query
 * that a foreign file may have put into it. Says in the verdicts what was left out, or why there is none: null.
 */
export function addressOf(text: string, { field, taken, verdicts }: Judged): string | null {
  const bare = withoutCredentials(text);
  if (bare === null) verdicts.refused(field, 'is no URL such as http://127.0.0.1:8000');
  else if (bare !== text)
    verdicts.approximated(
      field,
      'its user, password or query is not copied; write what is secret as ${NAME} or ${file:PATH}, a key of a server as `api_key`',
    );
  else if (taken !== null) verdicts.taken(field, taken);
  return bare;
}

function withoutCredentials(text: string): string | null {
  const reference = REFERENCE.exec(text);
  if (reference !== null) {
    const usual = reference[1];
    if (usual === undefined || usual === '') return text;
    const bare = withoutCredentials(usual);
    return bare === null ? null : text.replace(usual, () => bare);
  }
  if (upstreamUrlFault(text) === null) return text;
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  Object.assign(url, { username: '', password: '', search: '', hash: '' });
  const bare = url.href.replace(/\/$/, '');
  return upstreamUrlFault(bare) === null ? bare : null;
}
