import { Link } from 'wouter';
import { holds, useSession } from '../api/session.js';

const KEY_ID = /^[0-9A-Za-z]{12}$/;

/** The name or id of a key, leading to its page. Callers without a key of ours, such as `jwt:alice`, have no page. */
export function KeyLink({ id, name }: { id: string | null; name?: string | null }) {
  const session = useSession();
  if (id === null) return <span className="kp-dim">–</span>;
  const text = name ?? id;
  if (!KEY_ID.test(id) || !holds(session, 'keys:read')) return <span title={id}>{text}</span>;
  return (
    <Link href={`/keys/${id}`} title={id}>
      {text}
    </Link>
  );
}
