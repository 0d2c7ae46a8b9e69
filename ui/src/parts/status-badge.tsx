import { Badge } from '@mantine/core';
import './status-badge.css';

/** How a request ended: its status, and in words the name of the error. */
export function StatusBadge({ status, code }: { status: number; code: string | null }) {
  return (
    <span className="kp-nowrap">
      <Badge variant="light" radius="sm" className="kp-state" data-tone={toneOf(status)}>
        {status}
      </Badge>{' '}
      {code !== null && <span className="kp-dim">{code}</span>}
    </span>
  );
}

function toneOf(status: number): 'good' | 'warn' | 'bad' {
  if (status < 400) return 'good';
  return status < 500 ? 'warn' : 'bad';
}

/** A word in a colour that says whether all is well. */
export function ToneBadge({ tone, children }: { tone: 'good' | 'warn' | 'bad' | 'plain'; children: string }) {
  return (
    <Badge variant="light" radius="sm" className="kp-state" data-tone={tone}>
      {children}
    </Badge>
  );
}
