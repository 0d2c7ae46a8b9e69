import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { silentLog, type Log } from '../core/log.js';
import { BoundedExport, MOST_SPANS } from './bounded-export.js';

type Done = Parameters<SpanExporter['export']>[1];

function world(): {
  bound: BoundedExport;
  end(count: number): void;
  /** Hands over all that waits. */
  send(): void;
  /** The oldest spans on their way come to this end. */
  finish(isSent: boolean): void;
  waiting(): number;
  said: string[];
} {
  const said: string[] = [];
  const note = (_: object, text: string): void => void said.push(text);
  const log: Log = { ...silentLog, warn: note, info: note };
  const bound = new BoundedExport('http://127.0.0.1:4318', log);
  let queue: ReadableSpan[] = [];
  const running: Done[] = [];
  const exporter = bound.after({
    export: (_, done) => void running.push(done),
    shutdown: () => Promise.resolve(),
  });
  const processor = bound.before({
    onStart() {},
    onEnd: (span) => void queue.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  } satisfies SpanProcessor);
  return {
    bound,
    said,
    end(count) {
      for (let at = 0; at < count; at += 1) processor.onEnd({} as ReadableSpan);
    },
    send() {
      exporter.export(queue, () => {});
      queue = [];
    },
    finish: (isSent) => running.shift()?.(isSent ? { code: 0 } : { code: 1, error: new Error('refused') }),
    waiting: () => queue.length,
  };
}

describe('spans on their way out', () => {
  it('are never more than the bound, those being sent included, and the rest is counted', () => {
    const { bound, end, send, finish, waiting } = world();
    end(MOST_SPANS - 1);
    send();
    end(10);
    expect([waiting(), bound.dropped]).toEqual([1, 9]);
    finish(true);
    end(MOST_SPANS);
    expect([waiting(), bound.dropped]).toEqual([MOST_SPANS, 10]);
  });

  it('that nobody took are counted; the log hears of it once, and once when they are taken again', () => {
    const { bound, end, send, finish, said } = world();
    for (const isSent of [true, false, false, true, true, false]) {
      end(3);
      send();
      finish(isSent);
    }
    expect(bound.dropped).toBe(9);
    expect(said.map((text) => text.slice(0, 12))).toEqual(['The receiver', 'Traces are t', 'The receiver']);
  });
});
