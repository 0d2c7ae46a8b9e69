import { Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import type { LiveState } from '../api/live.js';

interface PageParts {
  title: string;
  /** One line under the title. */
  about?: ReactNode;
  /** Buttons at the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: its title, which the browser's tab shows too, and its actions. */
export function Page({ title, about, actions, children }: PageParts) {
  useEffect(() => {
    document.title = `${title} · Keyporter`;
  }, [title]);
  return (
    <div className="kp-page">
      <header className="kp-page-head">
        <div>
          <Title order={1} size="h2">
            {title}
          </Title>
          {about !== undefined && <div className="kp-page-about">{about}</div>}
        </div>
        {actions !== undefined && <div className="kp-page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A titled box. */
export function Panel({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="kp-panel" aria-label={title}>
      <div className="kp-panel-head">
        <Title order={2} size="h5">
          {title}
        </Title>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** A number that matters, with its name. */
export function Tile({ name, value, detail, tone }: TileParts) {
  return (
    <div className="kp-tile" data-tone={tone ?? 'plain'}>
      <div className="kp-tile-name">{name}</div>
      <div className="kp-tile-value">{value}</div>
      {detail !== undefined && <div className="kp-tile-detail">{detail}</div>}
    </div>
  );
}

interface TileParts {
  name: string;
  value: ReactNode;
  detail?: ReactNode;
  tone?: 'plain' | 'bad' | 'warn';
}

const WORDS: Record<LiveState, string> = { live: 'Live', connecting: 'Connecting…', lost: 'Reconnecting…' };

/** Says whether what is shown follows the gateway. */
export function LiveBadge({ state }: { state: LiveState }) {
  return (
    <span className="kp-live" data-state={state} role="status">
      {WORDS[state]}
    </span>
  );
}
