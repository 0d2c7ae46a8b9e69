import { Button, CloseButton, NativeSelect, NumberInput } from '@mantine/core';
import { PlusIcon } from '../parts/icons.js';
import type { DraftLimit } from './draft.js';
import { LIMIT_KEYS, LIMIT_WORDS, type LimitKey } from './limit-words.js';

interface LimitParts {
  limits: readonly DraftLimit[];
  onChange: (limits: DraftLimit[]) => void;
}

/** Limits of the key alone; those of its owner and of the configuration hold besides. */
export function LimitFields({ limits, onChange }: LimitParts) {
  const taken = new Set(limits.map(({ name }) => name));
  const free = LIMIT_KEYS.filter((name) => !taken.has(name));
  const replace = (at: number, limit: DraftLimit): void =>
    onChange(limits.map((one, index) => (index === at ? limit : one)));
  return (
    <fieldset className="kp-limits">
      <legend>Limits</legend>
      {limits.map((limit, at) => (
        <div key={limit.name} className="kp-limit">
          <NativeSelect
            aria-label={`Limit ${at + 1}`}
            data={[limit.name, ...free].map((name) => ({ value: name, label: LIMIT_WORDS[name] }))}
            value={limit.name}
            onChange={(event) => replace(at, { ...limit, name: event.currentTarget.value as LimitKey })}
          />
          <NumberInput
            aria-label={LIMIT_WORDS[limit.name]}
            min={1}
            allowDecimal={false}
            allowNegative={false}
            thousandSeparator=","
            hideControls
            placeholder="a number"
            value={limit.value ?? ''}
            onChange={(value) => replace(at, { ...limit, value: value === '' ? null : Number(value) })}
          />
          <CloseButton
            aria-label={`Remove the limit ${LIMIT_WORDS[limit.name]}`}
            onClick={() => onChange(limits.filter((_limit, index) => index !== at))}
          />
        </div>
      ))}
      <Button
        variant="default"
        size="xs"
        leftSection={<PlusIcon />}
        disabled={free.length === 0}
        onClick={() => onChange([...limits, { name: free[0] ?? 'requests_per_minute', value: null }])}
      >
        Add a limit
      </Button>
      {limits.length === 0 && <span className="kp-dim"> None of its own: what the configuration says holds.</span>}
    </fieldset>
  );
}
