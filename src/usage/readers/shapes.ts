import { answers, list, number, object, report, SLOT, TEXT, type Shape } from './shape.js';

const CACHED = object({ cached_tokens: number(SLOT.cached) });

/** Both names that OpenAI gave the same things. */
const USAGE = object({
  prompt_tokens: number(SLOT.input),
  completion_tokens: number(SLOT.output),
  input_tokens: number(SLOT.input),
  output_tokens: number(SLOT.output),
  total_tokens: number(SLOT.total),
  prompt_tokens_details: CACHED,
  input_tokens_details: CACHED,
});

/** Anthropic counts what the cache gave and took apart from the input. */
const ANTHROPIC_USAGE = {
  input_tokens: number(SLOT.input),
  cache_creation_input_tokens: number(SLOT.cacheWritten),
  cache_read_input_tokens: number(SLOT.cacheRead),
};

/** llama.cpp, on all of its paths. */
const TIMINGS = object({
  prompt_n: number(SLOT.timedInput),
  cache_n: number(SLOT.timedCached),
  predicted_n: number(SLOT.timedOutput),
  prompt_ms: number(SLOT.inputMs),
  predicted_ms: number(SLOT.outputMs),
});

const CALL = object({ name: TEXT, arguments: TEXT });

const CHOICES = answers({
  index: number(SLOT.index),
  text: TEXT,
  delta: object({
    content: TEXT,
    reasoning_content: TEXT,
    reasoning: TEXT,
    refusal: TEXT,
    tool_calls: list(object({ function: CALL })),
    function_call: CALL,
  }),
});

/** Chat and completions; embeddings, scores, pictures and speech with `usage`. A stream of transcriptions has its text in `delta`. */
export const OPENAI: Shape = report({ usage: USAGE, timings: TIMINGS, choices: CHOICES, delta: TEXT });

/** Every piece of a streamed response is a string `delta`, whatever the event is called. */
export const RESPONSES: Shape = report({
  usage: USAGE,
  timings: TIMINGS,
  response: object({ usage: USAGE }),
  delta: TEXT,
});

/** A realtime session: `response.done` tells the use of one response, and text and sound come in `delta`. */
export const REALTIME: Shape = report({ response: object({ usage: USAGE }), delta: TEXT });

export const ANTHROPIC: Shape = report({
  usage: object({ ...ANTHROPIC_USAGE, output_tokens: number(SLOT.output) }),
  timings: TIMINGS,
  // The output that stands in the first event is no count of the answer.
  message: object({ usage: object(ANTHROPIC_USAGE) }),
  delta: object({ text: TEXT, thinking: TEXT, partial_json: TEXT }),
});

const OLLAMA_CALL = object({ function: object({ name: TEXT }) });

export const OLLAMA: Shape = report({
  prompt_eval_count: number(SLOT.input),
  eval_count: number(SLOT.output),
  prompt_eval_duration: number(SLOT.inputNs),
  eval_duration: number(SLOT.outputNs),
  response: TEXT,
  thinking: TEXT,
  message: object({ content: TEXT, thinking: TEXT, tool_calls: list(OLLAMA_CALL) }),
  // llama.cpp answers this path too, in words of OpenAI.
  usage: USAGE,
  timings: TIMINGS,
  choices: CHOICES,
});

const COMPLETION = report({
  index: number(SLOT.index),
  tokens_evaluated: number(SLOT.input),
  tokens_predicted: number(SLOT.output),
  timings: TIMINGS,
  usage: USAGE,
  content: TEXT,
});

/** One object, or a list of them for several prompts. */
export const LLAMA_CPP: Shape = { ...COMPLETION, each: COMPLETION };

/** Whatever else tells usage. */
export const OTHER: Shape = report({ usage: USAGE, timings: TIMINGS });
