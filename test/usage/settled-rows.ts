import type { Journal, LedgerEntry, LedgerRow, Settlement } from '../../src/usage/ledger.js';

/** A settled row of the ledger; what is not said is the same for all. */
export function ledgerRow(
  number: number,
  { settled = {}, ...entry }: Partial<LedgerEntry> & { settled?: Partial<Settlement> } = {},
): LedgerRow {
  return {
    requestId: `req_${number}`,
    atMs: 0,
    callerId: 'abcdefghijkl',
    owner: 'alice',
    model: 'qwen3',
    path: '/v1/chat/completions',
    streamed: true,
    inputTokens: 10,
    outputTokens: 20,
    ...entry,
    settled: {
      inputTokens: entry.inputTokens ?? 10,
      outputTokens: entry.outputTokens ?? 20,
      cachedTokens: 4,
      certainty: 'reported',
      gpuSeconds: 0.5,
      gpuCertainty: 'reported',
      status: 200,
      code: null,
      queuedMs: 5,
      firstByteMs: 20,
      durationMs: 1000,
      ...settled,
    },
  };
}

/** Writes rows as the gateway does: opened, then settled. */
export function writeRows(journal: Journal, rows: readonly LedgerRow[]): void {
  for (const { settled, ...entry } of rows) journal.open(entry).settle(settled);
}
