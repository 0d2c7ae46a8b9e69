import { Button, CloseButton, NativeSelect, NumberInput } from '@mantine/core';
import { PlusIcon } from '../parts/icons.js';
import type { DraftLimit } from './draft.js';
import { canBeLifted, LIMIT_KEYS, LIMIT_WORDS, PRIORITY_WORDS, type LimitKey, type Priority } from './limit-words.js';

interface LimitParts {
  limits: readonly DraftLimit[];
  priority: Priority | null;
  onChange: (changed: { limits: DraftLimit[] } | { priority: Priority | null }) => void;
}

/** Limits of the key alone; those of its owner and of the configuration hold besides. */
export function LimitFields({ limits, priority, onChange }: LimitParts) {
  const taken = new Set(limits.map(({ name }) => name));
  const free = LIMIT_KEYS.filter((name) => !taken.has(name));
  const set = (changed: DraftLimit[]): void => onChange({ limits: changed });
  return (
    <fieldset className="kp-limits">
      <legend>Limits</legend>
      {limits.map((limit, at) => (
        // By its place: a row must not lose the focus while its name is chosen with the arrow keys.
        <LimitRow
          key={at}
          limit={limit}
          number={at + 1}
          free={free}
          onChange={(changed) => set(limits.map((one, index) => (index === at ? changed : one)))}
          onRemove={() => set(limits.filter((_limit, index) => index !== at))}
        />
      ))}
      <Button
        variant="default"
        size="xs"
        leftSection={<PlusIcon />}
        disabled={free.length === 0}
        onClick={() => set([...limits, { name: free[0] ?? 'requests_per_minute', value: null }])}
      >
        Add a limit
      </Button>
      {limits.length === 0 && <span className="kp-dim"> None of its own: what the configuration says holds.</span>}
      <PriorityField priority={priority} onChange={(chosen) => onChange({ priority: chosen })} />
    </fieldset>
  );
}

interface RowParts {
  limit: DraftLimit;
  number: number;
  free: readonly LimitKey[];
  onChange: (limit: DraftLimit) => void;
  onRemove: () => void;
}

function LimitRow({ limit: { name, value }, number, free, onChange, onRemove }: RowParts) {
  const lifted = value === 'none';
  return (
    <div className="kp-limit">
      <NativeSelect
        aria-label={`Limit ${number}`}
        data={[name, ...free].map((one) => ({ value: one, label: LIMIT_WORDS[one] }))}
        value={name}
        onChange={(event) => {
          const chosen = event.currentTarget.value as LimitKey;
          onChange({ name: chosen, value: lifted && !canBeLifted(chosen) ? null : value });
        }}
      />
      <NumberInput
        aria-label={LIMIT_WORDS[name]}
        min={1}
        allowDecimal={false}
        allowNegative={false}
        thousandSeparator=","
        hideControls
        disabled={lifted}
        placeholder={lifted ? 'no limit' : 'a number'}
        value={lifted ? '' : (value ?? '')}
        onChange={(typed) => onChange({ name, value: typed === '' ? null : Number(typed) })}
      />
      {canBeLifted(name) && (
        <label className="kp-check kp-limit-none">
          <input
            type="checkbox"
            checked={lifted}
            aria-label={`No limit: ${LIMIT_WORDS[name]}`}
            onChange={() => onChange({ name, value: lifted ? null : 'none' })}
          />
          <span>no limit</span>
        </label>
      )}
      <CloseButton
        className="kp-limit-remove"
        aria-label={`Remove the limit ${LIMIT_WORDS[name]}`}
        onClick={onRemove}
      />
    </div>
  );
}

interface PriorityParts {
  priority: Priority | null;
  onChange: (priority: Priority | null) => void;
}

function PriorityField({ priority, onChange }: PriorityParts) {
  return (
    <NativeSelect
      className="kp-priority"
      label="Priority"
      description="Who comes first while requests wait for a model server."
      data={[
        { value: '', label: 'As the configuration says' },
        ...Object.entries(PRIORITY_WORDS).map(([value, label]) => ({ value, label })),
      ]}
      value={priority ?? ''}
      onChange={(event) => onChange((event.currentTarget.value || null) as Priority | null)}
    />
  );
}
