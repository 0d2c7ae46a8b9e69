import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { linkWorker, startWorker } from '../../src/storage/worker-link.js';
import { freshDirectory } from './fresh-directory.js';

interface Api {
  ask(args: number): number;
}

/** A worker that does not answer and ends at the second message. */
const DIES = `
  let messages = 0;
  require('node:worker_threads').parentPort.on('message', () => { if (++messages === 2) throw new Error('out of luck'); });`;

describe('a worker that dies', () => {
  it('fails everyone who waits and everyone who asks later, and tells it once', async () => {
    const link = linkWorker<Api>(new Worker(DIES, { eval: true }));
    const crashes: string[] = [];
    link.onCrash((reason) => crashes.push(reason.reason));
    const outcomes = await Promise.allSettled([link.call('ask', 1), link.call('ask', 2)]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } });
    await expect(link.call('ask', 3)).rejects.toMatchObject({ code: 'store_unavailable' });
    link.post('ask', 4);
    await link.close();
    expect(crashes).toHaveLength(1);
    expect(crashes[0]).toContain('out of luck');
  });
});

describe('a worker that cannot open what it should', () => {
  it('rejects every call with the reason and can be closed', async () => {
    const missing = `${freshDirectory()}/missing`;
    const files = { database: `${missing}/keyporter.db`, revoked: `${missing}/revoked.log` };
    const link = startWorker<Api>('key-store', { task: 'store', files });
    const outcomes = await Promise.allSettled([link.call('ask', 1), link.call('ask', 2)]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } });
    await link.close();
    await expect(link.call('ask', 3)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

describe('a question the worker does not know', () => {
  it('is an error, not silence', async () => {
    const link = startWorker<Api>('key-store', { task: 'backup', database: 'none' });
    await expect(link.call('ask', 1)).rejects.toMatchObject({ code: 'internal' });
    await link.close();
  });
});
