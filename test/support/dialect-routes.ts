import { expect } from 'vitest';
import type { Exchange } from './exchange.js';
import { wellFormed } from './hostile-row.js';
import { chatChunk } from './model-answers.js';
import type { RawAnswer } from './raw-client.js';

/** A route that streams, with what its wire contract says about events and ends. */
export interface StreamingRoute {
  name: string;
  path: string;
  body: Record<string, unknown>;
  /** Sends the n-th event of an answer, with `text` in it. */
  sendEvent: (exchange: Exchange, text: string) => void;
  /** Stands in every complete stream and in no other. */
  endMark: string;
  sendEnd: (exchange: Exchange) => void;
  /** Judges the last event of a stream that was broken off, and answers its code where the contract has one. */
  lastEvent: (event: string) => string | null;
}

const messages = [{ role: 'user', content: 'Hello' }];

function openaiError(event: string): string {
  const data = event.split('\n').find((line) => line.startsWith('data: '));
  const { error } = JSON.parse((data ?? 'data: {}').slice(6)) as { error?: Record<string, unknown> };
  expect(error, `not an error event: ${event}`).toMatchObject({
    message: expect.stringMatching(/.{10}/),
    type: expect.any(String),
    param: null,
  });
  return String(error?.['code']);
}

export const STREAMING_ROUTES: readonly StreamingRoute[] = [
  {
    name: 'chat',
    path: '/v1/chat/completions',
    body: { model: 'test-model', stream: true, messages },
    sendEvent: (exchange, text) => void exchange.event(chatChunk(text)),
    endMark: '[DONE]',
    sendEnd: (exchange) => void exchange.event('[DONE]'),
    lastEvent: openaiError,
  },
  {
    name: 'completions',
    path: '/v1/completions',
    body: { model: 'test-model', stream: true, prompt: 'Hello' },
    sendEvent: (exchange, text) =>
      void exchange.event({ id: 'c', object: 'text_completion', choices: [{ index: 0, text, finish_reason: null }] }),
    endMark: '[DONE]',
    sendEnd: (exchange) => void exchange.event('[DONE]'),
    lastEvent: openaiError,
  },
  {
    name: 'responses',
    path: '/v1/responses',
    body: { model: 'test-model', stream: true, input: 'Hello' },
    sendEvent: (exchange, text) =>
      void exchange.event({ type: 'response.output_text.delta', delta: text }, 'response.output_text.delta'),
    endMark: 'response.completed',
    sendEnd: (exchange) =>
      void exchange.event(
        { type: 'response.completed', response: { id: 'resp_1', status: 'completed' } },
        'response.completed',
      ),
    lastEvent: (event) => {
      expect(event).toMatch(/^event: (error|response\.failed)\n/);
      return /"code":"([a-z_]+)"/.exec(event)?.[1] ?? null;
    },
  },
  {
    name: 'messages',
    path: '/v1/messages',
    body: { model: 'test-model', stream: true, max_tokens: 9, messages },
    sendEvent: (exchange, text) =>
      void exchange.event(
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
        'content_block_delta',
      ),
    endMark: 'message_stop',
    sendEnd: (exchange) => void exchange.event({ type: 'message_stop' }, 'message_stop'),
    lastEvent: (event) => {
      expect(event).toMatch(/^event: error\n/);
      const said = JSON.parse(event.slice(event.indexOf('data: ') + 6)) as unknown;
      expect(said).toMatchObject({
        type: 'error',
        error: { type: expect.stringMatching(/_error$/), message: expect.stringMatching(/.{10}/) },
        request_id: expect.stringMatching(/^req_/),
      });
      return null;
    },
  },
];

export function requestOn(route: { path: string; body: Record<string, unknown> }, key: string): string {
  return wellFormed(key, { path: route.path, body: JSON.stringify(route.body) });
}

/** Holds for every stream that was broken off: readable last event, no end mark, broken connection. */
export function judgeBrokenStream(route: StreamingRoute, answer: RawAnswer, code: string): void {
  const text = answer.text();
  expect(answer.status).toBe(200);
  expect(answer.complete, 'the connection ended as if the answer were whole').toBe(false);
  expect(text, 'the end mark of a complete answer').not.toContain(route.endMark);
  const last =
    text
      .trimEnd()
      .split(/\r?\n\r?\n/)
      .at(-1) ?? '';
  const said = route.lastEvent(last);
  if (said !== null) expect(said).toBe(code);
}
