import { DEMO_MODEL, frame, type Answer, type Frame } from './answer.js';

/** The whole answer of `/v1/messages`. */
export function messageObject(answer: Answer): object {
  return {
    ...head(answer),
    content: [{ type: 'text', text: answer.words.join('') }],
    stop_reason: stopReason(answer),
    stop_sequence: null,
    usage: { input_tokens: answer.inputTokens, output_tokens: answer.words.length },
  };
}

/** The named events of a streamed message. */
export function messageFrames(answer: Answer): Frame[] {
  const begun = {
    ...head(answer),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: answer.inputTokens, output_tokens: 0 },
  };
  return [
    named({ type: 'message_start', message: begun }),
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    named({ type: 'ping' }),
    ...answer.words.map((text) =>
      named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, true),
    ),
    named({ type: 'content_block_stop', index: 0 }),
    named({
      type: 'message_delta',
      delta: { stop_reason: stopReason(answer), stop_sequence: null },
      usage: { output_tokens: answer.words.length },
    }),
    named({ type: 'message_stop' }),
  ];
}

function named(event: { type: string; [name: string]: unknown }, paced = false): Frame {
  return frame(event, { event: event.type, paced });
}

function head({ id }: Answer): object {
  return { id: `msg_demo${id}`, type: 'message', role: 'assistant', model: DEMO_MODEL };
}

function stopReason({ cut }: Answer): string {
  return cut ? 'max_tokens' : 'end_turn';
}
