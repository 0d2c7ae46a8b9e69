import type { Problem } from '../../admin/contract.js';
import type { ReplayBody, ReplayedBody } from '../../admin/contract-usage.js';
import { ask, askLines, show, withQuery } from '../ask.js';
import { type AdminClient, withAdmin } from '../client.js';
import { Failure, misuse } from '../failure.js';
import type { Invocation, RunCommand } from '../invocation.js';
import { createProgressBar } from '../progress-bar.js';
import { printReplay } from '../replay-view.js';

interface Options {
  limit?: ReplayBody['limits'];
  for?: ReplayBody['for'];
  since?: number;
  until?: number;
  keyId?: string;
  owner?: string;
}

const PATH = '/admin/v1/usage/replay';

export const run: RunCommand = async (invocation) => {
  const { io, globals } = invocation;
  const body = bodyOf(invocation);
  if (io.outIsTerminal && !globals.json) {
    await printReplay(io, await withAdmin(invocation, (client) => watched(invocation, client, body)));
    return 0;
  }
  const { body: replayed, text } = await withAdmin(invocation, (client) =>
    ask<ReplayedBody>(client, PATH, { method: 'POST', body }),
  );
  return show(invocation, text, () => printReplay(io, replayed));
};

function bodyOf({ globals, options }: Invocation): ReplayBody {
  const { limit, for: per = 'key', since, until, owner, ...named }: Options = options;
  if (limit === undefined) throw misuse('Name a limit to try, such as --limit requests_per_day=1000.');
  const keyId = named.keyId ?? (globals.key === '-' ? undefined : globals.key);
  return {
    limits: limit,
    for: per,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(keyId === undefined ? {} : { key_id: keyId }),
    ...(owner === undefined ? {} : { owner }),
  };
}

/** Asks for the outcome and shows how far it has come. Ctrl-C ends the replay. */
async function watched({ io }: Invocation, client: AdminClient, body: ReplayBody): Promise<ReplayedBody> {
  const bar = createProgressBar(io);
  const stopped = new AbortController();
  const stops = (['SIGINT', 'SIGTERM'] as const).map((signal) => io.onSignal(signal, () => stopped.abort()));
  let last = '';
  try {
    const question = { method: 'POST' as const, body, signal: stopped.signal };
    for await (const line of askLines(client, withQuery(PATH, { follow: 1 }), question)) {
      const { progress } = JSON.parse(line) as { progress?: { rows: number; share: number } };
      if (progress === undefined) last = line;
      else bar.show(progress.share, `${progress.rows} requests`);
    }
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
  } finally {
    bar.clear();
    for (const stop of stops) stop();
  }
  return outcomeOf(stopped.signal.aborted ? '' : last);
}

function outcomeOf(line: string): ReplayedBody {
  if (line === '') throw new Failure('The replay was ended before it was done. Start it again.');
  const outcome = JSON.parse(line) as Record<string, unknown>;
  if ('data' in outcome) return outcome as ReplayedBody;
  const problem = outcome as Problem;
  throw new Failure(problem.detail, { problem });
}
