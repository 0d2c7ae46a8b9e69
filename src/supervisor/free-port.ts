import { createServer } from 'node:net';

/** The ports given to processes, so that two that start together never get the same. */
export interface Ports {
  /**
   * A port of the range on which nothing listens, `before` if it still fits. Null when there is none. The
   * engine binds it a moment later; whoever comes between is seen by the probe.
   */
  take(id: string, range: { from: number; to: number }, before: number | null): Promise<number | null>;
  /** This process runs on that port already. */
  hold(id: string, port: number): void;
  giveBack(id: string): void;
}

export function createPorts(): Ports {
  const held = new Map<string, number>();
  let turn: Promise<unknown> = Promise.resolve();
  const find = async (
    id: string,
    { from, to }: { from: number; to: number },
    before: number | null,
  ): Promise<number | null> => {
    const others = new Set([...held].filter(([other]) => other !== id).map(([, port]) => port));
    const fits = (port: number): Promise<boolean> => (others.has(port) ? Promise.resolve(false) : isFree(port));
    if (before !== null && before >= from && before <= to && (await fits(before))) return before;
    for (let port = from; port <= to; port += 1) if (await fits(port)) return port;
    return null;
  };
  return {
    take(id, range, before) {
      const found = turn.then(async () => {
        const port = await find(id, range, before);
        if (port !== null) held.set(id, port);
        return port;
      });
      turn = found;
      return found;
    },
    hold: (id, port) => void held.set(id, port),
    giveBack: (id) => void held.delete(id),
  };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
