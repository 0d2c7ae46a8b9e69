import { Autocomplete, Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ExplainBody } from '../../../../src/admin/contract-gateway.js';
import { explain, modelsQuery } from '../../api/activity.js';
import { useRefusal } from '../../api/session.js';
import { Act } from '../../parts/act.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { ErrorNotice } from '../../parts/notices.js';
import { explainCommand } from '../../request/explain-command.js';
import { ExplanationAnswer } from '../../request/explanation-answer.js';

interface Form {
  method: string;
  path: string;
  model: string;
  from: string;
  /** As the field of a browser has it, in its own time zone: `2027-01-31T12:00`. */
  at: string;
}

const USUAL: Form = { method: 'POST', path: '/v1/chat/completions', model: '', from: '', at: '' };

/** Asks every rule about a request, without sending it. */
export function ExplainForm({ keyId }: { keyId: string }) {
  const [form, setForm] = useState(USUAL);
  const refusal = useRefusal('admin');
  const question = questionOf(form, keyId);
  const ask = useMutation({ mutationFn: () => explain(question) });
  return (
    <form
      className="kp-stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (refusal === null) ask.mutate();
      }}
    >
      <Fields form={form} change={(changed) => setForm({ ...form, ...changed })} />
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
      {ask.error !== null && <ErrorNotice error={ask.error} what="This could not be explained" />}
      {ask.data !== undefined && <ExplanationAnswer answer={ask.data} />}
      <CliTwin command={explainCommand(question)} />
    </form>
  );
}

function Fields({ form, change }: { form: Form; change: (changed: Partial<Form>) => void }) {
  const models = useQuery({ ...modelsQuery, enabled: useRefusal('replicas:read') === null });
  return (
    <div className="kp-fields-row">
      <div className="kp-method-path">
        <NativeSelect
          label="Method"
          data={['POST', 'GET', 'DELETE']}
          value={form.method}
          onChange={(event) => change({ method: event.currentTarget.value })}
        />
        <TextInput label="Path" value={form.path} onChange={(event) => change({ path: event.currentTarget.value })} />
      </div>
      <Autocomplete
        label="Model"
        placeholder="none named"
        data={models.data?.map(({ id }) => id) ?? []}
        value={form.model}
        onChange={(model) => change({ model })}
      />
      <TextInput
        label="From the address"
        placeholder="any"
        value={form.from}
        onChange={(event) => change({ from: event.currentTarget.value })}
      />
      <TextInput
        type="datetime-local"
        label="At (now, if empty)"
        value={form.at}
        onChange={(event) => change({ at: event.currentTarget.value })}
      />
    </div>
  );
}

function questionOf({ method, path, model, from, at }: Form, keyId: string): ExplainBody {
  const atMs = Date.parse(at);
  return {
    key_id: keyId,
    method,
    path,
    ...(model.trim() === '' ? {} : { model: model.trim() }),
    ...(from.trim() === '' ? {} : { from: from.trim() }),
    ...(Number.isNaN(atMs) ? {} : { at: Math.floor(atMs / 1000) }),
  };
}
