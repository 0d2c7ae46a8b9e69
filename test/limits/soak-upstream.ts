import type { Exchange } from '../support/exchange.js';
import { chatChunk } from '../support/model-answers.js';

/** How the model server answers; those that end with `left` are left by their callers. */
export const PLANS = [
  'plain',
  'plain',
  'stream told',
  'stream told',
  'stream untold',
  'stream dies',
  'stream left',
  'dies',
  'fails',
] as const;

export interface Plan {
  kind: (typeof PLANS)[number];
  /** Output tokens it would like to say. */
  tokens: number;
  /** Input tokens it tells. */
  input: number;
}

/** What the model server did. */
export interface Truth {
  plan: Plan;
  /** Output tokens that were sent, or told. */
  sent: number;
  /** Monotonic milliseconds. */
  arrivedAt: number;
}

/** A plan travels in a member of the body. */
export function writePlan({ kind, tokens, input }: Plan): string {
  return `${kind}/${tokens}/${input}`;
}

export function readPlan(text: string): Plan {
  const [kind, tokens, input] = text.split('/');
  return { kind: kind as Plan['kind'], tokens: Number(tokens), input: Number(input) };
}

/** Answers as the plan says, within the cap it was given, and notes what it sent. */
export function behave(exchange: Exchange, truth: Truth): void {
  const { kind, tokens, input } = truth.plan;
  const cap = exchange.json()['max_tokens'];
  const said = typeof cap === 'number' ? Math.min(tokens, cap) : tokens;
  const usage = { prompt_tokens: input, completion_tokens: said, total_tokens: input + said };
  if (kind === 'dies') return void exchange.socket.destroy();
  if (kind === 'fails') return exchange.answer(500, { error: { message: 'no memory', code: 500 } });
  if (kind === 'plain') {
    truth.sent = said;
    const choices = [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }];
    return exchange.answer(200, { id: 'c', object: 'chat.completion', choices, usage });
  }
  exchange.startStream();
  // One that is left goes on for ever: its caller leaves at the third token.
  const count = kind === 'stream left' ? Math.max(said, 5) : said;
  for (let n = 0; n < count; n++) {
    truth.sent += 1;
    exchange.event(chatChunk(`t${n} `));
  }
  if (kind === 'stream left') return;
  if (kind === 'stream dies') return void exchange.socket.destroy();
  exchange.event(chatChunk('', { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
  if (kind === 'stream told') exchange.event(chatChunk('', { choices: [], usage }));
  exchange.event('[DONE]');
  exchange.finish();
}
