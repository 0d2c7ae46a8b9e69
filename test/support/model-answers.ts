import type { Exchange } from './exchange.js';

/** What the gateway may ask by itself: the model list; everything else is not there. */
export function answerProbe(exchange: Exchange, models: readonly string[]): void {
  if (exchange.target !== '/v1/models') return exchange.answer(404, { error: { message: 'no such path', code: 404 } });
  const data = models.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'test' }));
  exchange.answer(200, { object: 'list', data });
}

/** Answers as a well-behaved OpenAI-compatible server with Anthropic's messages beside it. */
export function answerAsModel(exchange: Exchange): void {
  const path = exchange.target.split('?')[0] ?? '';
  const body = exchange.body.length === 0 ? {} : exchange.json();
  const answer = ANSWERS[path];
  if (answer === undefined) return exchange.answer(404, { error: { message: 'no such path', code: 404 } });
  answer(exchange, body);
}

type Body = Record<string, unknown>;

const ANSWERS: Record<string, (exchange: Exchange, body: Body) => void> = {
  '/v1/chat/completions': answerChat,
  '/v1/completions': (exchange, body) => {
    const choice = { index: 0, text: 'Hello there', logprobs: null, finish_reason: 'stop' };
    exchange.answer(200, {
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: body['model'],
      choices: [choice],
      usage: USAGE,
    });
  },
  '/v1/embeddings': (exchange, body) => {
    const data = [{ object: 'embedding', index: 0, embedding: [0.25, -0.5, 1] }];
    exchange.answer(200, { object: 'list', data, model: body['model'], usage: { prompt_tokens: 2, total_tokens: 2 } });
  },
  '/v1/responses': (exchange, body) => {
    const content = [{ type: 'output_text', text: 'Hello there', annotations: [] }];
    const output = [{ type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content }];
    exchange.answer(200, { id: 'resp_1', object: 'response', status: 'completed', model: body['model'], output });
  },
  '/v1/messages': answerMessages,
  '/v1/messages/count_tokens': (exchange) => exchange.answer(200, { input_tokens: 7 }),
  '/v1/rerank': (exchange) => exchange.answer(200, { results: [{ index: 0, relevance_score: 0.9 }] }),
  '/v2/rerank': (exchange) => exchange.answer(200, { results: [{ index: 0, relevance_score: 0.9 }] }),
  '/v1/score': (exchange) => exchange.answer(200, { data: [{ index: 0, score: 0.5 }] }),
};

export const USAGE = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

/** One chunk of a streamed chat. */
export function chatChunk(content: string, more: Body = {}): Body {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }];
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'test-model', choices, ...more };
}

function answerChat(exchange: Exchange, body: Body): void {
  if (body['stream'] !== true) {
    const choice = { index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' };
    exchange.answer(200, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: body['model'],
      choices: [choice],
      usage: USAGE,
    });
    return;
  }
  exchange.startStream();
  exchange.event(chatChunk('Hello'));
  exchange.event(chatChunk(' there'));
  exchange.event(chatChunk('', { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
  const options = body['stream_options'] as { include_usage?: boolean } | undefined;
  if (options?.include_usage === true) exchange.event(chatChunk('', { choices: [], usage: USAGE }));
  exchange.event('[DONE]');
  exchange.finish();
}

function answerMessages(exchange: Exchange, body: Body): void {
  const usage = { input_tokens: 5, output_tokens: 2 };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: body['model'], stop_sequence: null };
  if (body['stream'] !== true) {
    exchange.answer(200, {
      ...message,
      content: [{ type: 'text', text: 'Hello there' }],
      stop_reason: 'end_turn',
      usage,
    });
    return;
  }
  const events: [string, Body][] = [
    [
      'message_start',
      { message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 5, output_tokens: 1 } } },
    ],
    ['content_block_start', { index: 0, content_block: { type: 'text', text: '' } }],
    ['ping', {}],
    ['content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hello there' } }],
    ['content_block_stop', { index: 0 }],
    ['message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 2 } }],
    ['message_stop', {}],
  ];
  exchange.startStream();
  for (const [type, data] of events) exchange.event({ type, ...data }, type);
  exchange.finish();
}
