import type { AdminContext } from './operation.js';

const LONGEST_WAIT_MS = 1000;
const UNKNOWN = { addresses_24h: null, models_24h: null };

/**
 * Where keys were used in the last 24 hours. A request log that is slow or broken must not hold up
 * the answer to a change that is done already: then both lists are null.
 */
export async function recentUse(
  { ports, settings }: AdminContext,
  ids: readonly string[],
): Promise<{ addresses_24h: string[] | null; models_24h: string[] | null }> {
  let cancel = (): void => undefined;
  const waited = new Promise<typeof UNKNOWN>((resolve) => {
    cancel = settings.clock.after(LONGEST_WAIT_MS, () => resolve(UNKNOWN));
  });
  const asked = ports.requests.recentUse(ids).then(
    ({ addresses, models }) => ({ addresses_24h: addresses, models_24h: models }),
    (error: unknown) => {
      settings.log.warn({ error: String(error) }, 'the request log could not tell where a key was used');
      return UNKNOWN;
    },
  );
  return Promise.race([asked, waited]).finally(() => cancel());
}
