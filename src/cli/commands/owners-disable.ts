import type { RunCommand } from '../invocation.js';
import { switchOwner } from '../owner-switch.js';

export const run: RunCommand = (invocation) => switchOwner(invocation, true);
