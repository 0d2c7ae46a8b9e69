import type { RecordingUpstream } from './recording-upstream.js';

/** Makes the model server refuse everything with this status, in the OpenAI form and with a time to wait. */
export function refuseWith(upstream: RecordingUpstream, status: number): void {
  const error = { message: `the engine says ${status}`, type: 'engine_error', param: null, code: 'engine_code' };
  upstream.onRequest = (exchange) => exchange.answer(status, { error }, ['retry-after', '1', 'retry-after-ms', '1']);
}

/** As `refuseWith`, in the form of Anthropic. */
export function refuseMessagesWith(upstream: RecordingUpstream, status: number, type: string): void {
  const body = { type: 'error', error: { type, message: `the engine says ${status}` } };
  upstream.onRequest = (exchange) => exchange.answer(status, body, ['retry-after', '1', 'retry-after-ms', '1']);
}

/** What a promise was rejected with; fails when it was not. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  const outcome = await Promise.resolve(promise).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`expected a refusal, got ${JSON.stringify(outcome.value)}`);
}
