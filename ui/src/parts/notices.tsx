import { Alert, Button, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiProblem } from '../api/problem.js';
import { CliTwin } from './cli-twin.js';
import { AlertIcon } from './icons.js';
import { Prose } from './prose.js';

interface Failure {
  error: Error;
  /** What was tried: "The keys could not be read". */
  what: string;
  retry?: () => void;
}

/** What happened, what to do about it, and the id that leads to the line in the log. */
export function ErrorNotice({ error, what, retry }: Failure) {
  const problem = error instanceof ApiProblem ? error : null;
  return (
    <Alert color="red" title={what} icon={<AlertIcon />} role="alert">
      <Stack gap="xs">
        <Text size="sm">
          <Prose text={error.message} />
        </Text>
        {problem !== null && problem.faults.length > 0 && (
          <ul className="kp-faults">
            {problem.faults.map((fault) => (
              <li key={fault.pointer + fault.detail}>
                <code>{fault.pointer}</code> <Prose text={fault.detail} />
              </li>
            ))}
          </ul>
        )}
        {problem !== null && (
          <Text size="xs" className="kp-dim">
            {problem.code} · status {problem.status}
            {problem.requestId === null ? '' : ` · ${problem.requestId}`}
          </Text>
        )}
        {retry !== undefined && (
          <div>
            <Button size="xs" variant="default" onClick={retry}>
              Try again
            </Button>
          </div>
        )}
      </Stack>
    </Alert>
  );
}

interface Nothing {
  title: string;
  /** What to do next. */
  children: ReactNode;
  command?: string;
  action?: ReactNode;
}

/** Stands where a list has nothing to show, and says what to do next. */
export function EmptyState({ title, children, command, action }: Nothing) {
  return (
    <div className="kp-empty">
      <Text fw={600}>{title}</Text>
      <Text size="sm" className="kp-dim">
        {children}
      </Text>
      {action}
      {command !== undefined && <CliTwin command={command} />}
    </div>
  );
}

/** Stands in place of a page that this session may not see. */
export function NotAllowed({ reason }: { reason: string }) {
  return (
    <EmptyState title="Not for this session">
      {reason} Sign in with a key that has it, or with the link that <code>keyporter ui</code> prints.
    </EmptyState>
  );
}
