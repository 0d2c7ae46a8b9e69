/** Records a request every few milliseconds until it is killed, and prints each with the time: `node --import tsx record-forever.ts DIRECTORY`. */
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { openUsage } from '../../src/storage/usage-log.js';

const PERIOD_MS = 10;
const usage = await openUsage({
  dir: process.argv[2] ?? '',
  clock: systemClock,
  log: silentLog,
  requestLogDays: 30,
  ledgerDays: 400,
});
let number = 0;
setInterval(() => {
  number += 1;
  const always = {
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    code: null,
    reason: null,
    previousSecret: false,
    streamed: true,
  } as const;
  const names = {
    keyId: 'abcdefghijkl',
    owner: 'alice',
    address: '192.0.2.1',
    model: 'qwen3',
    replica: null,
    correlationId: null,
    userAgent: null,
  };
  const figures = { firstByteMs: 1, durationMs: 2, bytesIn: 3, bytesOut: 4, attempts: 1 };
  const startedAtMs = systemClock.now();
  usage.requests.record({ id: `req_${number}`, startedAtMs, ...always, ...names, ...figures });
  process.stdout.write(`${number} ${startedAtMs}\n`);
}, PERIOD_MS);
