import { Button, NativeSelect, SegmentedControl } from '@mantine/core';
import { useCallback } from 'react';
import type { UsageRowBody } from '../../../../src/admin/contract-usage.js';
import { nowSeconds } from '../../clock.js';
import { useAddressState } from '../../parts/address-state.js';
import { CliTwin, shellWord } from '../../parts/cli-twin.js';
import { csv } from '../../parts/csv.js';
import { sinceOf } from '../../parts/days.js';
import { saveText } from '../../parts/download.js';
import { shortNumber, wholeNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notices.js';
import { Page, Tile } from '../../parts/page.js';
import { UsageChart } from './usage-chart.js';
import {
  csvColumns,
  GROUPS,
  QUESTION_IN_ADDRESS,
  SPANS,
  totalOf,
  useDays,
  useGroups,
  type Group,
  type Sums,
  type UsageQuestion,
} from './usage-query.js';
import { UsageTable } from './usage-table.js';
import { WhatIf } from './what-if.js';
import './usage.css';

/** What was used, by whom, and what other limits would have made of it. */
export function UsagePage() {
  const [question, setQuestion] = useAddressState(QUESTION_IN_ADDRESS);
  const change = useCallback(
    (changed: Partial<UsageQuestion>) => setQuestion((old) => ({ ...old, ...changed })),
    [setQuestion],
  );
  const narrow = useCallback(
    (by: Group, name: string) => change({ [by === 'key' ? 'keyId' : by]: name, by: 'day' }),
    [change],
  );
  const since = sinceOf(question.days, nowSeconds());
  const days = useDays(question, since);
  const groups = useGroups(question, since);
  const rows = groups.data?.rows;
  return (
    <Page
      title="Usage"
      about="Requests that were admitted, with their tokens and time. Days are UTC."
      actions={<Controls question={question} change={change} rows={rows} />}
    >
      <Filters question={question} change={change} />
      {days.error !== null && (
        <ErrorNotice
          error={days.error}
          what="The use of each day could not be read"
          retry={() => void days.refetch()}
        />
      )}
      {days.data !== undefined && <Totals sums={totalOf(days.data.data)} />}
      {days.error === null && (
        <UsageChart rows={days.data?.data} since={since} days={question.days} whose={whoseOf(question)} />
      )}
      <UsageTable
        by={question.by}
        rows={rows}
        error={groups.error}
        retry={() => void groups.refetch()}
        narrow={narrow}
        filters={
          groups.data?.cut === true && (
            <span className="kp-dim">The {wholeNumber(groups.data.rows.length)} with the most tokens.</span>
          )
        }
      />
      <CliTwin command={commandOf(question, since)} />
      <WhatIf keyId={question.keyId} owner={question.owner} />
    </Page>
  );
}

interface ControlParts {
  question: UsageQuestion;
  change: (changed: Partial<UsageQuestion>) => void;
}

function Controls({ question, change, rows }: ControlParts & { rows: readonly UsageRowBody[] | undefined }) {
  const save = (): void => {
    const names = csvColumns(question.by);
    const text = csv(
      names,
      (rows ?? []).map((row) => names.map((name) => row[name])),
    );
    saveText(`keyporter-usage-by-${question.by}.csv`, text, 'text/csv;charset=utf-8');
  };
  return (
    <>
      <SegmentedControl
        aria-label="Put together by"
        size="xs"
        value={question.by}
        onChange={(by) => change({ by: by as Group })}
        data={GROUPS.map((group) => ({ value: group, label: `By ${group}` }))}
      />
      <NativeSelect
        aria-label="Time"
        size="xs"
        data={SPANS.map((days) => ({ value: String(days), label: `${days} days` }))}
        value={String(question.days)}
        onChange={(event) => change({ days: Number(event.currentTarget.value) })}
      />
      <Button size="xs" variant="default" onClick={save} disabled={rows === undefined || rows.length === 0}>
        Download CSV
      </Button>
    </>
  );
}

/** What the page is narrowed to, each with a way back. */
function Filters({ question, change }: ControlParts) {
  const set = (
    [
      ['key', 'keyId'],
      ['owner', 'owner'],
      ['model', 'model'],
    ] as const
  ).filter(([, member]) => question[member] !== '');
  if (set.length === 0) return null;
  return (
    <div className="kp-filters">
      {set.map(([name, member]) => (
        <Button key={name} size="compact-sm" variant="light" onClick={() => change({ [member]: '' })}>
          {name}: {question[member]} <span aria-hidden="true">&nbsp;✕</span>
          <span className="kp-hidden">, show all again</span>
        </Button>
      ))}
    </div>
  );
}

function Totals({ sums }: { sums: Sums }) {
  const about = sums.estimated_requests > 0 ? '~' : '';
  const share = sums.requests === 0 ? 0 : Math.round((sums.estimated_requests / sums.requests) * 100);
  return (
    <div className="kp-tiles kp-usage-tiles">
      <Tile name="Requests" value={shortNumber(sums.requests)} detail={`${wholeNumber(sums.failed)} failed`} />
      <Tile name="Tokens" value={`${about}${shortNumber(sums.total_tokens)}`} detail="input and output" />
      <Tile
        name="Input tokens"
        value={`${about}${shortNumber(sums.input_tokens)}`}
        detail={`${shortNumber(sums.cached_tokens)} from the cache`}
      />
      <Tile name="Output tokens" value={`${about}${shortNumber(sums.output_tokens)}`} />
      <Tile
        name="GPU seconds"
        value={`${sums.gpu_seconds_estimated > 0 ? '~' : ''}${shortNumber(sums.gpu_seconds)}`}
        detail={
          sums.gpu_seconds_estimated > 0
            ? `${shortNumber(sums.gpu_seconds_estimated)} of them estimated`
            : 'told by the engines'
        }
      />
      <Tile
        name="Estimated"
        value={`${share} %`}
        detail="of requests, marked ~"
        {...(share > 50 ? { tone: 'warn' as const } : {})}
      />
    </div>
  );
}

function whoseOf({ keyId, owner, model }: UsageQuestion): string {
  const parts = [keyId && `the key ${keyId}`, owner && `the owner ${owner}`, model && `the model ${model}`];
  const named = parts.filter((part) => part !== '');
  return named.length === 0 ? '' : ` of ${named.join(' and ')}`;
}

function commandOf({ by, keyId, owner, model }: UsageQuestion, since: number): string {
  const filters = [
    ['--key-id', keyId],
    ['--owner', owner],
    ['--model', model],
  ].flatMap(([flag, value]) => (value === undefined || value === '' ? [] : [`${flag} ${shellWord(value)}`]));
  return [
    'keyporter usage',
    `--by ${by}`,
    `--since ${new Date(since * 1000).toISOString().slice(0, 10)}`,
    ...filters,
    '--csv',
  ].join(' ');
}
