import { NativeSelect, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { modelsQuery } from '../api/activity.js';
import { useRefusal } from '../api/session.js';
import type { Expiry, KeyDraft } from './draft.js';
import { LimitFields } from './limit-fields.js';
import { ScopeFields } from './scope-fields.js';

export interface FieldsParts {
  draft: KeyDraft;
  onChange: (draft: KeyDraft) => void;
  /** What the key has when no expiry is chosen, in words. */
  usualExpiry: string;
}

/** The fields of a key, for making, changing and deriving one. */
export function KeyFields({ draft, onChange, usualExpiry }: FieldsParts) {
  const models = useQuery({ ...modelsQuery, enabled: useRefusal('replicas:read') === null });
  const set = (part: Partial<KeyDraft>): void => onChange({ ...draft, ...part });
  return (
    <Stack>
      <TextInput
        label="Name"
        description="What people call it: a person, a program, a machine."
        required
        data-autofocus
        maxLength={200}
        value={draft.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <TextInput
        label="Owner"
        description="Who answers for it. All keys of an owner can be limited and ended together."
        maxLength={200}
        value={draft.owner}
        onChange={(event) => set({ owner: event.currentTarget.value })}
      />
      <ScopeFields scopes={draft.scopes} onChange={(scopes) => set({ scopes })} />
      <TagsInput
        label="Models"
        description="Names or patterns such as qwen*, each with Enter. None: every model that is not restricted."
        data={models.data?.map(({ id }) => id) ?? []}
        comboboxProps={{ withinPortal: false }}
        value={[...draft.models]}
        onChange={(values) => set({ models: values })}
        acceptValueOnBlur
        clearable
        clearButtonProps={{ 'aria-label': 'Clear the models' }}
      />
      <LimitFields limits={draft.limits} priority={draft.priority} onChange={set} />
      <ExpiryFields expiry={draft.expiry} onChange={(expiry) => set({ expiry })} usual={usualExpiry} />
      <LinesField
        label="Allowed addresses"
        description="IP addresses or ranges such as 10.0.0.0/8, one a line. None: from anywhere."
        lines={draft.allowIps}
        onChange={(allowIps) => set({ allowIps })}
      />
      <LinesField
        label="Attributes"
        description="What other programs are told that ask about the key: roles=admin, one a line."
        lines={draft.attributes}
        onChange={(attributes) => set({ attributes })}
      />
      <LinesField
        label="Labels"
        description="For finding it again: team=search, one a line."
        lines={draft.labels}
        onChange={(labels) => set({ labels })}
      />
    </Stack>
  );
}

interface LinesParts {
  label: string;
  description: string;
  lines: readonly string[];
  onChange: (lines: string[]) => void;
}

/** A list, one entry a line. What is typed stays as it is; empty lines are no entries. */
function LinesField({ label, description, lines, onChange }: LinesParts) {
  const [text, setText] = useState(lines.join('\n'));
  return (
    <Textarea
      label={label}
      description={description}
      rows={2}
      spellCheck={false}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(event.currentTarget.value.split('\n').flatMap((line) => line.trim() || []));
      }}
    />
  );
}

const PERIODS = [
  { value: '7', label: 'In 7 days' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
];

function ExpiryFields({ expiry, onChange, usual }: ExpiryParts) {
  return (
    <div className="kp-fields-row">
      <NativeSelect
        label="Expires"
        data={[
          { value: 'usual', label: usual },
          { value: 'never', label: 'Never' },
          ...PERIODS,
          { value: 'on', label: 'On a day…' },
        ]}
        value={expiry.kind === 'days' ? String(expiry.days) : expiry.kind}
        onChange={(event) => onChange(expiryOf(event.currentTarget.value))}
      />
      {expiry.kind === 'on' && (
        <TextInput
          type="date"
          label="Day (it ends as the day begins, UTC)"
          value={expiry.day}
          onChange={(event) => onChange({ kind: 'on', day: event.currentTarget.value })}
        />
      )}
    </div>
  );
}

interface ExpiryParts {
  expiry: Expiry;
  onChange: (expiry: Expiry) => void;
  usual: string;
}

function expiryOf(choice: string): Expiry {
  if (choice === 'usual' || choice === 'never') return { kind: choice };
  return choice === 'on' ? { kind: 'on', day: '' } : { kind: 'days', days: Number(choice) };
}
