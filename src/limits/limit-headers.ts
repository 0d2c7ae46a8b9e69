import { LIMIT_FORMS } from './limit-forms.js';
import type { Standing } from './limit-store.js';
import type { Tightest } from './tightest.js';

/** How the headers are spelled: Anthropic's on routes of the Messages API, OpenAI's on all others. */
export type HeaderStyle = 'openai' | 'anthropic';

/** Headers of an answer, flat: the limits that stop first. None for what is not limited. `nowMs` is Unix milliseconds. */
export function limitHeaders(standing: Tightest, style: HeaderStyle, nowMs: number): string[] {
  const headers: string[] = [];
  for (const one of [standing.requests, standing.tokens]) {
    if (one === null) continue;
    if (style === 'anthropic') headers.push(...anthropicHeaders(one, nowMs));
    else headers.push(...openaiHeaders(one));
  }
  return headers;
}

function openaiHeaders(standing: Standing): string[] {
  const of = LIMIT_FORMS[standing.limit].of === 'requests' ? 'requests' : 'tokens';
  return [
    `x-ratelimit-limit-${of}`,
    whole(standing.most),
    `x-ratelimit-remaining-${of}`,
    whole(standing.remaining),
    `x-ratelimit-reset-${of}`,
    goDuration(standing.resetMs),
  ];
}

function anthropicHeaders(standing: Standing, nowMs: number): string[] {
  const { of } = LIMIT_FORMS[standing.limit];
  const name = `anthropic-ratelimit-${of === 'input' || of === 'output' ? `${of}-tokens` : of}`;
  return [
    `${name}-limit`,
    whole(standing.most),
    `${name}-remaining`,
    whole(standing.remaining),
    `${name}-reset`,
    instant(endOf(standing, nowMs)),
  ];
}

function endOf({ limit, resetMs }: Standing, nowMs: number): number {
  const atMs = nowMs + resetMs;
  return LIMIT_FORMS[limit].kind === 'window' ? windowStart(atMs) : atMs;
}

/** When a window begins that was reckoned a moment ago: at the second nearest. Unix milliseconds. */
export function windowStart(atMs: number): number {
  return Math.round(atMs / 1000) * 1000;
}

/**
 * A duration as Go reads it. Whole seconds, rounded up, because other clients read the number before
 * the `s` alone; the longer forms begin at a minute: `12s`, `6m0s`, `11h59m30s`.
 */
function goDuration(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds}s`;
  if (minutes < 60) return `${minutes}m${seconds % 60}s`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}

/** RFC 3339 in whole seconds, rounded up. */
export function instant(atMs: number): string {
  return new Date(Math.ceil(atMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

function whole(number: number): string {
  return String(Math.floor(number));
}
