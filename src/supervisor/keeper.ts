import { systemClock } from '../core/clock.js';
import { runKeeper } from './keeper-run.js';

// Started by the gateway with the places of its socket and of its record.
const [socket = '', record = ''] = process.argv.slice(2);
await runKeeper({ socket, record, clock: systemClock });
process.exit(0);
