import { Refusal } from '../core/errors.js';

/** The body of `POST /infer`. */
export interface InferRequest {
  modelName: string;
  /** Empty where the body has none that can be used: `requireRequestBody` refuses it. */
  requestBody: Readonly<Record<string, unknown>>;
  /** The whole body, so that members that nobody knows here travel on. */
  whole: Readonly<Record<string, unknown>>;
}

const LONGEST_NAME = 256;

/** Reads bytes that are known to be one JSON object. */
export function readInferRequest(bytes: Buffer): InferRequest {
  const whole = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  const { model_name: name, request_body: body } = whole;
  if (typeof name !== 'string' || name === '') throw invalid('model_name', '`model_name` is required.');
  if (name.length > LONGEST_NAME)
    throw invalid('model_name', `\`model_name\` has more than ${LONGEST_NAME} characters.`);
  return { modelName: name, requestBody: isObject(body) ? body : {}, whole };
}

/** Refuses a request without a body for the worker. Asked once the pool is known, because the balancer names a pool that it does not have first. */
export function requireRequestBody({ whole }: InferRequest): void {
  if (!isObject(whole['request_body'])) throw invalid('request_body', 'model_name and request_body are required.');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(param: string, message: string): Refusal {
  return new Refusal('invalid_value', { message, param });
}
