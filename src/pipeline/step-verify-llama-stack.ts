import type { Caller } from '../core/caller.js';
import { Refusal } from '../core/errors.js';
import { scanObject } from '../http/json-scan.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { answerJson } from './step-answer.js';
import type { Step } from './steps.js';
import { questionOf } from './verify-question.js';
import { heldScopes, missing, verify } from './verify-subject.js';

/**
 * Answers a Llama Stack or OGX server of any generation that asks about the key of its caller: one
 * answer has what each of them needs. What else the server tells about its request is not read:
 * its caller wrote it.
 */
export function createAnswerLlamaStack(parts: Parts): Step {
  return async (exchange) => {
    const key = apiKeyIn(exchange.body);
    const { subject } = await verify(exchange, { key, question: questionOf(exchange.request) }, parts);
    const attributes = attributesOf(subject, parts);
    const principal = subject.owner ?? (await parts.nameOf(subject.id));
    answerJson(
      exchange,
      { principal, attributes, access_attributes: attributes, message: 'The key is valid.' },
      { headers: ['cache-control', 'no-store'] },
    );
  };
}

function apiKeyIn(body: Exchange['body']): string {
  const bytes = need(body ?? Buffer.alloc(0), 'body');
  const member = scanObject(bytes).find(({ name }) => name === 'api_key');
  if (member?.kind !== 'string')
    throw new Refusal('invalid_value', {
      message: 'The body must have the key in question as "api_key".',
      param: 'api_key',
    });
  const key = JSON.parse(bytes.toString('utf8', member.from, member.to)) as string;
  if (key === '') throw missing();
  return key;
}

/** What every key above it has too; `scopes` are those of the key and never an attribute somebody gave it. */
function attributesOf(subject: Caller, { identity }: Parts): Record<string, readonly string[]> {
  const above = subject.lineage.map((id) => identity.callerOf(id)?.attributes ?? {});
  const held = (name: string, value: string): boolean =>
    above.every((attributes) => Object.hasOwn(attributes, name) && attributes[name]?.includes(value));
  const own = Object.entries(subject.attributes).map(
    ([name, values]) => [name, values.filter((value) => held(name, value))] as const,
  );
  return Object.fromEntries([...own, ['scopes', heldScopes(subject)] as const]);
}
