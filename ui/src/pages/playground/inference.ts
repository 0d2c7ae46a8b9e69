import { textLines } from '../../api/lines.js';
import { Unreachable } from '../../api/problem.js';

/** The inference API refused, in its own words. */
export class InferenceRefusal extends Error {
  readonly status: number;
  readonly code: string | null;

  constructor({ status, message, code }: { status: number; message: string; code: string | null }) {
    super(message);
    this.name = 'InferenceRefusal';
    this.status = status;
    this.code = code;
  }
}

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  max_tokens?: number;
  temperature?: number;
}

export interface ChatUse {
  prompt_tokens: number;
  completion_tokens: number;
}

/** A piece of the answer. */
export interface ChatPiece {
  text: string;
  /** What a model that thinks wrote before its answer. */
  thought: string;
  use: ChatUse | null;
}

interface Asked {
  key: string;
  signal: AbortSignal;
}

/** Models the key may use, as the gateway lists them for it. */
export async function modelsOf({ key, signal }: Asked): Promise<string[]> {
  const response = await ask('/v1/models', { key, signal });
  const { data } = (await response.json()) as { data: { id: string }[] };
  return data.map(({ id }) => id);
}

/**
 * Sends a chat and hands on the answer piece by piece.
 * @throws InferenceRefusal when it is refused or the stream ends with an error or too early.
 */
export async function* chat(request: ChatRequest, { key, signal }: Asked): AsyncGenerator<ChatPiece> {
  const body = { ...request, stream: true, stream_options: { include_usage: true } };
  const response = await ask('/v1/chat/completions', { key, signal, body });
  if (response.body === null) throw cut();
  for await (const line of textLines(response.body, signal)) {
    if (!line.startsWith('data:')) continue;
    const data = line.slice('data:'.length).trim();
    if (data === '[DONE]') return;
    yield pieceOf(JSON.parse(data) as Chunk);
  }
  throw cut();
}

interface Chunk {
  error?: { message?: string; code?: string | null };
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null } }[];
  usage?: ChatUse | null;
}

function pieceOf({ error, choices, usage }: Chunk): ChatPiece {
  if (error !== undefined)
    throw new InferenceRefusal({
      status: 200,
      message: error.message ?? 'The answer ended with an error.',
      code: error.code ?? null,
    });
  const delta = choices?.[0]?.delta;
  return { text: delta?.content ?? '', thought: delta?.reasoning_content ?? '', use: usage ?? null };
}

function cut(): InferenceRefusal {
  return new InferenceRefusal({ status: 200, message: 'The answer was cut off before its end.', code: null });
}

/** Only the key speaks here: the session's cookie is no credential for inference, and is not sent. */
async function ask(path: string, { key, signal, body }: Asked & { body?: unknown }): Promise<Response> {
  const response = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    credentials: 'omit',
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? error : new Unreachable(error);
  });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

async function refusalOf(response: Response): Promise<InferenceRefusal> {
  const text = await response.text().catch(() => '');
  const { error, detail } = membersOf(text);
  const message = error?.message ?? detail ?? `The answer had the status ${response.status}.`;
  return new InferenceRefusal({ status: response.status, message, code: error?.code ?? null });
}

function membersOf(text: string): { error?: { message?: string; code?: string | null }; detail?: string } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}
