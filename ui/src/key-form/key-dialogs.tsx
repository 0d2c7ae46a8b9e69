import { Button, Group, Stack } from '@mantine/core';
import { useState } from 'react';
import { useChangeKey, useCreateKey, useDeriveKey, type CreatedKeyBody, type KeyBody } from '../api/keys.js';
import { CliTwin } from '../parts/cli-twin.js';
import { moment } from '../parts/format.js';
import { ErrorNotice } from '../parts/notices.js';
import { changeBody, draftOf, EMPTY_DRAFT, faultOf, newKeyBody, type KeyDraft } from './draft.js';
import { changeOptions, newKeyOptions } from './draft-command.js';
import { KeyFields } from './key-fields.js';
import { NewSecret } from './new-secret.js';
import { Dialog } from '../parts/dialog.js';

/** Makes a key, then shows its secret once. */
export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const create = useCreateKey();
  const [made, setMade] = useState<CreatedKeyBody | null>(null);
  if (made !== null) return <NewSecret created={made} title="The key is made" onClose={onClose} />;
  return (
    <FormDialog
      title="Create a key"
      confirm="Create the key"
      start={EMPTY_DRAFT}
      usualExpiry="As the configuration says"
      command={(draft) => `keyporter keys create ${newKeyOptions(draft)}`}
      act={create}
      onSubmit={(draft) => create.mutate(newKeyBody(draft), { onSuccess: setMade })}
      onClose={onClose}
    />
  );
}

/** Makes a key that holds at most what `parent` holds, and dies with it. */
export function DeriveKeyDialog({ parent, onClose }: { parent: KeyBody; onClose: () => void }) {
  const derive = useDeriveKey(parent.id);
  const [made, setMade] = useState<CreatedKeyBody | null>(null);
  if (made !== null) return <NewSecret created={made} title="The derived key is made" onClose={onClose} />;
  return (
    <FormDialog
      title={`Derive a key from ${parent.name}`}
      confirm="Derive the key"
      start={{ ...draftOf(parent), name: '', limits: [], priority: null, labels: [] }}
      usualExpiry="With its parent at the latest"
      command={(draft) => `keyporter keys derive ${parent.id} ${newKeyOptions(draft)}`}
      act={derive}
      onSubmit={(draft) => derive.mutate(newKeyBody(draft), { onSuccess: setMade })}
      onClose={onClose}
    />
  );
}

/** Changes what a key may do. */
export function ChangeKeyDialog({ subject, onClose }: { subject: KeyBody; onClose: () => void }) {
  const change = useChangeKey(subject.id);
  const expires = subject.expires_at === null ? 'never' : moment(subject.expires_at);
  return (
    <FormDialog
      title={`Change ${subject.name}`}
      confirm="Save"
      start={draftOf(subject)}
      usualExpiry={`As it is: ${expires}`}
      command={(draft) => `keyporter keys update ${subject.id} ${changeOptions(draft, subject)}`}
      act={change}
      onSubmit={(draft) => change.mutate(changeBody(draft, subject), { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

interface FormParts {
  title: string;
  confirm: string;
  start: KeyDraft;
  usualExpiry: string;
  command: (draft: KeyDraft) => string;
  act: { isPending: boolean; error: Error | null };
  onSubmit: (draft: KeyDraft) => void;
  onClose: () => void;
}

function FormDialog({ title, confirm, start, usualExpiry, command, act, onSubmit, onClose }: FormParts) {
  const [draft, setDraft] = useState(start);
  const [tried, setTried] = useState(false);
  const fault = faultOf(draft);
  return (
    <Dialog onClose={onClose} title={title} size="lg" closeOnClickOutside={false}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (fault === null) onSubmit(draft);
        }}
      >
        <Stack>
          <KeyFields draft={draft} onChange={setDraft} usualExpiry={usualExpiry} />
          {tried && fault !== null && (
            <p className="kp-fault" role="alert">
              {fault}
            </p>
          )}
          {act.error !== null && <ErrorNotice error={act.error} what="It did not work" />}
          <CliTwin command={command(draft)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={act.isPending}>
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
