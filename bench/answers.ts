import { connect } from 'node:net';
import { chatRequest } from './payload.js';

const LIMIT_MS = 20_000;

/** Resolves when the measured request is answered with 200 on this port; connects again until it is listened on. */
export async function answers(port: number, key: string): Promise<void> {
  const start = performance.now();
  for (;;) {
    const status = await ask(port, key);
    if (status === 200) return;
    if (performance.now() - start > LIMIT_MS)
      throw new Error(`port ${port} answered with ${status ?? 'nothing'} instead of 200`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function ask(port: number, key: string): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => socket.write(chatRequest(key, 'short')));
    socket.on('data', (data) => {
      resolve(Number(data.toString('latin1', 9, 12)));
      socket.destroy();
    });
    socket.on('error', () => resolve(null));
    socket.on('close', () => resolve(null));
  });
}
