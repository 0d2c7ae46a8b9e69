import { Stack, Title } from '@mantine/core';
import type { AuditEntryBody } from '../../../../src/admin/contract-activity.js';
import { CliTwin, shellWord } from '../../parts/cli-twin.js';
import { CopyField } from '../../parts/copy.js';
import { Facts } from '../../parts/facts.js';
import { moment } from '../../parts/format.js';
import { KeyLink } from '../../parts/key-link.js';
import { Dialog } from '../../parts/dialog.js';

/** One entry with all it holds; what a change replaced stands beside what it became. */
export function EntryDetails({ entry, onClose }: { entry: AuditEntryBody; onClose: () => void }) {
  const key = /^key:(\w+)$/.exec(entry.target)?.[1];
  return (
    <Dialog size="lg" onClose={onClose} title={`Entry ${entry.sequence}: ${entry.action}`}>
      <Stack>
        <Facts
          of={[
            ['Time', moment(entry.at)],
            ['Actor', entry.actor],
            ['Target', key === undefined ? entry.target : <KeyLink key="key" id={key} name={entry.target} />],
            ['Result', entry.result],
            ['From', entry.address ?? 'this machine'],
            [
              'Request id',
              entry.request_id === null ? null : (
                <CopyField key="request" text={entry.request_id} what="the request id" />
              ),
            ],
            ['Hash', <CopyField key="hash" text={entry.hash} what="the hash" />],
          ]}
        />
        <Details details={entry.details} />
        <CliTwin command={`keyporter audit list --target ${shellWord(entry.target)}`} />
      </Stack>
    </Dialog>
  );
}

function Details({ details }: { details: unknown }) {
  if (details === null || details === undefined) return null;
  if (isChange(details)) return <Change before={details.before} after={details.after} />;
  return (
    <pre className="kp-json" tabIndex={0} aria-label="Details">
      {JSON.stringify(details, null, 2)}
    </pre>
  );
}

type Members = Record<string, unknown>;

function isChange(details: unknown): details is { before: Members; after: Members } {
  return typeof details === 'object' && details !== null && 'before' in details && 'after' in details
    ? isObject(details.before) && isObject(details.after)
    : false;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function Change({ before, after }: { before: Members; after: Members }) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return (
    <div>
      <Title order={3} size="h6">
        What changed
      </Title>
      <div className="kp-json" tabIndex={0} role="group" aria-label="What changed">
        <table className="kp-change">
          <thead>
            <tr>
              <th scope="col">Member</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{JSON.stringify(before[name]) ?? '–'}</td>
                <td>{JSON.stringify(after[name]) ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
