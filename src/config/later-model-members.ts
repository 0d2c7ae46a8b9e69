import * as z from 'zod';
import { choice, listOf, section, text, told } from './members.js';
import { poolMembers } from './pool-members.js';
import { startedMembers } from './started-members.js';

const fields = section({
  deny: listOf(text(256))
    .default([])
    .meta({
      description: 'Members of the body that are refused, besides those that the table of engines refuses.',
      examples: [['logit_bias']],
    }),
  clamp: z
    .record(
      z.string(),
      z.number(told('must be a number, 0 or more')).min(0, told('must be a number, 0 or more')),
      told('must be a map from members to numbers'),
    )
    .default({ n: 8, best_of: 8 })
    .meta({
      description:
        'Largest values of members of the body. A larger or negative number is replaced by it; everything else in the body stays as it came.',
      examples: [{ n: 4 }],
    }),
}).describe('What a request may ask of the engine.');

/** Members of a model about its replicas and its engine. */
export const laterModelMembers = {
  ...poolMembers,
  fields,
  media_urls: choice(['data_only', 'any'])
    .default('data_only')
    .describe(
      'Whether a request may send the engine to fetch media by URL. `data_only` = only `data:` URLs, which carry the media with them.',
    ),
  ...startedMembers,
};
