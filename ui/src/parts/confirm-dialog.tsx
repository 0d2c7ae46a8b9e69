import { Button, Group, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { CliTwin } from './cli-twin.js';
import { ErrorNotice } from './notices.js';
import { Dialog } from './dialog.js';

interface Question {
  title: string;
  /** What will happen. */
  children: ReactNode;
  /** The words on the button that does it, such as "Revoke the key". */
  confirm: string;
  command: string;
  dangerous?: boolean;
  /** The state of the mutation that `onConfirm` starts. */
  act: { isPending: boolean; error: Error | null };
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before an action. Made anew for each question: render it only while it is asked. */
export function ConfirmDialog(question: Question) {
  const { title, children, confirm, command, dangerous = false, act, onConfirm, onClose } = question;
  return (
    <Dialog onClose={onClose} title={title}>
      <Stack>
        {children}
        {act.error !== null && <ErrorNotice error={act.error} what="It did not work" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color={dangerous ? 'red.9' : undefined} loading={act.isPending} onClick={onConfirm}>
            {confirm}
          </Button>
        </Group>
        <CliTwin command={command} />
      </Stack>
    </Dialog>
  );
}
