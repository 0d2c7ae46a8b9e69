import { isOrigin } from '../config/forms.js';
import { isObject, type Verdicts } from './reading.js';

const FIELD = 'server.cors';

/** The pages that may call from a browser, as `cors` of the configuration; null when none can be named. */
export function corsOf(cors: unknown, verdicts: Verdicts): { allow_origins: string[] } | null {
  if (cors === undefined || cors === null || cors === false) return null;
  if (!isObject(cors)) {
    verdicts.refused(FIELD, 'lets in pages of every local port; name each origin under cors.allow_origins');
    return null;
  }
  const { allow_origins: listed } = cors;
  const given: readonly unknown[] = Array.isArray(listed) ? listed : [];
  const origins = given.filter((origin): origin is string => typeof origin === 'string' && isOrigin(origin));
  verdicts.refuseUnknown(cors, ['allow_origins'], `${FIELD}.`);
  if (origins.length < given.length)
    verdicts.refused(`${FIELD}.allow_origins`, 'what is no origin such as https://app.example.com is left out');
  if (origins.length === 0) return null;
  verdicts.taken(`${FIELD}.allow_origins`, 'cors.allow_origins');
  return { allow_origins: origins };
}
