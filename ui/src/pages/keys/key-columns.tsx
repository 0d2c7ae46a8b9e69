import { Menu } from '@mantine/core';
import { useRef, useState } from 'react';
import { Link } from 'wouter';
import type { KeyBody } from '../../api/keys.js';
import { refusalOf, useSession } from '../../api/session.js';
import { actsOn, SCOPE_OF_ACT, WORDS_OF_ACT, type KeyAct } from '../../key-acts/asked-act.js';
import { stateOf } from '../../key-acts/key-state.js';
import type { Column } from '../../parts/data-table.js';
import { DotsIcon } from '../../parts/icons.js';
import { Moment, useNow } from '../../parts/moment.js';
import { StateBadge } from '../../parts/state-badge.js';

type Ask = (act: KeyAct, subject: KeyBody) => void;

/** The columns of a table of keys. */
export function keyColumns(ask: Ask): Column<KeyBody>[] {
  return [
    ...FACTS,
    {
      id: 'acts',
      header: 'Actions',
      width: '2.25rem',
      hideHeader: true,
      cell: (key) => <ActsMenu subject={key} ask={ask} />,
    },
  ];
}

const FACTS: readonly Column<KeyBody>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 'minmax(11rem, 2fr)',
    sort: ({ name }) => name,
    cell: (key) => <Name of={key} />,
  },
  {
    id: 'owner',
    header: 'Owner',
    width: 'minmax(5rem, 1fr)',
    sort: ({ owner }) => owner,
    cell: ({ owner }) => owner ?? <Dash />,
  },
  { id: 'state', header: 'State', width: '5.25rem', sort: ({ state }) => state, cell: (key) => <State of={key} /> },
  {
    id: 'scopes',
    header: 'Scopes',
    width: 'minmax(6rem, 1.3fr)',
    cell: ({ scopes }) => <span title={scopes.join(', ')}>{scopes.join(', ')}</span>,
  },
  {
    id: 'models',
    header: 'Models',
    width: 'minmax(5rem, 1fr)',
    cell: ({ models }) =>
      models.length === 0 ? (
        <span className="kp-dim">any</span>
      ) : (
        <span title={models.join(', ')}>{models.join(', ')}</span>
      ),
  },
  {
    id: 'expires',
    header: 'Expires',
    width: '6.6rem',
    sort: (key) => key.expires_at,
    cell: (key) => <Moment at={key.expires_at} />,
  },
  {
    id: 'used',
    header: 'Last used',
    width: '6.6rem',
    sort: (key) => key.last_used_at,
    cell: (key) => <Moment at={key.last_used_at} />,
  },
  {
    id: 'created',
    header: 'Created',
    width: '6.6rem',
    sort: (key) => key.created_at,
    cell: (key) => <Moment at={key.created_at} />,
  },
];

function Name({ of: { id, name } }: { of: KeyBody }) {
  return (
    <>
      <Link href={`/keys/${encodeURIComponent(id)}`} className="kp-strong-link">
        {name}
      </Link>{' '}
      <code className="kp-dim kp-small">{id}</code>
    </>
  );
}

function State({ of: key }: { of: KeyBody }) {
  return <StateBadge state={stateOf(key, useNow())} />;
}

function Dash() {
  return <span className="kp-dim">–</span>;
}

/** The menu itself is made when it is first opened: a table has too many rows for one each. */
function ActsMenu({ subject, ask }: { subject: KeyBody; ask: Ask }) {
  const [wanted, setWanted] = useState(false);
  if (actsOn(subject).length === 0) return null;
  const label = `Actions for ${subject.name}`;
  if (wanted) return <OpenMenu subject={subject} ask={ask} label={label} />;
  return (
    <button
      type="button"
      className="kp-dots"
      aria-label={label}
      aria-haspopup="menu"
      aria-expanded={false}
      onClick={() => setWanted(true)}
    >
      <DotsIcon />
    </button>
  );
}

function OpenMenu({ subject, ask, label }: { subject: KeyBody; ask: Ask; label: string }) {
  const session = useSession();
  const dots = useRef<HTMLButtonElement>(null);
  return (
    // Whoever uses the keyboard goes on where the menu was opened, also after the dialog that it opened.
    <Menu
      position="bottom-end"
      defaultOpened
      withInitialFocusPlaceholder={false}
      onClose={() => dots.current?.focus({ preventScroll: true })}
    >
      <Menu.Target>
        <button type="button" className="kp-dots" aria-label={label} ref={dots}>
          <DotsIcon />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {actsOn(subject).map((act) => {
          const refusal = refusalOf(session, SCOPE_OF_ACT[act]);
          return (
            <Menu.Item
              key={act}
              color={act === 'revoke' ? 'var(--kp-bad)' : undefined}
              disabled={refusal !== null}
              title={refusal ?? undefined}
              onClick={() => ask(act, subject)}
            >
              {WORDS_OF_ACT[act]}…
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
