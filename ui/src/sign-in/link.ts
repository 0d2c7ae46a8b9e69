/** Takes the secret of a one-time link out of the address, and out of the history at once. Null = there is none. */
export function takeLink(location: Location, history: History): string | null {
  const secret = new URLSearchParams(location.hash.slice(1)).get('link');
  if (secret === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return secret === '' ? null : secret;
}
