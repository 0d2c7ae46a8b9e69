import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reply } from '../core/exchange.js';
import type { FlatHeaders } from '../core/headers.js';
import { openai } from '../dialects/openai.js';
import { HeartbeatReply } from './heartbeat-reply.js';

const BEAT = ': keepalive\n\n';
const STREAM: FlatHeaders = ['content-type', 'text/event-stream'];

/** A client, its connection and the time. */
class Client implements Reply {
  now = 0;
  status = 0;
  sent = '';
  broken = false;
  ended = false;
  /** It does not read. */
  full = false;
  readonly kept: HeartbeatReply;
  #drained: (() => void)[] = [];

  constructor(afterMs = 15_000) {
    const settings = { dialect: openai, heartbeat: BEAT, requestId: 'req_1', ownHeaders: [], afterMs };
    this.kept = new HeartbeatReply(this, { ...settings, now: () => this.now });
  }

  get headSent(): boolean {
    return this.status !== 0;
  }

  get closed(): boolean {
    return this.ended || this.broken;
  }

  get beats(): number {
    return this.sent.split(BEAT).length - 1;
  }

  head(status: number): void {
    if (this.headSent) throw new Error('a second head');
    this.status = status;
  }

  flush(): void {}

  write(chunk: Buffer): boolean {
    this.sent += Buffer.from(chunk).toString('utf8');
    return !this.full;
  }

  end(chunk?: Buffer): void {
    this.sent += chunk?.toString('utf8') ?? '';
    this.ended = true;
  }

  destroy(last?: string): void {
    this.sent += last ?? '';
    this.broken = true;
  }

  onDrain(resume: () => void): void {
    this.#drained.push(resume);
  }

  onClose(): void {}

  reads(): void {
    this.full = false;
    for (const resume of this.#drained) resume();
  }

  wait(seconds: number): number {
    const before = this.beats;
    for (let quarter = 0; quarter < seconds * 4; quarter += 1) {
      this.now += 250;
      this.kept.tick(this.now);
    }
    return this.beats - before;
  }
}

describe('heartbeats', () => {
  it('begin after the configured silence and come every ten seconds of it; whatever is sent begins the silence anew', () => {
    const client = new Client();
    expect([client.wait(14.75), client.status]).toEqual([0, 0]);
    expect([client.wait(0.25), client.status]).toEqual([1, 200]);
    expect([client.wait(9.75), client.wait(0.25), client.wait(30)]).toEqual([0, 1, 3]);
    client.kept.head(200, STREAM);
    client.kept.write(Buffer.from('data: 1\n\n'));
    expect([client.wait(14.75), client.wait(0.25), client.wait(10)]).toEqual([0, 1, 1]);
  });

  it('are not piled up for a client that does not read', () => {
    const client = new Client();
    client.kept.head(200, STREAM);
    client.full = true;
    client.kept.write(Buffer.from('data: 1\n\n'));
    expect(client.wait(3600)).toBe(0);
    client.reads();
    expect(client.wait(1)).toBe(1);
  });

  it.each<[string, (reply: HeartbeatReply) => void]>([
    ['the end of the answer', (reply) => reply.end()],
    ['a broken answer', (reply) => reply.destroy()],
    ['the head of an answer in one piece', (reply) => reply.head(200, ['content-type', 'application/json'])],
    ['the head of a refusal', (reply) => reply.head(503, STREAM)],
  ])('end with %s', (_, end) => {
    const client = new Client();
    if (!_.startsWith('the head')) client.kept.head(200, STREAM);
    end(client.kept);
    expect([client.wait(3600), client.kept.keptAlive]).toEqual([0, false]);
  });

  it('leave a refusal its own status and head until the first of them, and then the last event', () => {
    const early = new Client();
    early.wait(14);
    expect(early.kept.keptAlive).toBe(false);
    const late = new Client();
    late.wait(15);
    expect(late.kept.keptAlive).toBe(true);
    late.kept.destroy('data: last\n\n');
    expect([late.sent, late.broken, late.kept.keptAlive]).toEqual([`${BEAT}data: last\n\n`, true, false]);
  });
});

describe('an error that comes after a heartbeat', () => {
  it('becomes one event, however it is cut and however long it is, and never a complete answer', () => {
    const message = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
    fc.assert(
      fc.property(message, fc.nat(70_000), fc.array(fc.nat(400)), fc.boolean(), (text, padding, cuts, breaks) => {
        const client = new Client();
        client.wait(15);
        client.kept.head(500, ['content-type', 'application/json', 'content-length', '1']);
        const body = Buffer.from(JSON.stringify({ error: { message: text }, padding: 'x'.repeat(padding) }));
        let at = 0;
        for (const cut of cuts) {
          expect(client.kept.write(body.subarray(at, at + cut))).toBe(true);
          at += Math.min(cut, body.length - at);
        }
        if (breaks) client.kept.destroy();
        else client.kept.end(body.subarray(at));
        expect([client.status, client.ended, client.broken]).toEqual([200, false, true]);
        const [beat, event, rest] = client.sent.split(/(?<=\n\n)/);
        expect([beat, rest]).toEqual([BEAT, undefined]);
        const { error } = JSON.parse((event ?? '').slice('data: '.length)) as { error: Record<string, unknown> };
        expect(error['code']).toBe('upstream_error');
        const isWhole = !breaks || at === body.length;
        if (isWhole && body.length < 60_000) expect(error['message']).toBe(text);
      }),
    );
  });
});
