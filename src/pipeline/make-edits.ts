import { edited } from '../http/edit.js';
import type { Exchange } from './exchange.js';

/** Makes the gathered changes to the body, which until now is as it came. */
export function makeEdits(exchange: Exchange): void {
  if (exchange.body === null || exchange.edits === null) return;
  exchange.body = edited(exchange.body, exchange.edits);
  exchange.edits = null;
}
