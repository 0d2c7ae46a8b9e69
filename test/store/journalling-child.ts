import { openStore, OPERATOR } from './opened.js';
import { createInterface } from 'node:readline';

/**
 * Creates, rotates and revokes keys as fast as it can, in the directory named by its argument. Writes one
 * line for everything that was acknowledged, and one before it changes a key. It is killed by its parent.
 */
const [, , dir = ''] = process.argv;
const store = await openStore(dir);

function acknowledge(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function work(worker: number): Promise<never> {
  for (let round = 0; ; round++) {
    const { record, secret } = await store.life.create({ name: `k${worker}-${round}` }, OPERATOR);
    acknowledge({ did: 'create', id: record.id, secret: secret.reveal() });
    if (round % 3 !== 0) acknowledge({ did: 'plan', id: record.id });
    if (round % 3 === 1) {
      const rotated = await store.life.rotate(record.id, 0, OPERATOR);
      acknowledge({ did: 'rotate', id: record.id, secret: rotated.secret.reveal() });
    }
    if (round % 3 === 2) {
      await store.life.revoke({ ids: [record.id] }, null, OPERATOR);
      acknowledge({ did: 'revoke', id: record.id, secret: secret.reveal() });
    }
  }
}

// Without a parent there is nobody to kill this process.
createInterface(process.stdin).once('close', () => process.exit(0));
acknowledge({ did: 'open' });
await Promise.all([0, 1, 2, 3].map(work));
