export interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: Error) => void;
}

/** A promise settled from outside. */
export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Fails with a sentence when `promise` has not settled after `limitMs`. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  const deadline = deferred<never>();
  const timer = setTimeout(() => deadline.reject(new Error(`${what}: not within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([promise, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** True when `promise` is still unsettled after `quietMs`: for guarantees of the form "nothing happens". */
export async function staysPending(quietMs: number, promise: Promise<unknown>): Promise<boolean> {
  const quiet = deferred<'quiet'>();
  const timer = setTimeout(() => quiet.resolve('quiet'), quietMs);
  try {
    const settled = promise.then(
      () => 'settled',
      () => 'settled',
    );
    return (await Promise.race([settled, quiet.promise])) === 'quiet';
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again until the answer is yes. `ask` must wait for something real (a round trip, a file), so that this does not spin. */
export async function until(limitMs: number, what: string, ask: () => Promise<boolean>): Promise<void> {
  const start = performance.now();
  while (!(await ask())) {
    if (performance.now() - start > limitMs) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
