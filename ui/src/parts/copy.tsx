import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { after } from '../clock.js';
import { CheckIcon, CopyIcon } from './icons.js';

const SHOWN_MS = 2_000;

/** Copies text. `copied` is true for two seconds after it worked. */
function useCopy(text: string): { copied: boolean; failed: boolean; copy: () => void } {
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'failed'>('none');
  const copy = (): void => {
    void toClipboard(text).then((worked) => {
      setOutcome(worked ? 'copied' : 'failed');
      after(SHOWN_MS, () => setOutcome('none'));
    });
  };
  return { copied: outcome === 'copied', failed: outcome === 'failed', copy };
}

/** The clipboard's own interface exists only over https and on loopback; elsewhere the old command still works. */
async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'kp-offscreen';
  // Inside an open dialog, where the focus may not leave it.
  (document.activeElement?.closest('[role="dialog"]') ?? document.body).append(field);
  field.select();
  try {
    return document.execCommand('copy');
  } finally {
    field.remove();
  }
}

/** A small button that copies `text`; `what` names it for screen readers, as in "Copy the key". */
export function CopyIconButton({ text, what }: { text: string; what: string }) {
  const { copied, failed, copy } = useCopy(text);
  const label = copied ? 'Copied' : failed ? 'Could not copy: select the text instead' : `Copy ${what}`;
  return (
    <Tooltip label={label} withinPortal={false}>
      <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} onClick={copy} aria-label={label}>
        {copied ? <CheckIcon /> : <CopyIcon />}
      </ActionIcon>
    </Tooltip>
  );
}

/** A large button that copies `text`. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const { copied, failed, copy } = useCopy(text);
  return (
    <Button onClick={copy} leftSection={copied ? <CheckIcon /> : <CopyIcon />} color={copied ? 'teal' : undefined}>
      <span aria-live="polite">{copied ? 'Copied' : failed ? 'Select the text and copy it' : label}</span>
    </Button>
  );
}

/** A line of text, such as an id or a command, with a button that copies it. */
export function CopyField({ text, what }: { text: string; what: string }) {
  return (
    <span className="kp-copy-field">
      <code>{text}</code>
      <CopyIconButton text={text} what={what} />
    </span>
  );
}
