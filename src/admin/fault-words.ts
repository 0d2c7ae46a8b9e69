import type { z } from '@hono/zod-openapi';

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
};

/** What is wrong with a value where its schema has no words of its own; they stand behind "is not valid:". */
export function faultWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type')
    return issue.input === undefined ? 'must be given' : `must be ${KINDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'too_small') return bound(issue.origin, 'at least', issue.minimum);
  if (issue.code === 'too_big') return bound(issue.origin, 'at most', issue.maximum);
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
  return issue.code === 'invalid_union' ? 'has none of the forms that can stand here' : undefined;
}

function bound(origin: string, side: 'at least' | 'at most', most: number | bigint): string {
  const one = Number(most) === 1;
  if (origin === 'string')
    return one && side === 'at least' ? 'must not be empty' : `must have ${side} ${most} characters`;
  if (origin === 'array' || origin === 'set' || origin === 'object' || origin === 'record')
    return `must have ${side} ${most} ${one ? 'entry' : 'entries'}`;
  return `must be ${side} ${most}`;
}
