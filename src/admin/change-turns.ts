/** Lets changes happen one after the other, so that what was checked still holds when the change is made. */
export interface ChangeTurns {
  /** Runs `change` when all earlier ones have ended. Keep it short: checks and the change, nothing that can wait. */
  take<T>(change: () => Promise<T>): Promise<T>;
}

export function createTurns(): ChangeTurns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(change) {
      const mine = last.then(change);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
