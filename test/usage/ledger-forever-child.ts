/**
 * Admits and settles requests until it is killed: `node --import tsx ledger-forever-child.ts DIRECTORY START`.
 * Prints `open N`, `settled N` and, whenever nothing waits any more, `kept N`: all up to N is on disk.
 */
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { openUsage } from '../../src/storage/usage-log.js';
import type { OpenRow } from '../../src/usage/ledger.js';
import { entry, settlement } from './ledger-books.js';

const PERIOD_MS = 2;
/** After so many moments without an answer from the disk it waits for one. */
const MOMENTS = 12;

const [dir = '', first = '0'] = process.argv.slice(2);
const usage = await openUsage({ dir, clock: systemClock, log: silentLog, requestLogDays: 30, ledgerDays: 400 });
const open: { number: number; row: OpenRow }[] = [];
const print = (word: string, number: number): void =>
  void process.stdout.write(`${word} ${number} ${systemClock.now()}\n`);
let number = Number(first);
let moments = 0;

setInterval(() => {
  if (usage.journal.lag.waiting === 0) {
    print('kept', number);
    moments = 0;
  }
  moments += 1;
  if (moments > MOMENTS) return;
  for (const isEndedAtOnce of [true, false, false]) {
    number += 1;
    const callerId = `caller-${number % 7}`;
    const row = usage.journal.open(entry(number, { atMs: systemClock.now(), callerId, outputTokens: number }));
    print('open', number);
    if (number % 3 === 0) row.extended(number + 1);
    if (isEndedAtOnce) row.settle(settlement({ outputTokens: number }));
    else open.push({ number, row });
    if (isEndedAtOnce) print('settled', number);
  }
  for (const { number: ended, row } of open.splice(0, open.length > 60 ? 3 : 1)) {
    row.settle(settlement({ outputTokens: ended }));
    print('settled', ended);
  }
}, PERIOD_MS);
