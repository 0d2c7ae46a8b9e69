import { Button, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { modelsQuery } from '../api/activity.js';
import type { KeyBody } from '../api/keys.js';
import { useApiOrigin } from '../api/served-at.js';
import { useRefusal } from '../api/session.js';
import { SecretOnce } from '../parts/secret-once.js';
import { Dialog } from '../parts/dialog.js';

interface NewSecretParts {
  created: KeyBody & { key: string };
  title: string;
  children?: ReactNode;
  onClose: () => void;
}

/** Shows a secret that was just made. Closing it needs a button: a slip of the finger must not lose the secret. */
export function NewSecret({ created, title, children, onClose }: NewSecretParts) {
  const models = useQuery({ ...modelsQuery, enabled: useRefusal('replicas:read') === null });
  const named = created.models.find((pattern) => !pattern.includes('*'));
  const model = named ?? models.data?.find(({ id }) => matchesOne(id, created.models))?.id ?? 'MODEL';
  return (
    <Dialog
      onClose={onClose}
      title={title}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack>
        <SecretOnce secret={created.key} model={model} origin={useApiOrigin()} />
        {children}
        <Group justify="flex-end">
          <Button onClick={onClose}>I have copied it</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

/** `*` matches any run; no pattern at all matches every model. */
function matchesOne(model: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0) return true;
  return patterns.some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
    return new RegExp(`^${parts.join('.*')}$`, 's').test(model);
  });
}
