import type { Caller } from '../core/caller.js';
import { isPromise } from '../core/maybe.js';
import type { Accounting } from '../limits/accounts-of.js';
import { limitHeaders, type HeaderStyle } from '../limits/limit-headers.js';
import { limitRefusal } from '../limits/limit-refusal.js';
import { isDenial, type Denial, type Reservation } from '../limits/limit-store.js';
import type { PathKind } from '../replicas/engines/engine.js';
import { createMeter } from '../usage/readers/create-meter.js';
import { Admission } from './admission.js';
import { demandOf, type Demand } from './demand.js';
import { need, type Exchange } from './exchange.js';
import { createMeteredPath } from './metered-path.js';
import type { Parts } from './parts.js';
import type { Step } from './steps.js';

/** A request on its way through its limits. */
interface Admitting {
  exchange: Exchange;
  caller: Caller;
  kind: PathKind;
  demand: Demand;
  accounting: Accounting;
}

/**
 * Is there room in the limits? Takes what the request may need in each of its accounts, opens its row in
 * the ledger, and holds the body to what its budgets have left.
 * Refuses with 429. What costs no work of a model passes uncounted.
 */
export function createAdmit(parts: Parts): Step {
  const kindOf = createMeteredPath();
  return (exchange) => {
    const kind = kindOf(exchange);
    if (kind === null) return;
    const caller = need(exchange.caller, 'caller');
    const accounting = parts.accountsOf(caller, need(exchange.model, 'model').name);
    const demand = demandOf(exchange, kind);
    const admitting = { exchange, caller, kind, demand, accounting };
    const answer = parts.limits.reserve({
      accounts: accounting.accounts,
      inputTokens: demand.inputTokens,
      outputCap: demand.outputCap,
      defaultOutputTokens: accounting.defaultOutputTokens,
    });
    return isPromise(answer)
      ? answer.then((found) => settle(admitting, found, parts))
      : settle(admitting, answer, parts);
  };
}

function settle(admitting: Admitting, answer: Reservation | Denial, parts: Parts): void | Promise<void> {
  if (isDenial(answer)) return refuse(admitting, answer, parts);
  try {
    admit(admitting, answer, parts);
  } catch (cause) {
    // A body may be refused still, while it is held to its budgets: nothing of what was reserved may stay behind.
    answer.cancel();
    throw cause;
  }
}

async function refuse({ accounting, kind }: Admitting, denial: Denial, { limits, clock }: Parts): Promise<never> {
  throw limitRefusal(denial, {
    self: accounting.accounts[0]?.id ?? '',
    standings: await limits.standings(accounting.accounts),
    style: styleOf(kind),
    nowMs: clock.now(),
  });
}

function admit(
  { exchange, caller, kind, demand, accounting }: Admitting,
  reservation: Reservation,
  parts: Parts,
): void {
  const { clock } = parts;
  const bounded = demand.boundTo(reservation.outputLeft, accounting.defaultOutputTokens);
  const row = parts.journal.open({
    requestId: exchange.id,
    atMs: clock.now(),
    callerId: caller.id,
    owner: caller.owner,
    model: need(exchange.model, 'model').name,
    path: exchange.request.path,
    streamed: exchange.head?.stream ?? false,
    inputTokens: demand.inputTokens,
    outputTokens: reservation.outputTokens,
  });
  const admission = new Admission({
    reservation,
    row,
    inputTokens: demand.inputTokens,
    admittedAt: clock.monotonic(),
    meterFor: ({ type, isStream }) =>
      createMeter({
        words: wordsOf(exchange, kind),
        contentType: type,
        stream: isStream,
        hideUsage: bounded.hideUsage,
        countOutput: demand.countOutput,
      }),
    now: clock.monotonic,
  });
  exchange.admission = admission;
  exchange.holds.push(() => admission.settle(exchange));
  exchange.share = {
    name: caller.id,
    weight: accounting.weight,
    priority: accounting.priority,
    tokens: demand.inputTokens + reservation.outputTokens,
    patienceMs: null,
  };
  const headers = limitHeaders(reservation.standing(), styleOf(kind), clock.now());
  if (headers.length > 0) exchange.ownHeaders = [...exchange.ownHeaders, ...headers];
}

/** What is translated is answered in the words of the engine that it was translated for. */
function wordsOf({ infer, replica }: Exchange, { words }: PathKind): PathKind['words'] {
  return infer !== null && replica?.engine !== 'orchestra' ? 'openai' : words;
}

function styleOf({ words }: PathKind): HeaderStyle {
  return words === 'anthropic' ? 'anthropic' : 'openai';
}
