import { clampCaps, readCaps, type Capped } from '../http/output-caps.js';
import { estimateInput } from '../http/input-estimate.js';
import { usageEdits } from '../http/usage-option.js';
import type { InferRequest } from '../orchestra/infer-request.js';
import { isEmbedding, TOKEN_BOUND, tokenBound } from '../orchestra/to-engine.js';
import type { PathKind } from '../replicas/engines/engine.js';
import type { Exchange } from './exchange.js';

/** What a request may cost, before anything of it is known. */
export interface Demand {
  /** Estimate of the prompt. */
  inputTokens: number;
  /** What it may be answered with at most; null = it names no end. */
  outputCap: number | null;
  /** The answer is made of tokens, unlike vectors, scores, sounds and pictures. */
  countOutput: boolean;
  /**
   * Holds the request to `left` output tokens, null = to none, and makes its answer tell its use. A request that
   * names no cap gets one only when less is left than such requests are expected to take: some engines refuse
   * a cap that does not fit beside the prompt.
   */
  boundTo(left: number | null, expected: number): { hideUsage: boolean };
}

const UNBOUND = { hideUsage: false };

/** What this request asks for, by the table of the path it goes to. */
export function demandOf(exchange: Exchange, kind: PathKind): Demand {
  const countOutput = kind.class === 'infer:chat' || kind.class === 'infer:realtime' || kind.class === 'infer';
  if (exchange.infer !== null) return inferDemand(exchange, exchange.infer);
  const { body, head } = exchange;
  // What is uploaded or spoken is no text: its size tells nothing about tokens.
  if (kind.model !== 'body' || body === null || head === null)
    return { inputTokens: 0, outputCap: countOutput ? null : 0, countOutput, boundTo: () => UNBOUND };
  const capped: Capped = { body, head, caps: kind.caps, zeroIsNone: kind.zeroIsNone, edits: exchange.edits ?? [] };
  const asksUsage = kind.words === 'openai' && kind.class === 'infer:chat' && head.stream && !tellsByItself(exchange);
  const cap = countOutput ? readCaps(capped).cap : 0;
  return {
    inputTokens: estimateInput(body),
    outputCap: cap,
    countOutput,
    boundTo(left, expected) {
      if (countOutput && left !== null && (cap === null || cap > left))
        exchange.edits = clampCaps(capped, left, { inject: left < expected || takesAnyCap(exchange) });
      if (!asksUsage) return UNBOUND;
      const { asked, edits } = usageEdits(body, head, exchange.edits ?? []);
      exchange.edits = edits;
      return { hideUsage: !asked };
    },
  };
}

/** Engines that read a cap larger than their context as no cap: those can always be told what is left. Others refuse it. */
const TAKE_ANY_CAP: ReadonlySet<string> = new Set(['llama.cpp', 'ollama', 'lmstudio']);

function takesAnyCap({ model }: Exchange): boolean {
  return model !== null && model.replicas.length > 0 && model.replicas.every(({ engine }) => TAKE_ANY_CAP.has(engine));
}

/** llama.cpp tells its counts at the end of every stream; asked for usage, it would put them into the event that is hidden. */
function tellsByItself({ model }: Exchange): boolean {
  return model !== null && model.replicas.length > 0 && model.replicas.every(({ engine }) => engine === 'llama.cpp');
}

/** The same for Orchestra's form, whose answers come in one piece. */
function inferDemand(exchange: Exchange, infer: InferRequest): Demand {
  const { requestBody, whole } = infer;
  const countOutput = !isEmbedding(requestBody);
  const cap = countOutput ? tokenBound(requestBody[TOKEN_BOUND]) : 0;
  return {
    inputTokens: exchange.body === null ? 0 : estimateInput(exchange.body),
    outputCap: cap,
    countOutput,
    boundTo(left, expected) {
      if (countOutput && left !== null && (cap === null ? left < expected : cap > left)) {
        const bounded = { ...requestBody, [TOKEN_BOUND]: left };
        exchange.infer = { ...infer, requestBody: bounded, whole: { ...whole, request_body: bounded } };
      }
      return UNBOUND;
    },
  };
}
