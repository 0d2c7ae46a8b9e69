import { storeVersions } from '../../gateway/store-files.js';
import { remoteUrl, withAdmin } from '../client.js';
import { Failure, misuse } from '../failure.js';
import type { RunCommand } from '../invocation.js';
import { findLocal } from '../local.js';
import { printVersions } from '../store-versions-view.js';

/** Whoever opens the store as its writer brings it up to date, so this opens it. A gateway that runs has done so at its start. */
export const run: RunCommand = async (invocation) => {
  if (remoteUrl(invocation) !== null)
    throw misuse('A store can only be brought up to date on its own machine. Leave --url and KEYPORTER_URL out.');
  const { dataDir } = await findLocal(invocation);
  storeVersions(dataDir);
  const way = await withAdmin(invocation, async (client) => client.way);
  const versions = storeVersions(dataDir);
  if (way === 'socket' && versions.store < versions.program)
    throw new Failure(
      'An older Keyporter runs with this store. Stop it with `keyporter stop`, and start it with this program: that brings the store up to date.',
    );
  printVersions(invocation, versions);
  return 0;
};
