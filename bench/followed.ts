// npx tsx bench/followed.ts: what a short request costs while every live page of the web UI is open, and while none is.
import { get, type ClientRequest } from 'node:http';
import { shortRequests } from './short-requests.js';
import { spreadOf, spreadText } from './statistics.js';
import { startWorld, type BenchWorld } from './world.js';

const PAIRS = 7;
const WINDOW_MS = 3000;
/** The pages that follow something, each in a connection of its own. */
const PAGES = ['overview', 'streams', 'requests', 'overview,streams,requests'];

/** Opens what the pages open. Resolves with the way to close them when each has heard its first event. */
async function follow({ gateway, watchKey }: BenchWorld): Promise<() => void> {
  const open: ClientRequest[] = [];
  for (const topics of PAGES) {
    const headers = { authorization: `Bearer ${watchKey}` };
    const path = `/admin/v1/events?topics=${topics}`;
    await new Promise<void>((resolve, reject) => {
      const request = get({ port: gateway.port, path, headers }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`${path} answered ${String(answer.statusCode)}`));
        answer.once('data', () => resolve());
        answer.on('data', () => {});
      });
      request.on('error', reject);
      open.push(request);
    });
  }
  return () => {
    for (const request of open) request.on('error', () => {}).destroy();
  };
}

const world = await startWorld();
try {
  const cost = async (): Promise<number> =>
    (await shortRequests(world.gateway, world.key, WINDOW_MS)).microsecondsPerRequest;
  await cost();
  const ratios: number[] = [];
  const costs: { alone: number[]; followed: number[] } = { alone: [], followed: [] };
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const alone = await cost();
    const close = await follow(world);
    const followed = await cost();
    close();
    costs.alone.push(alone);
    costs.followed.push(followed);
    ratios.push(followed / alone);
  }
  console.log(`no page open, us a request:    ${spreadText(spreadOf(costs.alone), 1)}`);
  console.log(`all pages open, us a request:  ${spreadText(spreadOf(costs.followed), 1)}`);
  console.log(`ratio of the pairs:            ${spreadText(spreadOf(ratios), 3)}, at most 1.1`);
  process.exitCode = spreadOf(ratios).median <= 1.1 ? 0 : 1;
} finally {
  await world.stop();
}
