import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { startResolving, type Resolve, type Resolving } from '../../src/replicas/dns.js';

const NAME = { host: 'qwen.svc', port: 8000 };

interface Lookups {
  resolving: Resolving;
  /** Lets every name be looked up again, and waits for it. */
  again(): Promise<void>;
  changes: () => number;
}

async function looking(resolve: Resolve): Promise<Lookups> {
  let changes = 0;
  let again = (): void => {};
  const resolving = startResolving({
    names: [NAME],
    resolve,
    clock: {
      ...systemClock,
      every(_, fire) {
        again = fire;
        return () => {};
      },
    },
    log: silentLog,
    changed: () => (changes += 1),
  });
  onTestFinished(() => resolving.close());
  await resolving.settled;
  return {
    resolving,
    changes: () => changes,
    async again() {
      again();
      await new Promise((done) => setImmediate(done));
    },
  };
}

describe('a name whose addresses are replicas', () => {
  it('stands for every address behind it, each once, in one order', async () => {
    const { resolving, changes } = await looking(async () => ['10.0.0.2', '10.0.0.1', '10.0.0.2']);
    expect(resolving.addresses(NAME)).toEqual(['http://10.0.0.1:8000', 'http://10.0.0.2:8000']);
    expect(changes()).toBe(1);
  });

  it('follows changes, tells them once, and keeps the last good addresses while looking up fails or finds nothing', async () => {
    const answers: (readonly string[] | null)[] = [['10.0.0.1'], ['10.0.0.1'], ['10.0.0.9'], null, []];
    const { resolving, again, changes } = await looking(async () => {
      const answer = answers.shift();
      if (answer === null || answer === undefined) throw new Error('EAI_AGAIN');
      return answer;
    });
    const seen: (readonly string[])[] = [];
    for (let round = 0; round < 4; round += 1) {
      await again();
      seen.push(resolving.addresses(NAME));
    }
    const nine = ['http://10.0.0.9:8000'];
    expect(seen).toEqual([['http://10.0.0.1:8000'], nine, nine, nine]);
    expect(changes()).toBe(2);
  });

  it('that never resolved stands for itself, to be seen as a server that is down, and for its addresses as soon as it does', async () => {
    let known = false;
    const { resolving, again } = await looking(async () => {
      if (!known) throw new Error('ENOTFOUND');
      return ['10.0.0.1'];
    });
    expect(resolving.addresses(NAME)).toEqual(['http://qwen.svc:8000']);
    known = true;
    await again();
    expect(resolving.addresses(NAME)).toEqual(['http://10.0.0.1:8000']);
  });

  it('counts a machine with an address of each kind once, and uses IPv6 where that is all there is', async () => {
    const both = await looking(async () => ['fd00::1', '10.0.0.1']);
    expect(both.resolving.addresses(NAME)).toEqual(['http://10.0.0.1:8000']);
    const only = await looking(async () => ['fd00::1']);
    expect(only.resolving.addresses(NAME)).toEqual(['http://[fd00::1]:8000']);
  });

  it.each(['169.254.169.254', '0.0.0.0', '224.0.0.1', 'fe80::1', '100.100.100.200', 'fd00:ec2::254', 'not an address'])(
    'never leads to %s',
    async (address) => {
      const { resolving } = await looking(async () => [address]);
      expect(resolving.addresses(NAME)).toEqual(['http://qwen.svc:8000']);
    },
  );

  it('is looked up once at a time, however slow that is', async () => {
    let running = 0;
    let most = 0;
    let finish = (): void => {};
    const slow = startResolving({
      names: [NAME],
      resolve: async () => {
        most = Math.max(most, (running += 1));
        await new Promise<void>((resolve) => (finish = resolve));
        running -= 1;
        return ['10.0.0.1'];
      },
      clock: systemClock,
      log: silentLog,
      changed: () => {},
    });
    onTestFinished(() => slow.close());
    slow.use([NAME]);
    slow.use([NAME]);
    finish();
    await slow.settled;
    expect([most, slow.addresses(NAME)]).toEqual([1, ['http://10.0.0.1:8000']]);
  });
});
