import { useQuery } from '@tanstack/react-query';
import { streamsQuery } from '../api/activity.js';
import { allKeysQuery, descendantsOf, type KeyBody } from '../api/keys.js';
import { useRefusal } from '../api/session.js';
import { Moment } from '../parts/moment.js';

/** What stops when a key does: requests that run, and the keys derived from it. */
export function WhatEnds({ subject, forGood }: { subject: KeyBody; forGood: boolean }) {
  const maySeeStreams = useRefusal('usage:read') === null;
  const { data: all } = useQuery(allKeysQuery);
  const { data: streams } = useQuery({ ...streamsQuery, enabled: maySeeStreams });
  const below = all === undefined ? [] : descendantsOf(subject.id, all.keys);
  const live = below.filter(({ state }) => state !== 'revoked');
  const ids = new Set([subject.id, ...live.map(({ id }) => id)]);
  const running = streams?.data.filter((stream) => ids.has(stream.key_id));
  return (
    <ul className="kp-ends">
      <li>
        {!maySeeStreams && 'This session may not see what runs.'}
        {maySeeStreams && running === undefined && 'Looking for what runs…'}
        {running !== undefined &&
          (running.length === 0 ? 'Nothing runs with it now.' : <b>{requests(running.length)}</b>)}
      </li>
      <li>
        {live.length === 0
          ? 'No key is derived from it.'
          : `${live.length} derived ${live.length === 1 ? 'key' : 'keys'} ${forGood ? 'die with it' : 'stop with it'}: ${namesOf(live)}`}
      </li>
      <li>
        Last used: <Moment at={subject.last_used_at} />
      </li>
    </ul>
  );
}

function requests(count: number): string {
  return `${count} ${count === 1 ? 'request that runs' : 'requests that run'} now will end.`;
}

const MOST_NAMES = 8;

function namesOf(keys: readonly KeyBody[]): string {
  const named = keys.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = keys.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
