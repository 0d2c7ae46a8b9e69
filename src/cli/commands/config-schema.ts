import { configJsonSchema } from '../../config/json-schema.js';
import type { RunCommand } from '../invocation.js';

export const run: RunCommand = async ({ io }) => {
  io.out(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  return 0;
};
