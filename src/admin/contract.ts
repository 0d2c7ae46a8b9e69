import { z } from '@hono/zod-openapi';

/** Integer Unix seconds, the unit of every `*_at`. */
export const unixTime = z.int().min(0).max(253_402_300_799).openapi({ description: 'Unix seconds, UTC.' });

/** Text a person reads. Control characters and broken characters are refused: they could forge what a terminal or a log shows. */
export function plainText(longest: number) {
  return z
    .string()
    .min(1)
    .max(longest)
    .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not contain control characters');
}

/** A query parameter that is a number. */
export function countInQuery(least: number, most: number) {
  return z.coerce.number<string>().int().min(least).max(most);
}

const MOST_ROWS = 1000;
const USUAL_ROWS = 100;

/** Members of every list request. `after` is the `next` of the page before. */
export const pageQuery = {
  limit: countInQuery(1, MOST_ROWS).default(USUAL_ROWS),
  after: z.string().min(1).max(512).optional(),
};

/** The same for lists that are short and stand in memory: their readers take them whole. */
export const memoryPageQuery = z.strictObject({
  limit: countInQuery(1, MOST_ROWS).optional().openapi({ description: 'Most rows of a page; all unless given.' }),
  after: pageQuery.after,
});

/** A page of a list: rows, and the cursor of the next page or null. */
export function listOf<Row extends z.ZodType>(row: Row, name: string) {
  return z.strictObject({ data: z.array(row), next: z.string().nullable() }).openapi(name);
}

/** Ids are looked up, so their form is only bounded here: what does not exist is 404. */
export const idParams = z.strictObject({ id: z.string().min(1).max(200) });

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'Stable name of the error, see docs/errors.md.' }),
    detail: z.string().openapi({ description: 'A sentence that says what to do next.' }),
    request_id: z.string().optional().openapi({ description: 'Leads to the line in the log.' }),
    errors: z
      .array(
        z.strictObject({ pointer: z.string(), in: z.enum(['body', 'query', 'path', 'header']), detail: z.string() }),
      )
      .optional()
      .openapi({ description: 'Every fault found, each with a JSON pointer (RFC 6901).' }),
    key_id: z
      .string()
      .optional()
      .openapi({ description: 'With a repeated Idempotency-Key: the key that exists already.' }),
  })
  .openapi('Problem');

export type Problem = z.infer<typeof problemSchema>;
