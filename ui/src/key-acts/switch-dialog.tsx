import { Text } from '@mantine/core';
import { useSwitchKey, type KeyBody } from '../api/keys.js';
import { ConfirmDialog } from '../parts/confirm-dialog.js';
import { WhatEnds } from './what-ends.js';

/** Switches a key off until it is enabled again. */
export function DisableDialog({ subject, onClose }: { subject: KeyBody; onClose: () => void }) {
  const act = useSwitchKey(subject.id);
  return (
    <ConfirmDialog
      title={`Disable ${subject.name}`}
      confirm="Disable the key"
      command={`keyporter keys disable ${subject.id}`}
      act={act}
      onConfirm={() => act.mutate('disable', { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">The key stops working until it is enabled again. What runs with it ends now.</Text>
      <WhatEnds subject={subject} forGood={false} />
    </ConfirmDialog>
  );
}

/** Switches a key on again. */
export function EnableDialog({ subject, onClose }: { subject: KeyBody; onClose: () => void }) {
  const act = useSwitchKey(subject.id);
  return (
    <ConfirmDialog
      title={`Enable ${subject.name}`}
      confirm="Enable the key"
      command={`keyporter keys enable ${subject.id}`}
      act={act}
      onConfirm={() => act.mutate('enable', { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">The key works again, with the same secret and the same rights.</Text>
    </ConfirmDialog>
  );
}
