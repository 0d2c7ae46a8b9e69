import { Autocomplete, Button, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { explain, modelsQuery, type ExplanationBody } from '../../api/activity.js';
import { useRefusal } from '../../api/session.js';
import { Act } from '../../parts/act.js';
import { CliTwin, shellWord } from '../../parts/cli-twin.js';
import { duration, spoken, wholeNumber } from '../../parts/format.js';
import { Moment } from '../../parts/moment.js';
import { ErrorNotice } from '../../parts/notices.js';
import { StateBadge } from '../../parts/state-badge.js';

const USUAL_PATH = '/v1/chat/completions';

/** Asks every rule about a request, without sending it. */
export function ExplainForm({ keyId }: { keyId: string }) {
  const [path, setPath] = useState(USUAL_PATH);
  const [model, setModel] = useState('');
  const [from, setFrom] = useState('');
  const refusal = useRefusal('admin');
  const models = useQuery({ ...modelsQuery, enabled: useRefusal('replicas:read') === null });
  const ask = useMutation({
    mutationFn: () =>
      explain({
        key_id: keyId,
        method: 'POST',
        path,
        ...(model.trim() === '' ? {} : { model: model.trim() }),
        ...(from.trim() === '' ? {} : { from: from.trim() }),
      }),
  });
  const options = `${model.trim() === '' ? '' : ` --model ${shellWord(model.trim())}`}${from.trim() === '' ? '' : ` --from ${shellWord(from.trim())}`}`;
  return (
    <form
      className="kp-stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (refusal === null) ask.mutate();
      }}
    >
      <div className="kp-fields-row">
        <TextInput label="Path (POST)" value={path} onChange={(event) => setPath(event.currentTarget.value)} />
        <Autocomplete label="Model" data={models.data?.map(({ id }) => id) ?? []} value={model} onChange={setModel} />
        <TextInput
          label="From the address"
          placeholder="any"
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
      </div>
      <div>
        {refusal === null ? (
          <Button type="submit" variant="default" loading={ask.isPending}>
            Explain
          </Button>
        ) : (
          <Act refusal={refusal} variant="default" onClick={() => undefined}>
            Explain
          </Act>
        )}
      </div>
      <div aria-live="polite">
        {ask.error !== null && <ErrorNotice error={ask.error} what="This could not be explained" />}
        {ask.data !== undefined && <Explanation answer={ask.data} />}
      </div>
      <CliTwin command={`keyporter explain --id ${keyId} POST ${shellWord(path)}${options}`} />
    </form>
  );
}

function Explanation({ answer }: { answer: ExplanationBody }) {
  return (
    <div className="kp-stack">
      <p className="kp-line">
        <b>{answer.allowed ? 'It would pass.' : `It would be refused: ${answer.status} ${answer.code ?? ''}`}</b>{' '}
        {answer.message}
        {answer.next_pass_at !== null && (
          <>
            {' '}
            It would next pass <Moment at={answer.next_pass_at} />.
          </>
        )}
      </p>
      <ol className="kp-rules">
        {answer.rules.map((rule) => (
          <li key={rule.rule}>
            <StateBadge state={rule.answer} /> <b>{rule.rule}</b> <span className="kp-dim">{rule.why}</span>
          </li>
        ))}
      </ol>
      {answer.limits.length > 0 && (
        <ul className="kp-plain">
          {answer.limits.map(({ limit, account, most, remaining, reset_ms: reset }) => (
            <li key={limit + account}>
              {spoken(limit)} of {account}: <b>{wholeNumber(remaining)}</b> of {wholeNumber(most)} left
              {remaining < most && `, all of it again in ${duration(reset)}`}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
