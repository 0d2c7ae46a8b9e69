import { beforeEach, expect, test } from 'vitest';
import type { Clock } from '../core/clock.js';
import { BatchQueue } from './batch-queue.js';

let timers: { delayMs: number; fire: () => void }[];
let sent: number[][];
let answers: { done: () => void; fail: (error: Error) => void }[];
let said: string[];
let queue: BatchQueue<number>;

const clock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after(delayMs, fire) {
    const timer = { delayMs, fire };
    timers.push(timer);
    return () => void (timers = timers.filter((one) => one !== timer));
  },
  every: () => () => undefined,
};

beforeEach(() => {
  timers = [];
  sent = [];
  answers = [];
  said = [];
  queue = new BatchQueue<number>({
    clock,
    send: (rows) =>
      new Promise((resolve, reject) => {
        sent.push([...rows]);
        answers.push({ done: resolve, fail: reject });
      }),
    onFault: (error) => void said.push(String(error)),
    onHealed: () => void said.push('healed'),
    delayMs: 50,
    rowsPerBatch: 3,
    mostRows: 10,
    retryMs: 1000,
  });
});

function fireTimers(): void {
  const due = timers;
  timers = [];
  for (const timer of due) timer.fire();
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

test('rows leave together after the delay, or at once when a batch is full', () => {
  queue.push(1);
  queue.push(2);
  expect([sent, timers.map((timer) => timer.delayMs)]).toEqual([[], [50]]);
  fireTimers();
  expect(sent).toEqual([[1, 2]]);
  for (const row of [3, 4, 5]) queue.push(row);
  expect(sent).toHaveLength(1);
});

test('one batch is on its way at a time, in the order of the rows', async () => {
  for (const row of [1, 2, 3, 4, 5, 6, 7]) queue.push(row);
  expect(sent).toEqual([[1, 2, 3]]);
  answers[0]?.done();
  await settled();
  expect(sent).toEqual([
    [1, 2, 3],
    [4, 5, 6, 7],
  ]);
});

test('rows of a failed batch wait and are sent again, first, and the fault is told once', async () => {
  for (const row of [1, 2, 3]) queue.push(row);
  answers[0]?.fail(new Error('full'));
  await settled();
  queue.push(4);
  expect(timers.map((timer) => timer.delayMs)).toEqual([1000]);
  fireTimers();
  answers[1]?.fail(new Error('full'));
  await settled();
  fireTimers();
  answers[2]?.done();
  await settled();
  expect(sent).toEqual([
    [1, 2, 3],
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ]);
  expect(said).toEqual(['Error: full', 'healed']);
  expect(queue.dropped).toBe(0);
});

test('beyond the bound rows are dropped and counted, those on their way included in the bound', () => {
  for (let row = 0; row < 25; row++) queue.push(row);
  expect(queue.dropped).toBe(15);
});

test('closing sends what waits, counts what fails, and leaves no timer', async () => {
  for (const row of [1, 2, 3, 4]) queue.push(row);
  const closed = queue.close();
  answers[0]?.done();
  await settled();
  answers[1]?.fail(new Error('gone'));
  await closed;
  expect([sent.length, queue.dropped, timers.length]).toEqual([2, 1, 0]);
});

test('a flush waits for what was there and not for what keeps coming', async () => {
  queue.push(1);
  let isOver = false;
  void queue.flush().then(() => (isOver = true));
  for (let row = 2; row < 5; row++) {
    queue.push(row);
    answers.at(-1)?.done();
    await settled();
  }
  expect([isOver, sent[0]]).toEqual([true, [1]]);
});

test('a flush waits for what waited, also when the end of one batch begins the next', async () => {
  for (const row of [1, 2, 3, 4, 5, 6]) queue.push(row);
  expect(sent).toEqual([[1, 2, 3]]);
  let isFlushed = false;
  const flushed = queue.flush().then(() => (isFlushed = true));
  answers[0]?.done();
  await settled();
  expect([isFlushed, sent]).toEqual([
    false,
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  ]);
  answers[1]?.done();
  await flushed;
  expect(timers).toEqual([]);
});
