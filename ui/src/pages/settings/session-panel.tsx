import { Button, Stack, Text } from '@mantine/core';
import { useSession, useSignOut } from '../../api/session.js';
import { Facts } from '../../parts/facts.js';
import { KeyLink } from '../../parts/key-link.js';
import { Moment } from '../../parts/moment.js';
import { ErrorNotice } from '../../parts/notices.js';
import { Panel } from '../../parts/page.js';

const KINDS = {
  operator: 'operator of this machine, by a one-time link',
  key: 'key',
  delegate: 'somebody a trusted proxy vouched for',
} as const;

/** Who is signed in, with what rights, until when. */
export function SessionPanel() {
  const session = useSession();
  const signOut = useSignOut();
  return (
    <Panel title="This session">
      <Stack>
        <Facts
          of={[
            ['Signed in as', session.name],
            ['By', KINDS[session.kind]],
            ['Id', session.kind === 'key' ? <KeyLink key="id" id={session.id} name={session.id} /> : session.id],
            ['Owner', session.owner ?? 'none: sees all owners'],
            ['Rights', session.kind === 'operator' ? 'all' : session.scopes.join(', ') || 'none'],
            ['Ends at the latest', <Moment key="ends" at={session.expires_at} />],
            ['Ends if idle', <Moment key="idle" at={session.idle_expires_at} />],
          ]}
        />
        <Text size="sm" className="kp-dim">
          A session also ends when its key is revoked, disabled or expires, and when the gateway starts anew.
        </Text>
        {signOut.error !== null && <ErrorNotice error={signOut.error} what="Signing out did not work" />}
        <div>
          <Button size="xs" variant="default" loading={signOut.isPending} onClick={() => signOut.mutate()}>
            Sign out
          </Button>
        </div>
      </Stack>
    </Panel>
  );
}
