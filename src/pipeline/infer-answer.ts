import type { CapturedAnswer } from '../orchestra/captured-answer.js';
import { fromEngine } from '../orchestra/from-engine.js';

type Members = Readonly<Record<string, unknown>>;

/** What was sent to the worker. */
export interface Question {
  path: string;
  body: Buffer;
  /** The request body it was made from when the worker is another engine; null = it went as it came. */
  translated: Members | null;
}

export interface InferAnswer {
  status: number;
  members: Members;
}

/** What the worker answered, in the form of a worker; null when nothing of it can be passed on. */
export function answerOf(
  captured: CapturedAnswer,
  asked: { question: Question; model: string; durationMs: number },
): InferAnswer | null {
  const { status } = captured;
  const members = objectIn(captured.body);
  if (status === 200) return members === null ? null : whenWell(members, asked);
  if (status < 400 || status > 499) return null;
  if (asked.question.translated === null && members !== null) return { status, members };
  return {
    status,
    members: { detail: complaintIn(members) ?? `The model server refused the request with status ${status}.` },
  };
}

function whenWell(
  members: Members,
  { question, model, durationMs }: { question: Question; model: string; durationMs: number },
): InferAnswer | null {
  if (question.translated === null) return { status: 200, members };
  const durationSeconds = Math.round(durationMs / 10) / 100;
  const made = fromEngine(members, question.translated, durationSeconds);
  if (made === null) return null;
  return {
    status: 200,
    members: { ...made, model_name_processed: model, duration_seconds: durationSeconds, api_worker_pid: process.pid },
  };
}

/** The sentence in a refusal of an engine, whichever of the usual forms it has. */
function complaintIn(members: Members | null): string | null {
  const error = members?.['error'];
  const inner = typeof error === 'object' && error !== null ? (error as Members)['message'] : error;
  const told = inner ?? members?.['detail'] ?? members?.['message'];
  return typeof told === 'string' && told !== '' ? told : null;
}

function objectIn(body: Buffer | null): Members | null {
  try {
    const value = body === null ? null : (JSON.parse(body.toString('utf8')) as unknown);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : null;
  } catch {
    return null;
  }
}
