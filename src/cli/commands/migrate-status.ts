import { storeVersions } from '../../gateway/store-files.js';
import type { RunCommand } from '../invocation.js';
import { findLocal } from '../local.js';
import { printVersions } from '../store-versions-view.js';

export const run: RunCommand = async (invocation) => {
  printVersions(invocation, storeVersions((await findLocal(invocation)).dataDir));
  return 0;
};
