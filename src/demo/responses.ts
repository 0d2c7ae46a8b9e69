import { DEMO_MODEL, frame, type Answer, type Body, type Frame } from './answer.js';

/** The whole answer of `/v1/responses`. Nothing is kept, so `store` is always false. */
export function responseObject(answer: Answer, body: Body): object {
  const status = answer.cut ? 'incomplete' : 'completed';
  return { ...head(answer, body, status), output: [item(answer, status)], usage: usageOf(answer) };
}

/** The named events of a streamed response, numbered from 0. */
export function responseFrames(answer: Answer, body: Body): Frame[] {
  const status = answer.cut ? 'incomplete' : 'completed';
  const text = answer.words.join('');
  const begun = { ...head(answer, body, 'in_progress'), output: [], usage: null };
  const place = { item_id: itemId(answer), output_index: 0, content_index: 0 };
  const events: { type: string; paced?: boolean; [name: string]: unknown }[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    { type: 'response.output_item.added', output_index: 0, item: { ...item(answer, 'in_progress'), content: [] } },
    { type: 'response.content_part.added', ...place, part: part('') },
    ...answer.words.map((delta) => ({
      type: 'response.output_text.delta',
      ...place,
      delta,
      logprobs: [],
      paced: true,
    })),
    { type: 'response.output_text.done', ...place, text, logprobs: [] },
    { type: 'response.content_part.done', ...place, part: part(text) },
    { type: 'response.output_item.done', output_index: 0, item: item(answer, status) },
    { type: `response.${status}`, response: responseObject(answer, body) },
  ];
  return events.map(({ paced, ...event }, sequence) =>
    frame({ ...event, sequence_number: sequence }, { event: event.type, paced: paced === true }),
  );
}

function head(answer: Answer, body: Body, status: string): object {
  return {
    id: `resp_demo${answer.id}`,
    object: 'response',
    created_at: answer.created,
    status,
    background: false,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: typeof body['instructions'] === 'string' ? body['instructions'] : null,
    max_output_tokens: typeof body['max_output_tokens'] === 'number' ? body['max_output_tokens'] : null,
    metadata: {},
    model: DEMO_MODEL,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
  };
}

function item(answer: Answer, status: string): object {
  return { id: itemId(answer), type: 'message', status, role: 'assistant', content: [part(answer.words.join(''))] };
}

function itemId({ id }: Answer): string {
  return `msg_demo${id}`;
}

function part(text: string): object {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function usageOf({ inputTokens, words }: Answer): object {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: words.length,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + words.length,
  };
}
