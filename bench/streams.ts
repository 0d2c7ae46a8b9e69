import { connect } from 'node:net';
import { chatRequest, type Kind } from './payload.js';
import { tell } from './role.js';

export interface StreamsSettings {
  port: number;
  key: string;
  streams: number;
  kind: Exclude<Kind, 'short'>;
  warmUpMs: number;
  windowMs: number;
}

const OPENED_AT_ONCE = 100;
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
  const request = chatRequest(settings.key, settings.kind);
  const open = (): void => {
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
    socket.write(request);
  };
  // Not all in one moment: no server has room for thousands of connections that it has not accepted yet.
  let opened = 0;
  const opening = setInterval(() => {
    for (let at = 0; at < OPENED_AT_ONCE && opened < settings.streams; at += 1, opened += 1) open();
    if (opened === settings.streams) clearInterval(opening);
  }, 10);
}
