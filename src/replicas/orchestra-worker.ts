import { member, parseJson } from './model-list.js';

/** What an Orchestra worker calls itself while it takes requests. */
const WORKING: ReadonlySet<unknown> = new Set(['running', 'degraded']);

/** Whether the answer of a worker to `GET /` says that it takes requests. */
export function saysWorking(body: Buffer): boolean {
  return WORKING.has(member(parseJson(body), 'status'));
}
