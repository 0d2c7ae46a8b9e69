import { isEmbedding } from './to-engine.js';

type Members = Readonly<Record<string, unknown>>;

/** The answer of an engine in the members a worker would have sent; null when it is none. */
export function fromEngine(answer: Members, request: Members, durationSeconds: number): Record<string, unknown> | null {
  return isEmbedding(request) ? embeddingsOf(answer, request, durationSeconds) : responseOf(answer);
}

function responseOf({ choices }: Members): Record<string, unknown> | null {
  const message = member(Array.isArray(choices) ? choices[0] : null, 'message');
  if (message === undefined) return null;
  const content = member(message, 'content');
  return { response: typeof content === 'string' ? content : '', gpu_id_of_model_worker: 'auto' };
}

function embeddingsOf({ data }: Members, request: Members, durationSeconds: number): Record<string, unknown> | null {
  if (!Array.isArray(data) || data.length === 0) return null;
  const vectors = data.map((one) => vectorOf(member(one, 'embedding'), request['embedding_dim']));
  const whole = vectors.filter((vector) => vector !== null);
  const [first] = whole;
  if (first === undefined || whole.length < data.length) return null;
  const metrics = { processing_time: durationSeconds / whole.length, batch_size: whole.length };
  if (request['texts'] === undefined || request['texts'] === null)
    return { embedding: first, embedding_dim: first.length, count: 1, metrics };
  return { embeddings: whole, embedding_dim: first.length, count: whole.length, metrics };
}

/** Shortened to the wanted dimension and brought back to length one, as the embedding worker does. */
function vectorOf(value: unknown, dimension: unknown): number[] | null {
  if (!Array.isArray(value) || value.length === 0 || !value.every((part) => typeof part === 'number')) return null;
  if (typeof dimension !== 'number' || !Number.isInteger(dimension) || dimension < 1 || dimension >= value.length)
    return value;
  const short = value.slice(0, dimension);
  const length = Math.hypot(...short);
  return length === 0 ? short : short.map((part) => part / length);
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
