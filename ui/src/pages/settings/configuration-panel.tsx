import { Alert, Button, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { StatusBody } from '../../../../src/admin/contract-gateway.js';
import { api, pathOf } from '../../api/client.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { DataTable, type Column } from '../../parts/data-table.js';
import { Panel } from '../../parts/page.js';
import { flatConfig, type Setting } from './flat-config.js';
import { STATUS } from './gateway-panel.js';

/** The configuration as it is in force, secrets masked, and reading the file anew. */
export function ConfigurationPanel() {
  const [asking, ask] = useState(false);
  const [done, setDone] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ['config'],
    queryFn: ({ signal }) => api.get<Record<string, unknown>>(pathOf('/config'), signal),
  });
  const settings = useMemo(() => data && flatConfig(data), [data]);
  return (
    <Panel
      title="Effective configuration"
      actions={
        <Button size="xs" variant="default" onClick={() => ask(true)}>
          Read the file again
        </Button>
      }
    >
      <Stack>
        {done && (
          <Alert
            color="teal"
            title="The configuration was read anew"
            role="status"
            withCloseButton
            closeButtonLabel="Close"
            onClose={() => setDone(false)}
          >
            What it changes is in force now.
          </Alert>
        )}
        <DataTable
          what="settings"
          rows={settings}
          columns={COLUMNS}
          rowKey={({ name }) => name}
          searchText={({ name, value }) => `${name} ${value}`}
          error={error}
          retry={() => void refetch()}
          height="32rem"
          empty={null}
        />
        <CliTwin command="keyporter config show" />
      </Stack>
      {asking && <Reload onClose={() => ask(false)} onDone={() => setDone(true)} />}
    </Panel>
  );
}

const COLUMNS: readonly Column<Setting>[] = [
  {
    id: 'name',
    header: 'Setting',
    sort: ({ name }) => name,
    cell: ({ name }) => <code title={name}>{name}</code>,
    width: 'minmax(12rem, 1fr)',
  },
  {
    id: 'value',
    header: 'Value',
    cell: ({ value }) =>
      value === 'not set' || value === 'none' ? (
        <span className="kp-dim">{value}</span>
      ) : (
        <span title={value}>{value}</span>
      ),
    width: 'minmax(12rem, 2fr)',
  },
];

function Reload({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const client = useQueryClient();
  const reload = useMutation({
    mutationFn: () => api.post(pathOf('/config/reload')),
    onSuccess: () => {
      onDone();
      onClose();
    },
    // A refusal is remembered by the gateway too: its state is read anew either way.
    onSettled: () =>
      Promise.all([['config'], STATUS, ['doctor']].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  return (
    <ConfirmDialog
      title="Read the configuration file again?"
      confirm="Read it again"
      command={`kill -HUP ${client.getQueryData<StatusBody>(STATUS)?.pid ?? 'PID'}`}
      act={reload}
      onConfirm={() => reload.mutate()}
      onClose={onClose}
    >
      <p>
        Running requests are not touched. When the file has faults, nothing changes and the configuration before goes
        on.
      </p>
    </ConfirmDialog>
  );
}
