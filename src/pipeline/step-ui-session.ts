import { Refusal } from '../core/errors.js';
import type { Maybe } from '../core/maybe.js';
import { isPromise } from '../core/maybe.js';
import { credentialsOf, refuseKeyInQuery } from '../identity/credentials.js';
import { parseKey } from '../keys/format.js';
import type { Exchange } from './exchange.js';
import { refuseForeignPage, requireOwnPage } from './own-page.js';
import type { Parts } from './parts.js';
import { createAuthorize, createIdentify } from './step-identify.js';
import type { Step } from './steps.js';
import { sessionCookie, type UiSession } from './ui-session.js';

/**
 * Who asks the admin API? Whoever can open the unix socket is the operator and needs no key. A
 * credential decides alone; without one, the session of the browser. Refuses besides with 403 what a
 * page of another site made a browser send.
 */
export function createIdentifyAdmin(parts: Parts): Step {
  const identify = createIdentify(parts);
  const { uiSessions } = parts;
  return (exchange): Maybe<void> => {
    const { request, operator } = exchange;
    if (operator) return;
    if (credentialsOf(request).length > 0) return identify(exchange);
    const cookie = sessionCookie(request);
    if (cookie === null) {
      refuseForeignPage(request, uiSessions.publicOrigin());
      return identify(exchange);
    }
    requireOwnPage(request, uiSessions.publicOrigin());
    refuseKeyInQuery(request.query, (text) => parseKey(text)?.canonical ?? null);
    const found = uiSessions.find(request, cookie);
    return isPromise(found) ? found.then((session) => enter(exchange, session)) : enter(exchange, found);
  };
}

function enter(exchange: Exchange, session: UiSession | null): void {
  if (session === null) {
    throw new Refusal('missing_api_key', {
      message: 'The session has ended. Sign in again; `keyporter ui` prints a link.',
      reason: 'the session cookie stands for no session that is open',
    });
  }
  exchange.session = session;
  exchange.caller = session.caller;
}

/** May this caller use the admin API at all? Which part of it, the admin API knows. */
export function createAuthorizeAdmin(parts: Parts): Step {
  const authorize = createAuthorize(parts);
  // Only the operator of the machine is signed in without being a caller.
  return (exchange) => (exchange.session?.caller === null ? undefined : authorize(exchange));
}

/** Signing in is something only our own page does. */
export function createRequireOwnPage({ uiSessions }: Parts): Step {
  return ({ request, operator }) => {
    if (!operator) requireOwnPage(request, uiSessions.publicOrigin());
  };
}
