import { Alert, NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { allKeysQuery, type KeyBody } from '../../api/keys.js';
import { useRefusal } from '../../api/session.js';
import { AskedAct, type KeyAct } from '../../key-acts/asked-act.js';
import { CreateKeyDialog } from '../../key-form/key-dialogs.js';
import { Act } from '../../parts/act.js';
import { useAddressState } from '../../parts/address-state.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { DataTable } from '../../parts/data-table.js';
import { PlusIcon } from '../../parts/icons.js';
import { useNow } from '../../parts/moment.js';
import { EmptyState } from '../../parts/notices.js';
import { Page } from '../../parts/page.js';
import { keyColumns } from './key-columns.js';
import { FILTER_IN_ADDRESS, KEY_FILTERS, passes, type KeyFilterName } from './key-filters.js';

/** All keys: find one, make one, end one. */
export function KeysPage() {
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState<{ act: KeyAct; subject: KeyBody } | null>(null);
  const refusal = useRefusal('keys:write');
  const ask = useCallback((act: KeyAct, subject: KeyBody) => setAsked({ act, subject }), []);
  const create = (
    <Act refusal={refusal} onClick={() => setCreating(true)} leftSection={<PlusIcon />}>
      Create a key
    </Act>
  );
  return (
    <Page title="Keys" about="Who may use your models, for what, and how much" actions={create}>
      <KeyTable ask={ask} create={create} />
      {creating && <CreateKeyDialog onClose={() => setCreating(false)} />}
      {asked !== null && <AskedAct {...asked} onClose={() => setAsked(null)} />}
    </Page>
  );
}

interface TableParts {
  ask: (act: KeyAct, subject: KeyBody) => void;
  create: React.ReactNode;
}

function KeyTable({ ask, create }: TableParts) {
  const { data, error, refetch } = useQuery(allKeysQuery);
  const [filter, setFilter] = useAddressState(FILTER_IN_ADDRESS);
  const now = useNow();
  const shown = useMemo(() => data?.keys.filter((key) => passes(key, filter, now)), [data, filter, now]);
  const columns = useMemo(() => keyColumns(ask), [ask]);
  const none = data !== undefined && data.keys.length === 0;
  return (
    <>
      {data?.complete === false && (
        <Alert color="yellow" title="These are the oldest twenty thousand keys">
          There are more. Find others with <code>keyporter keys list --search TEXT</code>.
        </Alert>
      )}
      <DataTable
        what="keys"
        rows={shown}
        columns={columns}
        rowKey={idOf}
        sort={NEWEST_FIRST}
        searchText={searchTextOf}
        error={error}
        retry={() => void refetch()}
        filters={
          <NativeSelect
            aria-label="Which keys"
            data={KEY_FILTERS.map(({ name, words }) => ({ value: name, label: words }))}
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value as KeyFilterName)}
          />
        }
        empty={
          none ? (
            <EmptyState title="No keys yet" command="keyporter keys create --name NAME" action={create}>
              Each program or person gets a key of its own, so that its use is seen and it can be ended alone.
            </EmptyState>
          ) : (
            <EmptyState title="No key is like this">Choose another filter to see the rest.</EmptyState>
          )
        }
      />
      <CliTwin command={KEY_FILTERS.find(({ name }) => name === filter)?.command ?? 'keyporter keys list'} />
    </>
  );
}

const NEWEST_FIRST = { id: 'created', descending: true };

function idOf(key: KeyBody): string {
  return key.id;
}

function searchTextOf(key: KeyBody): string {
  return [key.name, key.id, key.owner ?? '', ...key.models, ...Object.entries(key.labels).flat()].join(' ');
}
