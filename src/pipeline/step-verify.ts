import { encoded } from './about-caller.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { isSkippable } from './run.js';
import type { Step } from './steps.js';
import { askerHeader, identifyAsker } from './verify-asker.js';
import { inWordsOfNginx, isForNginx, questionOf } from './verify-question.js';
import { heldScopes, isInference, shownKey, verify, type Verified } from './verify-subject.js';

/** The first question on every route about keys whose asker stands in a header: may it ask at all? */
export function createIdentifyAsker(parts: Parts): Step {
  return (exchange) => identifyAsker(exchange, askerHeader(exchange), parts);
}

/**
 * Answers a proxy that asks whether it may let a request through: 200 and who it is in headers, or the
 * refusal that its client should read. The body of the request, if one comes along, is not read.
 */
export function createAnswerVerify(parts: Parts): Step {
  return async (exchange) => {
    try {
      await identifyAsker(exchange, askerHeader(exchange), parts);
      const question = questionOf(exchange.request);
      const key = await shownKey(exchange, parts);
      const verified = await verify(exchange, { key, question }, parts);
      answerYes(exchange, {
        ...verified,
        judgedModel: question.vouched && verified.model !== null,
        inference: question.scopes.some(isInference),
      });
    } catch (cause) {
      throw isForNginx(exchange.request.query) ? inWordsOfNginx(cause) : cause;
    }
  };
}

function answerYes(
  exchange: Exchange,
  { subject, model, judgedModel, inference }: Verified & { judgedModel: boolean; inference: boolean },
): void {
  const headers = ['content-length', '0', 'cache-control', 'no-store', ...exchange.ownHeaders];
  headers.push('x-keyporter-key-id', encoded(subject.id), 'x-keyporter-scopes', heldScopes(subject).join(' '));
  // Empty rather than absent: a proxy that copies it replaces what its client sent under this name.
  headers.push('x-keyporter-owner', encoded(subject.owner ?? ''));
  if (judgedModel) headers.push('x-keyporter-model', encoded(model?.name ?? ''));
  else if (inference) headers.push('x-keyporter-model-check', 'none');
  if (exchange.request.contentLength !== 0 && !isSkippable(exchange.request)) headers.push('connection', 'close');
  exchange.status = 200;
  exchange.reply.head(200, headers);
  exchange.reply.end();
}
