/** Keys that stand in the guides of the original: everybody knows them. */
const PUBLISHED: ReadonlySet<string> = new Set([
  'demo-key-12345',
  'prod-key-67890',
  'iszcx8YNM7xqyo_lj-_iD8vMODMfW7xc',
  'change-me-demo-key-123',
]);
/** Characters that are advised at least. */
const ADVISED_LENGTH = 32;

/** Why a key is easily guessed, as the rest of a sentence that begins with it; null when it is not. */
export function weaknessOf(key: string): string | null {
  if (PUBLISHED.has(key)) return "stands in Orchestra's published guide: everybody knows it";
  return key.length < ADVISED_LENGTH ? `has ${key.length} characters; at least ${ADVISED_LENGTH} are advised` : null;
}
