import { Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReplicaBody } from '../../../../src/admin/contract-replicas.js';
import { api, pathOf } from '../../api/client.js';
import { useRefusal } from '../../api/session.js';
import { Act } from '../../parts/act.js';
import { shellWord } from '../../parts/cli-twin.js';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { CopyField } from '../../parts/copy.js';
import { Facts } from '../../parts/facts.js';
import { spoken, wholeNumber } from '../../parts/format.js';
import { Moment } from '../../parts/moment.js';
import { ToneBadge } from '../../parts/tone-badge.js';

type Deed = 'drain' | 'resume' | 'restart';

const TONES: Readonly<Record<ReplicaBody['state'], 'good' | 'warn' | 'bad' | 'plain'>> = {
  ready: 'good',
  pending: 'plain',
  starting: 'plain',
  unknown: 'plain',
  draining: 'warn',
  shutting_down: 'warn',
  not_ready: 'warn',
  ejected: 'bad',
  failed: 'bad',
  failed_initial_delay: 'bad',
  failed_probing: 'bad',
};

const WORDS: Readonly<Record<Deed, { title: string; says: string; confirm: string; dangerous: boolean }>> = {
  drain: {
    title: 'Drain the replica?',
    says: 'It gets no new requests. Those that run on it go on to their end. Resume gives it requests again.',
    confirm: 'Drain it',
    dangerous: true,
  },
  resume: {
    title: 'Resume the replica?',
    says: 'It gets requests again.',
    confirm: 'Resume it',
    dangerous: false,
  },
  restart: {
    title: 'Restart the process?',
    says: 'It gets no new requests, those that run on it may finish, and then the process is started anew. Until it is ready its models have one server less.',
    confirm: 'Restart it',
    dangerous: true,
  },
};

/** One model server. */
export function ReplicaCard({ replica, onLogs }: { replica: ReplicaBody; onLogs: () => void }) {
  const refusal = useRefusal('replicas:write', true);
  const [asked, ask] = useState<Deed | null>(null);
  const { id, state, detail, in_flight: running, max_in_flight: most, waiting, process } = replica;
  const drained = state === 'draining';
  return (
    <section className="kp-panel kp-replica" aria-label={`Replica ${id}`}>
      <div className="kp-panel-head">
        <Title order={2} size="h5" className="kp-break">
          {id}
        </Title>
        <ToneBadge tone={TONES[state]}>{spoken(state)}</ToneBadge>
      </div>
      {detail !== null && (
        <p className="kp-replica-detail" data-tone={TONES[state]}>
          {detail}
        </p>
      )}
      <p className="kp-replica-load">
        <b>{wholeNumber(running)}</b>
        {most === null ? '' : ` of ${wholeNumber(most)}`} running · <b>{wholeNumber(waiting)}</b> waiting
      </p>
      <Facts
        of={[
          ['Models', replica.models.join(', ') || 'none yet'],
          [
            'Address',
            replica.url === null ? 'no port yet' : <CopyField key="url" text={replica.url} what="the address" />,
          ],
          ...processFacts(process),
        ]}
      />
      <div className="kp-page-actions kp-replica-acts">
        <Act size="xs" variant="default" refusal={refusal} onClick={() => ask(drained ? 'resume' : 'drain')}>
          {drained ? 'Resume' : 'Drain'}
        </Act>
        <Act size="xs" variant="default" refusal={refusal ?? ownRefusal(process)} onClick={() => ask('restart')}>
          Restart
        </Act>
        <Act size="xs" variant="default" refusal={ownRefusal(process)} onClick={onLogs}>
          Logs
        </Act>
      </div>
      {asked !== null && <Question replica={replica} deed={asked} onClose={() => ask(null)} />}
    </section>
  );
}

/** What only the keeper of a process can do. */
function ownRefusal(process: ReplicaBody['process']): string | null {
  return process === null ? 'Keyporter did not start this server. Do it where it was started.' : null;
}

function processFacts(process: ReplicaBody['process']): (readonly [string, React.ReactNode])[] {
  if (process === null) return [['Process', 'not started by Keyporter']];
  return [
    ['Process', process.pid === null ? 'none runs' : `pid ${process.pid}`],
    ['Started', process.started_at === null ? null : <Moment key="started" at={process.started_at} />],
    ['Restarts', wholeNumber(process.restarts)],
    [
      'Its own key',
      process.answers_without_key === true ? (
        <span key="open" className="kp-bad-text">
          its port answers without the private key it was given
        </span>
      ) : null,
    ],
    [
      'Reachable at',
      process.public_at.length === 0 ? null : (
        <span key="public" className="kp-bad-text">
          {process.public_at.join(', ')}
        </span>
      ),
    ],
  ];
}

function Question({ replica, deed, onClose }: { replica: ReplicaBody; deed: Deed; onClose: () => void }) {
  const client = useQueryClient();
  const { title, says, confirm, dangerous } = WORDS[deed];
  const act = useMutation({
    mutationFn: () => api.post(pathOf(`/replicas/${encodeURIComponent(replica.id)}/${deed}`)),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries({ queryKey: ['replicas'] });
    },
  });
  return (
    <ConfirmDialog
      title={title}
      confirm={confirm}
      dangerous={dangerous}
      command={`keyporter replicas ${deed} ${shellWord(replica.id)}`}
      act={act}
      onConfirm={() => act.mutate()}
      onClose={onClose}
    >
      <p className="kp-break">
        <b>{replica.id}</b>: {says}
      </p>
      {replica.in_flight > 0 && <p>{wholeNumber(replica.in_flight)} requests run on it now.</p>}
    </ConfirmDialog>
  );
}
