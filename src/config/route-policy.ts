import * as z from 'zod';
import { parseRouteCondition } from '../core/route-rule.js';
import { group, listOf, text, textLike } from './members.js';

/** One text or a list of them; always a list afterwards. */
function oneOrMore<Element extends z.ZodType<string>>(element: Element, sentence: string) {
  return z.union([element.transform((one) => [one]), listOf(element, 1)], { error: sentence });
}

function paths() {
  const pattern = textLike(
    (value) => /^(\/|\*$|regex:.)/.test(value) && value.length <= 1024,
    'must be a path, `*`, or `regex:` and a pattern',
  );
  return group({
    paths: oneOrMore(pattern, 'must be a path, `*`, `regex:` and a pattern, or a list of these').meta({
      description:
        'Paths: `*` for all, a `*` at the end for all that begin so, `regex:` for a pattern from the start of the path, else the path itself.',
      examples: ['/v1/files*'],
    }),
  });
}

function conditions(description: string) {
  const condition = textLike(
    (value) => parseRouteCondition(value) !== null,
    'must be `user with VALUE in ATTRIBUTE` or `user with VALUE not in ATTRIBUTE`',
  );
  return oneOrMore(
    condition,
    'must be `user with VALUE in ATTRIBUTE`, `user with VALUE not in ATTRIBUTE`, or a list of these',
  )
    .optional()
    .meta({ description, examples: ['user with admin in roles'] });
}

const rule = group({
  permit: paths()
    .optional()
    .meta({ description: 'Paths this rule lets through.', examples: [{ paths: '/v1/files*' }] }),
  forbid: paths()
    .optional()
    .meta({ description: 'Paths this rule refuses.', examples: [{ paths: '/v1/admin*' }] }),
  when: conditions('The rule counts only if all of these hold.'),
  unless: conditions('The rule counts only if none of these holds.'),
  description: text()
    .optional()
    .meta({ description: 'For people.', examples: ['files are for everybody'] }),
});

export const routePolicy = listOf(rule)
  .default([])
  .meta({
    description:
      'Llama Stack route rules, for the routes of models. The first rule that fits decides, and what fits none is refused. Empty = the inference routes by scope alone.',
    examples: [[{ permit: { paths: '/v1/files*' } }]],
  });
