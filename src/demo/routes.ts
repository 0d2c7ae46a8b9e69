import {
  answerTo,
  capOf,
  countTokens,
  DEMO_MODEL,
  lastAsked,
  textIn,
  type Answer,
  type Body,
  type Frame,
} from './answer.js';
import { messageFrames, messageObject } from './messages.js';
import { chatCompletion, chatFrames, embeddings, modelEntry, modelList, textCompletion, textFrames } from './openai.js';
import { responseFrames, responseObject } from './responses.js';

/** What the demo sends back: one JSON body, or the frames of a stream. */
export type Reply = { status: number; body: object } | { frames: readonly Frame[] };

type Dialect = 'openai' | 'anthropic';

/** How one generating route reads a request and writes an answer. */
interface Speech {
  /** The member that holds what was asked. */
  input: string;
  caps: readonly string[];
  dialect: Dialect;
  whole: (answer: Answer, body: Body) => object;
  frames: (answer: Answer, body: Body) => Frame[];
}

const SPEECHES: ReadonlyMap<string, Speech> = new Map<string, Speech>([
  [
    '/v1/chat/completions',
    {
      input: 'messages',
      caps: ['max_completion_tokens', 'max_tokens'],
      dialect: 'openai',
      whole: chatCompletion,
      frames: chatFrames,
    },
  ],
  [
    '/v1/completions',
    { input: 'prompt', caps: ['max_tokens'], dialect: 'openai', whole: textCompletion, frames: textFrames },
  ],
  [
    '/v1/responses',
    { input: 'input', caps: ['max_output_tokens'], dialect: 'openai', whole: responseObject, frames: responseFrames },
  ],
  [
    '/v1/messages',
    { input: 'messages', caps: ['max_tokens'], dialect: 'anthropic', whole: messageObject, frames: messageFrames },
  ],
]);

/** Errors have the shape of the route's own dialect. */
export function refusal(
  path: string,
  { status, type, message }: { status: number; type: string; message: string },
): Reply {
  if (path.startsWith('/v1/messages')) return { status, body: { type: 'error', error: { type, message } } };
  return { status, body: { error: { message, type: 'invalid_request_error', param: null, code: type } } };
}

/** Answers a GET. `created` in Unix seconds is the age of the demo. */
export function answerGet(path: string, created: number): Reply {
  if (path === '/v1/models') return { status: 200, body: modelList(created) };
  if (path === `/v1/models/${DEMO_MODEL}`) return { status: 200, body: modelEntry(created) };
  if (path === '/health' || path === '/v1/health') return { status: 200, body: { status: 'ok' } };
  return notFound(path);
}

/** Answers a POST with this parsed body. `now` in Unix seconds. */
export function answerPost(path: string, body: Body, now: number): Reply {
  const { model } = body;
  if (model !== undefined && model !== null && model !== DEMO_MODEL) {
    return refusal(path, {
      status: 404,
      type: path.startsWith('/v1/messages') ? 'not_found_error' : 'model_not_found',
      message: `The demo serves only the model "${DEMO_MODEL}".`,
    });
  }
  const speech = SPEECHES.get(path);
  if (speech !== undefined) return speak(path, speech, { body, now });
  if (path === '/v1/embeddings') {
    const found = embeddings(body);
    return found === null ? missing(path, 'input') : { status: 200, body: found };
  }
  if (path === '/v1/messages/count_tokens')
    return Array.isArray(body['messages'])
      ? { status: 200, body: { input_tokens: inputTokens(body, 'messages') } }
      : missing(path, 'messages');
  return notFound(path);
}

function speak(path: string, speech: Speech, { body, now }: { body: Body; now: number }): Reply {
  const input = body[speech.input];
  const usable = Array.isArray(input) ? input.length > 0 : typeof input === 'string' && speech.input !== 'messages';
  if (!usable) return missing(path, speech.input);
  const answer = answerTo(lastAsked(input), allText(body, speech.input), {
    cap: capOf(body, speech.caps),
    created: now,
  });
  return body['stream'] === true
    ? { frames: speech.frames(answer, body) }
    : { status: 200, body: speech.whole(answer, body) };
}

function allText(body: Body, input: string): string {
  return [textIn(body['system']), textIn(body['instructions']), textIn(body[input])].join(' ');
}

function inputTokens(body: Body, input: string): number {
  return countTokens(allText(body, input));
}

function missing(path: string, name: string): Reply {
  return refusal(path, {
    status: 400,
    type: path.startsWith('/v1/messages') ? 'invalid_request_error' : 'invalid_value',
    message: `The body needs \`${name}\`.`,
  });
}

function notFound(path: string): Reply {
  return refusal(path, {
    status: 404,
    type: path.startsWith('/v1/messages') ? 'not_found_error' : 'unknown_url',
    message: 'The demo does not serve this route.',
  });
}
