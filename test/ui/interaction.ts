import type { Page } from 'playwright-core';

/** What one interaction asked of the browser. */
export interface Interaction {
  /** From the press to the next picture, of the slowest event, in milliseconds; 0 = quicker than the browser tells (16 ms). */
  slowestEventMs: number;
  /** Milliseconds of tasks of the page that kept the browser busy for more than 50 ms each. */
  longTasksMs: number;
}

/** Two pictures on, and then nothing left to do: what an event caused has been drawn, and its observers have heard of it. */
const SETTLED = `new Promise((resolve) => {
  requestAnimationFrame(() => requestAnimationFrame(() => requestIdleCallback(() => resolve())));
})`;

const BEGIN = `(() => {
  const kept = { events: [], tasks: [] };
  const observe = (durations, options) => {
    const observer = new PerformanceObserver((list) => durations.push(...list.getEntries().map((one) => one.duration)));
    observer.observe(options);
    return observer;
  };
  const observers = [
    observe(kept.events, { type: 'event', durationThreshold: 16 }),
    observe(kept.tasks, { type: 'longtask' }),
  ];
  kept.stop = () => observers.forEach((observer) => observer.disconnect());
  globalThis.keptInteraction = kept;
  performance.mark('interaction begins');
})()`;

const END = `(() => {
  performance.mark('interaction ends');
  const { events, tasks, stop } = globalThis.keptInteraction;
  stop();
  const longTasksMs = Math.round(tasks.reduce((total, one) => total + one, 0));
  return { slowestEventMs: Math.round(Math.max(0, ...events)), longTasksMs };
})()`;

/** Does something with the mouse or the keyboard and tells how long the page was busy with it. */
export async function measured(page: Page, interact: () => Promise<unknown>): Promise<Interaction> {
  await page.evaluate(SETTLED);
  await page.evaluate(BEGIN);
  await interact();
  await page.evaluate(SETTLED);
  return await page.evaluate<Interaction>(END);
}
