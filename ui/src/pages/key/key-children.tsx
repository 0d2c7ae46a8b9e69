import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { allKeysQuery, type KeyBody } from '../../api/keys.js';
import { stateOf } from '../../key-acts/key-state.js';
import { useNow } from '../../parts/moment.js';
import { Panel } from '../../parts/page.js';
import { StateBadge } from '../../parts/state-badge.js';

/** The keys derived from this one. */
export function KeyChildren({ subject }: { subject: KeyBody }) {
  const { data } = useQuery(allKeysQuery);
  const now = useNow();
  const children = data?.keys.filter(({ parent_id: parent }) => parent === subject.id) ?? [];
  return (
    <Panel title="Derived keys">
      {children.length === 0 ? (
        <p className="kp-dim kp-line">
          None. A derived key holds at most what this one holds, counts in its limits, and dies with it.
        </p>
      ) : (
        <ul className="kp-plain kp-scroll-list">
          {children.map((child) => (
            <li key={child.id}>
              <Link href={`/keys/${encodeURIComponent(child.id)}`}>{child.name}</Link>{' '}
              <StateBadge state={stateOf(child, now)} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
