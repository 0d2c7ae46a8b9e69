import * as z from 'zod';
import { choice, listOf, notYet, section, text } from './members.js';
import { poolMembers } from './pool-members.js';
import { startedMembers } from './started-members.js';

const fields = section({
  deny: listOf(text(256))
    .default([])
    .meta({ description: 'Members of the body that are refused.', examples: [['logit_bias']] }),
  clamp: z
    .record(z.string(), z.number())
    .default({ n: 8, best_of: 8 })
    .meta({ description: 'Largest values of members of the body.', examples: [{ n: 4 }] }),
}).describe('What a request may ask of the engine.');

/** Members of a model about its replicas and its engine; some of their features come later. */
export const laterModelMembers = {
  ...poolMembers,
  fields: notYet(fields, 'bound what a request may ask of the engine'),
  media_urls: notYet(
    choice(['data_only', 'any']).default('data_only').describe('Whether the engine may be sent to fetch media by URL.'),
    'keep engines from fetching URLs',
  ),
  ...startedMembers,
};
