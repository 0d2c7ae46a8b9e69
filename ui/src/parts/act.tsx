import { Button, Tooltip, type ButtonProps } from '@mantine/core';
import type { ReactNode } from 'react';

interface ActParts extends ButtonProps {
  children: ReactNode;
  onClick: () => void;
  /** Why the session may not do this, from `useRefusal`; null = it may. */
  refusal: string | null;
}

/** A button for an action. One that is refused stays reachable by keyboard, so that its reason can be read. */
export function Act({ refusal, onClick, children, ...rest }: ActParts) {
  if (refusal === null)
    return (
      <Button {...rest} onClick={onClick}>
        {children}
      </Button>
    );
  return (
    <Tooltip label={refusal} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <Button
        {...rest}
        aria-disabled
        aria-description={refusal}
        data-disabled
        onClick={(event) => event.preventDefault()}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
