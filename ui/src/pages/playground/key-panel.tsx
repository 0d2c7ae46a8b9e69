import { Button, PasswordInput, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { CreatedKeyBody } from '../../../../src/admin/contract-key.js';
import { api, freshToken, pathOf } from '../../api/client.js';
import { useRefusal, useSession } from '../../api/session.js';
import { nowSeconds } from '../../clock.js';
import { Act } from '../../parts/act.js';
import { CliTwin, shellWord } from '../../parts/cli-twin.js';
import { ErrorNotice } from '../../parts/notices.js';
import { Moment } from '../../parts/moment.js';
import { Panel } from '../../parts/page.js';

/** A key in use. It is kept in this page's memory and nowhere else. */
export interface TriedKey {
  secret: string;
  /** Of a key that was made here, which can be revoked here. */
  made: { id: string; expiresAt: number | null } | null;
}

const LIFE_SECONDS = 3600;

/** With which key the chat is sent: one that is pasted, or one that is made for an hour. */
export function KeyPanel({ tried, onTry }: { tried: TriedKey | null; onTry: (key: TriedKey | null) => void }) {
  return (
    <Panel title="Key">
      {tried === null ? <Choice onTry={onTry} /> : <InUse tried={tried} onForget={() => onTry(null)} />}
    </Panel>
  );
}

function Choice({ onTry }: { onTry: (key: TriedKey) => void }) {
  const [pasted, paste] = useState('');
  const { owner } = useSession();
  const refusal = useRefusal('keys:write');
  const make = useMutation({
    mutationFn: () =>
      api.post<CreatedKeyBody>(
        pathOf('/keys'),
        { name: 'playground', owner, scopes: ['infer'], expires_at: nowSeconds() + LIFE_SECONDS },
        { 'idempotency-key': freshToken() },
      ),
    // The answer holds a secret: it goes to the page and does not stay in a cache.
    gcTime: 0,
    onSuccess: ({ id, key, expires_at: expiresAt }) => onTry({ secret: key, made: { id, expiresAt } }),
  });
  return (
    <form
      className="kp-key-choice"
      onSubmit={(event) => {
        event.preventDefault();
        if (pasted.trim() !== '') onTry({ secret: pasted.trim(), made: null });
      }}
    >
      <PasswordInput
        label="Paste a key"
        description="It stays in the memory of this page and is gone when you leave it."
        placeholder="kp_…"
        autoComplete="off"
        spellCheck={false}
        value={pasted}
        onChange={(event) => paste(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
      />
      <div className="kp-page-actions">
        <Button type="submit" disabled={pasted.trim() === ''}>
          Use it
        </Button>
        <span className="kp-dim">or</span>
        <Act variant="default" refusal={refusal} loading={make.isPending} onClick={() => make.mutate()}>
          Make one for an hour
        </Act>
      </div>
      {make.error !== null && <ErrorNotice error={make.error} what="The key could not be made" />}
      <CliTwin command={creation(owner)} />
    </form>
  );
}

function creation(owner: string | null): string {
  const whose = owner === null ? '' : ` --owner ${shellWord(owner)}`;
  return `keyporter keys create --name playground${whose} --scope infer --expires 1h`;
}

function InUse({ tried: { secret, made }, onForget }: { tried: TriedKey; onForget: () => void }) {
  const refusal = useRefusal('keys:revoke');
  const revoke = useMutation({
    mutationFn: (id: string) => api.delete(pathOf(`/keys/${id}`)),
    onSuccess: onForget,
  });
  return (
    <div className="kp-key-choice">
      <Text size="sm">
        <code>{secret.slice(0, 8)}…</code>{' '}
        {made === null ? (
          'as it was pasted.'
        ) : (
          <>
            made for this page, ends <Moment at={made.expiresAt} />.
          </>
        )}
      </Text>
      <div className="kp-page-actions">
        <Button size="xs" variant="default" onClick={onForget}>
          Use another key
        </Button>
        {made !== null && (
          <Act
            size="xs"
            variant="default"
            color="red"
            refusal={refusal}
            loading={revoke.isPending}
            onClick={() => revoke.mutate(made.id)}
          >
            Revoke it now
          </Act>
        )}
      </div>
      {revoke.error !== null && <ErrorNotice error={revoke.error} what="The key could not be revoked" />}
      {made !== null && <CliTwin command={`keyporter keys revoke ${made.id} --yes`} />}
    </div>
  );
}
