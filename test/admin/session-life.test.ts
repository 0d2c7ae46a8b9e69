import { describe, expect, it } from 'vitest';
import { createSessions, type SessionHolder } from '../../src/admin/sessions.js';
import { handClock } from '../support/hand-clock.js';

const OPERATOR: SessionHolder = { kind: 'operator', id: 'local:root' };
const HOUR_MS = 3_600_000;
const HOW = { secure: false, active: true };

function world() {
  const clock = handClock(1_700_000_000_000);
  const sessions = createSessions(clock);
  const open = (holder = OPERATOR, until: number | null = null) => {
    const { session, secret } = sessions.open({ holder, secure: false, until });
    return { session, secret: secret.reveal() };
  };
  return { clock, sessions, open };
}

describe('a one-time link', () => {
  it('works for a minute and not a moment longer', () => {
    for (const [passMs, works] of [
      [59_999, true],
      [60_000, false],
    ] as const) {
      const { clock, sessions } = world();
      const { secret, expiresAt } = sessions.makeLink(OPERATOR);
      expect(expiresAt).toBe(1_700_000_060);
      clock.pass(passMs);
      expect([passMs, sessions.redeem(secret.reveal()) !== null]).toEqual([passMs, works]);
    }
  });

  it('works once, also when it was tried too late', () => {
    const { sessions } = world();
    const secret = sessions.makeLink(OPERATOR).secret.reveal();
    expect([sessions.redeem(secret), sessions.redeem(secret)]).toEqual([OPERATOR, null]);
    expect(sessions.redeem('')).toBeNull();
  });

  it('is one of at most 32, of which the oldest gives way', () => {
    const { sessions } = world();
    const all = Array.from({ length: 33 }, () => sessions.makeLink(OPERATOR).secret.reveal());
    expect(all.map((secret) => sessions.redeem(secret) !== null)).toEqual([false, ...Array<boolean>(32).fill(true)]);
  });

  it('of a holder that ended ends with it', () => {
    const { sessions } = world();
    const secret = sessions.makeLink({ kind: 'key', id: 'a' }).secret.reveal();
    sessions.endHolder('a');
    expect(sessions.redeem(secret)).toBeNull();
  });
});

describe('a session', () => {
  it('ends after an hour without use', () => {
    const { clock, sessions, open } = world();
    const { secret } = open();
    clock.pass(HOUR_MS - 1);
    expect(sessions.find(secret, HOW)).not.toBeNull();
    clock.pass(HOUR_MS - 1);
    expect(sessions.find(secret, HOW)?.idleExpiresAt).toBe(1_700_000_000 + 3 * 3600 - 1);
    clock.pass(HOUR_MS);
    expect(sessions.find(secret, HOW)).toBeNull();
  });

  it('is not kept alive by what a page asks by itself', () => {
    const { clock, sessions, open } = world();
    const { secret } = open();
    clock.pass(HOUR_MS - 1);
    expect(sessions.find(secret, { ...HOW, active: false })).not.toBeNull();
    clock.pass(1);
    expect(sessions.find(secret, HOW)).toBeNull();
  });

  it('ends after twelve hours, however much it is used', () => {
    const { clock, sessions, open } = world();
    const { session, secret } = open();
    expect(session.expiresAt).toBe(1_700_000_000 + 12 * 3600);
    for (let minutes = 0; minutes < 12 * 60 - 30; minutes += 30) {
      clock.pass(HOUR_MS / 2);
      expect(sessions.find(secret, HOW)).not.toBeNull();
    }
    clock.pass(HOUR_MS / 2);
    expect(sessions.find(secret, HOW)).toBeNull();
  });

  it('ends when the secret it began with ends', () => {
    const { clock, sessions, open } = world();
    const { session, secret } = open({ kind: 'key', id: 'a' }, 1_700_000_600);
    expect(session.expiresAt).toBe(1_700_000_600);
    clock.pass(600_000);
    expect(sessions.find(secret, HOW)).toBeNull();
  });

  it('is neither lengthened nor ended by a clock that is set', () => {
    for (const jumpMs of [-24 * HOUR_MS, 24 * HOUR_MS]) {
      const { clock, sessions, open } = world();
      const { secret } = open();
      clock.wallMs += jumpMs;
      expect(sessions.find(secret, HOW)).not.toBeNull();
      clock.monotonicMs += HOUR_MS;
      expect(sessions.find(secret, HOW)).toBeNull();
    }
  });

  it('tells whoever follows it of its end, once, also when nobody asks for it any more', () => {
    const { clock, sessions, open } = world();
    let told = 0;
    const { session } = open();
    const stop = sessions.onEnd(session, () => (told += 10));
    sessions.onEnd(session, () => (told += 1));
    stop();
    clock.pass(HOUR_MS);
    sessions.sweep();
    sessions.sweep();
    expect([told, sessions.isOpen(session)]).toEqual([1, false]);
    sessions.onEnd(session, () => (told += 1));
    expect(told).toBe(2);
  });

  it('is found only as it was made: over TLS or not', () => {
    const { sessions } = world();
    const secret = sessions.open({ holder: OPERATOR, secure: true, until: null }).secret.reveal();
    expect(sessions.find(secret, HOW)).toBeNull();
    expect(sessions.find(secret, { ...HOW, secure: true })).not.toBeNull();
  });

  it('of one holder gives way to his newer ones, so that he signs nobody else out', () => {
    const { sessions, open } = world();
    const operator = open();
    const own = Array.from({ length: 60 }, () => open({ kind: 'key', id: 'a' }));
    expect(own.filter(({ secret }) => sessions.find(secret, HOW) !== null)).toHaveLength(50);
    expect(sessions.find(operator.secret, HOW)).not.toBeNull();
  });

  it('is one of at most a thousand, of which the one unused for longest gives way', () => {
    const { sessions, open } = world();
    const [first, second] = [open(), open()];
    sessions.find(first.secret, HOW);
    for (let count = 0; count < 999; count += 1) open({ kind: 'key', id: `key-${count}` });
    expect([first, second].map(({ secret }) => sessions.find(secret, HOW) !== null)).toEqual([true, false]);
  });

  it('ends with all others of its holder, and with no other', () => {
    const { sessions, open } = world();
    const all = [open({ kind: 'key', id: 'a' }), open({ kind: 'key', id: 'a' }), open({ kind: 'key', id: 'b' })];
    sessions.endHolder('a');
    expect(all.map(({ secret }) => sessions.find(secret, HOW) !== null)).toEqual([false, false, true]);
  });
});
