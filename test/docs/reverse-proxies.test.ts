import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCaddy, startNginx, type Proxy } from '../contracts/verify/guarded-page.js';
import { chatChunk } from '../support/model-answers.js';
import { startWorld, type World } from '../support/start-gateway.js';
import { ROOT } from '../tidy/source-tree.js';

const page = readFileSync(join(ROOT, 'docs/reverse-proxies.md'), 'utf8');
const CLIENT = process.platform === 'linux' ? '127.9.9.9' : '127.0.0.1';

/** What stands inside the outermost braces of the last block of a language. */
function insideOf(language: string, opening: RegExp): string {
  const block = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
  const inside = block.slice(block.search(opening)).replace(opening, '');
  return inside.slice(0, inside.lastIndexOf('}'));
}

const nginx = insideOf('nginx', /server \{/);
const caddy = insideOf('caddyfile', /models\.example\.org \{/);

describe.each([
  ['nginx', spawnSync('nginx', ['-v']).status === 0, startNginx, nginx.slice(nginx.indexOf('location'))],
  ['caddy', spawnSync('caddy', ['version']).status === 0, startCaddy, caddy],
] as const)('Keyporter behind %s as the document has it (it has to be installed)', (name, present, start, lines) => {
  describe.skipIf(!present)(name, () => {
    let world: World;
    let proxy: Proxy;

    beforeAll(async () => {
      world = await startWorld({ trusted_proxies: ['127.0.0.1/32'] });
      const here = lines.replaceAll('127.0.0.1:5390', new URL(world.gateway.url).host);
      expect(here).not.toBe(lines);
      // Only realtime models need the map of the document, which stands outside of what is tried here.
      proxy = await start(name === 'nginx' ? `set $connection_upgrade '';\n${here}` : here);
    });
    afterAll(async () => {
      await proxy.stop();
      await world.close();
    });

    it('lets an event through while the answer goes on', async () => {
      let end = (): void => undefined;
      world.upstream.onRequest = (exchange) => {
        exchange.startStream();
        exchange.event(chatChunk('first'));
        end = () => {
          exchange.event('[DONE]');
          exchange.finish();
        };
      };
      const text = await answerOf(proxy.url, world.key, (piece) => piece.includes('first') && end());
      expect(text).toContain('data: [DONE]');
    });

    it('lets Keyporter know the address of the client', async () => {
      world.upstream.forget();
      await answerOf(proxy.url, world.key, () => undefined);
      const { data } = (await world.admin.call('GET', '/requests?limit=1')).json() as { data: { address: string }[] };
      expect(data[0]?.address).toBe(CLIENT);
    });
  });
});

/** A streamed chat through the proxy, all of it in the end, each piece as it comes. */
function answerOf(url: string, key: string, piece: (text: string) => void): Promise<string> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/chat/completions`, { method: 'POST', headers, localAddress: CLIENT }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        piece(more);
      });
      answer.once('end', () => resolve(text)).once('error', reject);
    });
    asked.once('error', reject);
    asked.end(JSON.stringify({ model: 'test-model', stream: true, messages: [{ role: 'user', content: 'Count.' }] }));
  });
}
