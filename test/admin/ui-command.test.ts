import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliWorld, type Running } from '../cli/cli-world.js';
import { Browser, linkSecret } from './ui-browser.js';

let world: CliWorld;
let gateway: Running;
let url: string;
beforeAll(async () => {
  world = await CliWorld.make();
  gateway = world.start(['serve', '--listen', '127.0.0.1:0', '--data-dir', world.dataDir], { terminal: true });
  const said = await gateway.said('#link=');
  url = /running at \S*?(http:\/\/[0-9.:]+)/.exec(said)?.[1] ?? '';
});
afterAll(async () => {
  gateway.signal('SIGTERM');
  await gateway.ended;
  await world.remove();
});

async function signsIn(link: string): Promise<number> {
  const answer = await new Browser(url).send('POST', '/admin/v1/session', { body: { link: linkSecret(link) } });
  return answer.status;
}

const linkIn = (text: string): string => /http\S+#link=[\w-]+/.exec(text)?.[0] ?? '';

describe('keyporter ui', () => {
  it('prints a link that signs in once, and nothing else happens', async () => {
    const { code, out, err } = await world.here(['ui']);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toContain('ssh');
    expect(linkIn(out).startsWith(`${url}/ui/`)).toBe(true);
    expect([await signsIn(linkIn(out)), await signsIn(linkIn(out))]).toEqual([201, 401]);
  });

  it('over SSH also prints the command that brings the page to the machine of its user', async () => {
    const env = { SSH_CONNECTION: '203.0.113.9 50000 198.51.100.7 2222', USER: 'ann' };
    const { out } = await world.here(['ui'], { env });
    const port = new URL(url).port;
    expect(out).toContain(`ssh -N -L ${port}:127.0.0.1:${port} -p 2222 ann@198.51.100.7\n`);
    expect(await signsIn(linkIn(out))).toBe(201);
  });

  it('with --json prints what the admin API answered', async () => {
    const { json } = await world.here(['ui', '--json']);
    expect(Object.keys(json())).toEqual(['url', 'expires_at']);
    expect(await signsIn(String(json()['url']))).toBe(201);
  });

  it('where no gateway runs says how to start one', async () => {
    const { code, err } = await world.run(['ui', '--data-dir', `${world.home}/nothing`]);
    expect([code, err]).toEqual([1, expect.stringContaining('keyporter serve')]);
  });
});

describe('a start', () => {
  it('at a terminal shows a link that signs in', async () => {
    expect(await signsIn(linkIn(await gateway.said('#link=')))).toBe(201);
  });

  it('whose words go to a log shows where the web interface is, and no link', async () => {
    const other = await CliWorld.make();
    const started = other.start(['serve', '--listen', '127.0.0.1:0', '--data-dir', other.dataDir]);
    const said = await started.said('/ui/');
    expect(said).toMatch(/Web interface: http:\/\/127\.0\.0\.1:\d+\/ui\/ /);
    expect(said).not.toContain('#');
    started.signal('SIGTERM');
    await started.ended;
    await other.remove();
  });
});
