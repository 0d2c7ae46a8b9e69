/** What the key file and the configuration say together. */
export interface KeyFileFacts {
  file: string;
  /** What is wrong with the file as it is now, as the rest of a sentence; null = nothing. */
  fault: string | null;
  requireAuth: boolean;
  allowOpen: boolean;
  /** Networks that need no key. */
  local: readonly string[];
  /** Entries of `local_networks` that mean nothing. */
  ignored: readonly string[];
  /** A proxy of this machine speaks for others. */
  loopbackIsProxy: boolean;
}

/** A sentence for everything that weakens the listener or is wrong with the file, with the cure. */
export function keyFileWarnings({
  file,
  fault,
  requireAuth,
  allowOpen,
  local,
  ignored,
  loopbackIsProxy,
}: KeyFileFacts): string[] {
  const warnings: string[] = [];
  if (fault !== null) warnings.push(`The key file ${file} ${fault}: what it said before stays in force. Repair it.`);
  if (!requireAuth)
    warnings.push(`The key file ${file} has \`"require_auth_for_external": false\`${allowOpen ? OPEN : SHUT}`);
  if (local.length > 0 && loopbackIsProxy)
    warnings.push(
      `The key file ${file} has \`local_networks\`, which have no effect while \`trusted_proxies\` holds a loopback address.`,
    );
  if (local.length > 0 && !loopbackIsProxy) {
    warnings.push(
      `The key file ${file} lets ${local.join(', ')} use POST /infer without a key. Behind a reverse proxy on this machine everybody calls from there: then empty its list (\`local_networks: []\`).`,
    );
  }
  if (ignored.length > 0)
    warnings.push(
      `The key file ${file} has \`local_networks\` that are neither an address nor a network and mean nothing: ${ignored.join(', ')}.`,
    );
  return warnings;
}

const OPEN = ' and `orchestra.allow_open` is on: everybody may use POST /infer without a key.';
const SHUT =
  ', which has no effect: keys are still required. Only `orchestra.allow_open: true` lets it switch them off.';
