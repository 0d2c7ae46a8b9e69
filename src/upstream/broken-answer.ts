/** What a model server sent is no HTTP that everybody reads alike. The message is a sentence of ours and quotes nothing. */
export class BrokenAnswer extends Error {
  override readonly name = 'BrokenAnswer';
  readonly code = 'BROKEN_ANSWER';
}
