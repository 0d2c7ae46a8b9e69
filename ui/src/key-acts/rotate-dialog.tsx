import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useRotateKey, type KeyBody, type RotatedKeyBody } from '../api/keys.js';
import { useRefusal } from '../api/session.js';
import { NewSecret } from '../key-form/new-secret.js';
import { CliTwin } from '../parts/cli-twin.js';
import { Moment } from '../parts/moment.js';
import { ErrorNotice } from '../parts/notices.js';
import { Dialog } from '../parts/dialog.js';

const OVERLAPS = [
  { seconds: 86_400, option: '24h', words: '24 hours' },
  { seconds: 3_600, option: '1h', words: 'One hour' },
  { seconds: 604_800, option: '7d', words: '7 days, the longest' },
  { seconds: 0, option: '0', words: 'Ends at once' },
];

/** Gives a key a new secret, and says where the old one is still used. */
export function RotateDialog({ subject, onClose }: { subject: KeyBody; onClose: () => void }) {
  const rotate = useRotateKey(subject.id);
  const [made, setMade] = useState<RotatedKeyBody | null>(null);
  const [seconds, setSeconds] = useState(OVERLAPS[0]?.seconds ?? 0);
  const mayEndNow = useRefusal('keys:revoke') === null;
  const overlap = OVERLAPS.find((one) => one.seconds === seconds);
  if (made !== null)
    return (
      <NewSecret created={made} title={`The new secret of ${subject.name}`} onClose={onClose}>
        <OldSecret rotated={made} />
      </NewSecret>
    );
  return (
    <Dialog onClose={onClose} title={`Rotate ${subject.name}`}>
      <Stack>
        <Text size="sm">
          The key gets a new secret, shown once. Its id, rights and usage stay. Until the overlap ends both secrets
          work, so that programs can change over one by one.
        </Text>
        <NativeSelect
          label="The old secret goes on working for"
          data={OVERLAPS.filter((one) => one.seconds > 0 || mayEndNow).map((one) => ({
            value: String(one.seconds),
            label: one.words,
          }))}
          value={String(seconds)}
          onChange={(event) => setSeconds(Number(event.currentTarget.value))}
        />
        {subject.previous !== null && (
          <Text size="sm">
            The secret before this one, last used <Moment at={subject.previous.last_used_at} />, would end{' '}
            <Moment at={subject.previous.expires_at} />. It ends now.
          </Text>
        )}
        {rotate.error !== null && <ErrorNotice error={rotate.error} what="The key was not rotated" />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            data-autofocus
            loading={rotate.isPending}
            onClick={() => rotate.mutate(seconds, { onSuccess: setMade })}
          >
            Rotate the key
          </Button>
        </Group>
        <CliTwin command={`keyporter keys rotate ${subject.id} --overlap ${overlap?.option ?? '24h'}`} />
      </Stack>
    </Dialog>
  );
}

function OldSecret({ rotated }: { rotated: RotatedKeyBody }) {
  const { previous, addresses_24h: addresses, models_24h: models } = rotated;
  return (
    <div className="kp-note">
      <b>
        {previous === null ? (
          'The old secret ended.'
        ) : (
          <>
            The old secret ends <Moment at={previous.expires_at} />.
          </>
        )}
      </b>
      <p>
        {addresses === null || addresses.length === 0
          ? 'No use of it in the last 24 hours is on record. '
          : `In the last 24 hours it was used from ${addresses.join(', ')}${models === null || models.length === 0 ? '' : `, for ${models.join(', ')}`}. Change it there. `}
        The page of the key shows what still uses it.
      </p>
    </div>
  );
}
