import { Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { LogLineBody } from '../../../../src/admin/contract-replicas.js';
import { pathOf } from '../../api/client.js';
import { followLines } from '../../api/lines.js';
import { CliTwin, shellWord } from '../../parts/cli-twin.js';
import { ErrorNotice } from '../../parts/notices.js';
import { LiveBadge } from '../../parts/page.js';
import { Dialog } from '../../parts/dialog.js';

const FIRST_LINES = 500;
/** Older ones leave the page, so that a day of logs does not fill the browser. */
const MOST_LINES = 5_000;

interface Line {
  number: number;
  text: string;
}

/** What a process wrote, followed. */
export function ReplicaLogs({ id, onClose }: { id: string; onClose: () => void }) {
  const { lines, error, ended } = useLogLines(id);
  return (
    <Dialog size="80rem" onClose={onClose} title={`Log of ${id}`}>
      <Stack>
        {error === null && !ended && <LiveBadge state="live" />}
        {ended && <Text size="sm">The gateway ended this log. Open it again to go on.</Text>}
        {error !== null && <ErrorNotice error={error} what="The log could not be followed" />}
        <Lines lines={lines} />
        <CliTwin command={`keyporter replicas logs ${shellWord(id)} -f --lines ${FIRST_LINES}`} />
      </Stack>
    </Dialog>
  );
}

function Lines({ lines }: { lines: readonly Line[] }) {
  const place = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = place.current;
    // Whoever scrolled up reads: nothing moves under his eyes.
    if (element !== null && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  return (
    <div
      ref={place}
      className="kp-log"
      role="log"
      tabIndex={0}
      aria-label="Lines of the log"
      onScroll={({ currentTarget: element }) => {
        atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
      }}
    >
      {lines.length === 0 ? (
        <span className="kp-dim">It has written nothing yet.</span>
      ) : (
        lines.map(({ number, text }) => <div key={number}>{text}</div>)
      )}
    </div>
  );
}

function useLogLines(id: string): { lines: readonly Line[]; error: Error | null; ended: boolean } {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const [error, setError] = useState<Error | null>(null);
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    const left = new AbortController();
    const gather = gathered((more) => setLines((before) => [...before, ...more].slice(-MOST_LINES)));
    setLines([]);
    followLines({
      path: pathOf(`/replicas/${encodeURIComponent(id)}/logs`, { lines: FIRST_LINES, follow: 1 }),
      signal: left.signal,
      take: (value) => gather(value as LogLineBody | { left_out: number }),
    }).then(
      () => setEnded(true),
      (cause: Error) => left.signal.aborted || setError(cause),
    );
    return () => left.abort();
  }, [id]);
  return { lines, error, ended };
}

/** Hands on what came since the last picture was drawn, so that a flood of lines is drawn once a frame. */
function gathered(draw: (lines: Line[]) => void): (value: LogLineBody | { left_out: number }) => void {
  let waiting: Line[] = [];
  let count = 0;
  return (value) => {
    count += 1;
    const text = 'line' in value ? value.line : `(${value.left_out} lines left out: they came too fast)`;
    waiting.push({ number: count, text });
    if (waiting.length > 1) return;
    requestAnimationFrame(() => {
      draw(waiting);
      waiting = [];
    });
  };
}
