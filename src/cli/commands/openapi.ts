import { describeApi } from '../../admin/openapi.js';
import { adminOperations, ownOperations } from '../../admin/operations.js';
import type { RunCommand } from '../invocation.js';

export const run: RunCommand = async ({ io }) => {
  io.out(`${JSON.stringify(describeApi([...adminOperations, ...ownOperations], io.version), null, 2)}\n`);
  return 0;
};
