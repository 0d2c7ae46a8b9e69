import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useRevokeKey, type KeyBody, type RevokedBody } from '../api/keys.js';
import { shellWord } from '../parts/cli-twin.js';
import { ConfirmDialog } from '../parts/confirm-dialog.js';
import { Moment } from '../parts/moment.js';
import { WhatEnds } from './what-ends.js';
import { Dialog } from '../parts/dialog.js';

/** Ends a key for good: says what will end, asks, and says what ended. */
export function RevokeDialog({ subject, onClose }: { subject: KeyBody; onClose: () => void }) {
  const revoke = useRevokeKey(subject.id);
  const [reason, setReason] = useState('');
  const [ended, setEnded] = useState<RevokedBody | null>(null);
  if (ended !== null) return <Ended subject={subject} ended={ended} onClose={onClose} />;
  const why = reason.trim() === '' ? null : reason.trim();
  return (
    <ConfirmDialog
      title={`Revoke ${subject.name}`}
      confirm="Revoke the key"
      dangerous
      command={`keyporter keys revoke ${subject.id}${why === null ? '' : ` --reason ${shellWord(why)}`}`}
      act={revoke}
      onConfirm={() => revoke.mutate(why, { onSuccess: setEnded })}
      onClose={onClose}
    >
      <Text size="sm">
        This is final: the secret never works again. To switch the key off for a while, disable it instead.
      </Text>
      <WhatEnds subject={subject} forGood />
      <TextInput
        label="Reason"
        description="For the audit trail. May be left out."
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </ConfirmDialog>
  );
}

interface EndedParts {
  subject: KeyBody;
  ended: RevokedBody;
  onClose: () => void;
}

function Ended({ subject, ended, onClose }: EndedParts) {
  const { addresses_24h: addresses, models_24h: models } = ended;
  return (
    <Dialog onClose={onClose} title={`${subject.name} is revoked`}>
      <Stack>
        <ul className="kp-ends">
          <li>Keys revoked: {ended.revoked.length}</li>
          <li>Of them derived keys: {ended.children.length}</li>
          <li>
            Running requests ended: <b>{ended.streams_ended}</b>
          </li>
          <li>
            Last used: <Moment at={ended.last_used_at} />
          </li>
          {addresses !== null && addresses.length > 0 && <li>Used in the last 24 hours from {addresses.join(', ')}</li>}
          {models !== null && models.length > 0 && <li>Models in the last 24 hours: {models.join(', ')}</li>}
        </ul>
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            Done
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
