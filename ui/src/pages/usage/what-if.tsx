import { Button, NativeSelect, NumberInput, Progress, Text } from '@mantine/core';
import { useState } from 'react';
import type { ReplayBody } from '../../../../src/admin/contract-usage.js';
import { nowSeconds } from '../../clock.js';
import { CliTwin, shellWord } from '../../parts/cli-twin.js';
import { spoken, wholeNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notices.js';
import { Panel } from '../../parts/page.js';
import { ReplayOutcome } from './replay-outcome.js';
import { useReplay } from './replay.js';

type LimitName = keyof ReplayBody['limits'];
type Subject = NonNullable<ReplayBody['for']>;

/** Said in this order because most people begin with the first. The types know every name. */
const LIMITS: Readonly<Record<LimitName, true>> = {
  tokens_per_day: true,
  requests_per_minute: true,
  requests_per_day: true,
  tokens_per_minute: true,
  tokens_per_month: true,
  input_tokens_per_day: true,
  output_tokens_per_day: true,
  input_tokens_per_month: true,
  output_tokens_per_month: true,
  concurrent_requests: true,
  gpu_seconds_per_day: true,
};
const NAMES = Object.keys(LIMITS) as LimitName[];

const SUBJECTS: readonly { value: Subject; label: string }[] = [
  { value: 'key', label: 'each key' },
  { value: 'owner', label: 'each owner' },
  { value: 'model', label: 'each model' },
];

interface Form {
  limit: LimitName;
  most: number | string;
  subject: Subject;
  days: string;
}

/** "What if": limits tried on the requests of the past. Nothing is changed by it. */
export function WhatIf({ keyId, owner }: { keyId: string; owner: string }) {
  const [form, setForm] = useState<Form>({ limit: 'tokens_per_day', most: 100_000, subject: 'key', days: '30' });
  const replay = useReplay();
  const most = Number(form.most);
  const valid = Number.isSafeInteger(most) && most >= 1;
  const start = (): void =>
    replay.start({
      limits: { [form.limit]: most },
      for: form.subject,
      since: nowSeconds() - Number(form.days) * 86_400,
      ...(keyId === '' ? {} : { key_id: keyId }),
      ...(owner === '' ? {} : { owner }),
    });
  return (
    <Panel title="What if there were a limit?">
      <div className="kp-what-if">
        <Text size="sm" className="kp-dim">
          Tries a limit on the requests of the past and tells who would have been refused. Nothing is changed.
        </Text>
        <form
          className="kp-what-if-row"
          onSubmit={(event) => {
            event.preventDefault();
            if (valid) start();
          }}
        >
          <Fields form={form} change={(changed) => setForm({ ...form, ...changed })} valid={valid} />
          {replay.running ? (
            <Button variant="default" onClick={replay.stop}>
              Stop
            </Button>
          ) : (
            <Button type="submit" disabled={!valid}>
              Try it
            </Button>
          )}
        </form>
        {replay.running && <Running share={replay.progress?.share ?? 0} rows={replay.progress?.rows ?? 0} />}
        {replay.error !== null && <ErrorNotice error={replay.error} what="The limit could not be tried" />}
        {replay.outcome !== null && <ReplayOutcome outcome={replay.outcome} per={form.subject} />}
        <CliTwin command={commandOf(form, { keyId, owner })} />
      </div>
    </Panel>
  );
}

function Fields({ form, change, valid }: { form: Form; change: (changed: Partial<Form>) => void; valid: boolean }) {
  return (
    <>
      <NativeSelect
        label="Limit"
        data={NAMES.map((name) => ({ value: name, label: spoken(name) }))}
        value={form.limit}
        onChange={(event) => change({ limit: event.currentTarget.value as LimitName })}
      />
      <NumberInput
        label="At most"
        min={1}
        allowDecimal={false}
        allowNegative={false}
        thousandSeparator=","
        hideControls
        value={form.most}
        onChange={(most) => change({ most })}
        error={valid ? undefined : 'A whole number from 1.'}
      />
      <NativeSelect
        label="For"
        data={[...SUBJECTS]}
        value={form.subject}
        onChange={(event) => change({ subject: event.currentTarget.value as Subject })}
      />
      <NativeSelect
        label="Tried on the last"
        data={['1', '7', '30', '90'].map((days) => ({ value: days, label: days === '1' ? 'day' : `${days} days` }))}
        value={form.days}
        onChange={(event) => change({ days: event.currentTarget.value })}
      />
    </>
  );
}

function Running({ share, rows }: { share: number; rows: number }) {
  const percent = Math.round(share * 100);
  return (
    <div role="status">
      <Progress value={percent} aria-label="Progress" />
      <Text size="xs" className="kp-dim">
        {percent} %, {wholeNumber(rows)} requests so far
      </Text>
    </div>
  );
}

function commandOf({ limit, most, subject, days }: Form, { keyId, owner }: { keyId: string; owner: string }): string {
  return [
    `keyporter usage replay --limit ${limit}=${most === '' ? 1 : most} --for ${subject} --since ${days}d`,
    ...(keyId === '' ? [] : [`--key-id ${shellWord(keyId)}`]),
    ...(owner === '' ? [] : [`--owner ${shellWord(owner)}`]),
  ].join(' ');
}
