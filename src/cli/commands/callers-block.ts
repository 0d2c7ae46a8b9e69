import type { RunCommand } from '../invocation.js';
import { switchCaller } from '../caller-switch.js';

export const run: RunCommand = (invocation) => switchCaller(invocation, true);
