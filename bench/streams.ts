import { connect } from 'node:net';
import { chatRequest } from './payload.js';
import { tell } from './role.js';

export interface StreamsSettings {
  port: number;
  key: string;
  streams: number;
  warmUpMs: number;
  windowMs: number;
}

const EVENT_START = Buffer.from('data: {');

/** Reads many streams at once and counts their events in a window of time, which it tells the beginning and the end of. */
export function streams(settings: StreamsSettings): void {
  let events = 0;
  let flowing = 0;
  let lost = 0;
  const begin = (): void => {
    events = 0;
    tell({ what: 'begin' });
    setTimeout(() => tell({ what: 'end', events, lost }), settings.windowMs);
  };
  for (let at = 0; at < settings.streams; at += 1) {
    const socket = connect({ port: settings.port, host: '127.0.0.1', noDelay: true });
    let first = true;
    socket.on('error', () => {});
    socket.on('close', () => (lost += 1));
    socket.on('data', (data) => {
      for (let place = data.indexOf(EVENT_START); place >= 0; place = data.indexOf(EVENT_START, place + 1)) events += 1;
      if (!first || events === 0) return;
      first = false;
      flowing += 1;
      if (flowing === settings.streams) setTimeout(begin, settings.warmUpMs);
    });
    socket.write(chatRequest(settings.key, true));
  }
}
