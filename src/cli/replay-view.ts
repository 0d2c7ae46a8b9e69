import type { ReplayedBody, ReplayVerdictBody } from '../admin/contract-usage.js';
import type { Io } from './io.js';
import { moment, styled } from './printable.js';
import { printTable } from './table.js';

/** Who would have been refused, and a sentence about all of it. */
export async function printReplay(io: Io, replayed: ReplayedBody): Promise<void> {
  if (replayed.data.length > 0) {
    const headings = ['WHO', 'NAME', 'LIMIT', 'REFUSED', 'REQUESTS', 'TOKENS', 'SHORTENED', 'FIRST', 'LAST'];
    await printTable(io, headings, replayed.data.flatMap(cellsOf));
    if (replayed.left_out > 0) io.out(`(${replayed.left_out} more are left out.)\n`);
  }
  io.out(`${sentence(io, replayed)}\n`);
  if (replayed.not_bound > 0)
    io.out(`${counted(replayed.not_bound, 'request')} without an owner had no such limit and were left out.\n`);
}

/** A row for each limit that refused; one for a subject whose answers would only have been shortened. */
function cellsOf(verdict: ReplayVerdictBody): string[][] {
  const who = verdict.key_id ?? verdict.owner ?? verdict.model ?? '-';
  const whole = [verdict.refused_tokens, verdict.total_tokens] as const;
  const behind = [String(verdict.requests), share(...whole), String(verdict.shortened)];
  const first = [who, verdict.key_name ?? '-'];
  if (verdict.limits.length === 0) return [[...first, '-', '0', ...behind, '-', '-']];
  return verdict.limits.map(({ limit, account, refused, first_at: firstAt, last_at: lastAt }) => [
    ...first,
    account.endsWith(`:${who}`) ? limit : `${limit} of ${account}`,
    String(refused),
    ...behind,
    moment(firstAt),
    moment(lastAt),
  ]);
}

function sentence(io: Io, replayed: ReplayedBody): string {
  const { requests, refused, shortened, since, until } = replayed;
  const span = `from ${moment(since)} to ${moment(until)} UTC`;
  if (requests === 0) return `No requests ${span}, so nothing can be said. Look further back with --since 90d.`;
  if (refused === 0) {
    const cut = shortened === 0 ? '' : ` ${counted(shortened, 'answer')} would have been shortened.`;
    return `${styled(io, 'green', 'Nobody would have been refused')}: all ${counted(requests, 'request')} ${span} pass.${cut}`;
  }
  const tokens = share(replayed.refused_tokens, replayed.total_tokens);
  return `${styled(io, 'red', `${refused} of ${counted(requests, 'request')} would have been refused`)} ${span}, with ${tokens} of the tokens.`;
}

function share(part: number, whole: number): string {
  return whole === 0 ? '0.0 %' : `${((part / whole) * 100).toFixed(1)} %`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
