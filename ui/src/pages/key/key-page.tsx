import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { useKey, type KeyBody } from '../../api/keys.js';
import { refusalOf, useRefusal, useSession } from '../../api/session.js';
import { actsOn, AskedAct, SCOPE_OF_ACT, WORDS_OF_ACT, type KeyAct } from '../../key-acts/asked-act.js';
import { stateOf } from '../../key-acts/key-state.js';
import { Act } from '../../parts/act.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { CopyField } from '../../parts/copy.js';
import { useNow } from '../../parts/moment.js';
import { ErrorNotice, NotAllowed } from '../../parts/notices.js';
import { Page, Panel } from '../../parts/page.js';
import { Waiting } from '../../parts/waiting.js';
import { StateBadge } from '../../parts/state-badge.js';
import { ExplainForm } from './explain-form.js';
import { KeyChildren } from './key-children.js';
import { KeyDetails } from './key-details.js';
import { KeyRequests } from './key-requests.js';
import { KeyUsage } from './key-usage.js';

/** Everything about one key. */
export function KeyPage() {
  const { id } = useParams<{ id: string }>();
  const { data: key, error, refetch } = useKey(id);
  if (key !== undefined) return <KnownKey subject={key} />;
  return (
    <Page title="Key" about={<Link href="/keys">All keys</Link>}>
      {error === null ? (
        <Waiting what="The key is being read" height={200} />
      ) : (
        <ErrorNotice error={error} what="The key could not be read" retry={() => void refetch()} />
      )}
    </Page>
  );
}

function KnownKey({ subject }: { subject: KeyBody }) {
  const noUsage = useRefusal('usage:read');
  const state = stateOf(subject, useNow());
  return (
    <Page
      title={subject.name}
      about={
        <span className="kp-key-about">
          <Link href="/keys">All keys</Link> <StateBadge state={state} /> <CopyField text={subject.id} what="the id" />
        </span>
      }
      actions={<KeyActs subject={subject} />}
    >
      <div className="kp-columns">
        <KeyDetails subject={subject} />
        <div className="kp-stack">
          {noUsage === null && <KeyUsage keyId={subject.id} />}
          <KeyChildren subject={subject} />
        </div>
      </div>
      {noUsage === null ? <KeyRequests subject={subject} /> : <NotAllowed reason={noUsage} />}
      <Panel title="Would a request pass?">
        <ExplainForm keyId={subject.id} />
      </Panel>
      <CliTwin command={`keyporter keys show ${subject.id}`} />
    </Page>
  );
}

function KeyActs({ subject }: { subject: KeyBody }) {
  const [asked, setAsked] = useState<KeyAct | null>(null);
  const session = useSession();
  return (
    <>
      {actsOn(subject).map((act) => (
        <Act
          key={act}
          size="xs"
          variant={act === 'revoke' ? 'filled' : 'default'}
          {...(act === 'revoke' ? { color: 'red.9' } : {})}
          refusal={refusalOf(session, SCOPE_OF_ACT[act])}
          onClick={() => setAsked(act)}
        >
          {WORDS_OF_ACT[act]}
        </Act>
      ))}
      {asked !== null && <AskedAct act={asked} subject={subject} onClose={() => setAsked(null)} />}
    </>
  );
}
