import type { RunningGateway } from '../gateway.js';
import type { Io } from './io.js';

/** SIGTERM and SIGINT let running requests end first, the second one stops at once; SIGHUP reads the configuration again. */
export function obeySignals(io: Io, gateway: RunningGateway): () => void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) {
      void gateway.close();
      return;
    }
    stopping = true;
    io.err('Taking no new requests; stopping when the running ones have ended. Once more to stop at once.\n');
    void gateway.drain();
  };
  const reload = async (): Promise<void> => {
    const { ok, faults } = await gateway.reload();
    io.err(ok ? 'The configuration was read again.\n' : `The configuration was not changed:\n${faults.join('\n')}\n`);
  };
  const releases = [
    io.onSignal('SIGTERM', stop),
    io.onSignal('SIGINT', stop),
    io.onSignal('SIGHUP', () => void reload()),
  ];
  return () => {
    for (const release of releases) release();
  };
}
