import { Button, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { AuditVerdictBody } from '../../../../src/admin/contract-activity.js';
import { api, pathOf } from '../../api/client.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { CopyField } from '../../parts/copy.js';
import { wholeNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notices.js';
import { Panel } from '../../parts/page.js';

/** Proves the chain when it is asked for, and says what that does not prove. */
export function ChainCheck() {
  const verify = useMutation({ mutationFn: () => api.get<AuditVerdictBody>(pathOf('/audit/verify')) });
  return (
    <Panel
      title="Is the trail whole?"
      actions={
        <Button size="xs" loading={verify.isPending} onClick={() => verify.mutate()}>
          Verify the chain
        </Button>
      }
    >
      <div className="kp-chain" role="status">
        {verify.error !== null && <ErrorNotice error={verify.error} what="The chain could not be checked" />}
        {verify.data !== undefined ? (
          <Verdict verdict={verify.data} />
        ) : (
          <Text size="sm" className="kp-dim">
            Walks every entry from the first to the last and checks that none was changed or removed.
          </Text>
        )}
      </div>
      <CliTwin command="keyporter audit verify" />
    </Panel>
  );
}

function Verdict({ verdict }: { verdict: AuditVerdictBody }) {
  return (
    <>
      <p className="kp-chain-sentence" data-intact={verdict.intact}>
        {verdict.intact
          ? `The audit trail is intact: ${wholeNumber(verdict.entries)} entries.`
          : `The audit trail was changed: entry ${verdict.broken_at ?? '?'} does not fit. Entries before it are intact.`}
      </p>
      <Text size="sm">
        Its head is <CopyField text={verdict.head} what="the head of the chain" /> Keep it elsewhere to compare later.
      </Text>
      <Text size="sm" fw={600}>
        What this cannot prove
      </Text>
      <ul className="kp-faults">
        {verdict.not_proven.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </>
  );
}
