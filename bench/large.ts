import { connect, type Socket } from 'node:net';
import { chatRequest } from './payload.js';
import { tell } from './role.js';

export interface LargeSettings {
  port: number;
  key: string;
}

const PROMPT_BYTES = 10_000_000;
const PER_SECOND = 20;
const CONNECTIONS = 20;

/** Sends twenty prompts of 10 MB a second, as far as they are taken, and tells when the first was answered. */
export function large(settings: LargeSettings): void {
  const request = chatRequest(settings.key, 'short', PROMPT_BYTES);
  const free: Socket[] = [];
  let answered = 0;
  for (let at = 0; at < CONNECTIONS; at += 1) {
    const socket = connect({ port: settings.port, host: '127.0.0.1', noDelay: true });
    socket.on('connect', () => free.push(socket));
    socket.on('data', (data) => {
      if (data.toString('latin1', 9, 12) !== '200') throw new Error(data.toString('latin1', 0, 200));
      if (answered === 0) tell({ what: 'begin' });
      answered += 1;
      free.push(socket);
    });
  }
  setInterval(() => void free.shift()?.write(request), 1000 / PER_SECOND);
}
