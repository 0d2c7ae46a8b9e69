import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { timedImport } from './timed-import.js';
import { CliWorld } from '../cli/cli-world.js';

describe('importing api_keys.json of Orchestra', () => {
  let world: CliWorld;
  let file: string;
  beforeEach(async () => {
    world = await CliWorld.make();
    file = join(world.home, 'api_keys.json');
  });
  afterEach(() => world.remove());

  it('1,000 keys become keys that infer in under 5 seconds, and the file stays byte-identical', async () => {
    const secrets = Array.from({ length: 1000 }, () => randomBytes(24).toString('base64url'));
    const text = JSON.stringify(
      { valid_keys: secrets, require_auth_for_external: true, local_networks: ['10.0.0.0/8'] },
      null,
      2,
    );
    await writeFile(file, text);
    const { tookMs, out } = await timedImport(file, world.dataDir);
    expect(tookMs).toBeLessThan(5000);
    expect(out).toContain('Imported 1000 keys.');
    for (const secret of secrets) expect(out).not.toContain(secret);
    expect(await readFile(file, 'utf8')).toBe(text);
  }, 30_000);

  it('repeated keys are skipped, short and published ones are warned of, and nothing opens the gateway', async () => {
    await writeFile(
      file,
      JSON.stringify({
        valid_keys: [
          'short',
          'short',
          'demo-key-12345',
          7,
          'has-25-characters-and-no-m',
          'kp_abcdefghijkl_not-a-key',
          'x'.repeat(5000),
        ],
        require_auth_for_external: false,
        local_networks: ['localhost', 'my-host', '127.0.0.1', '192.168.1.99/24', '2001:db8::5/32', '10.0.0.7'],
      }),
    );
    const { out } = await world.here(['import', file, '--json']);
    const body = JSON.parse(out) as {
      files: { fields: { field: string; verdict: string; why: string }[] }[];
      keys: object;
      configuration: string;
    };
    const verdicts = new Map(body.files[0]?.fields.map(({ field, verdict, why }) => [field, `${verdict}: ${why}`]));
    expect(body.keys).toEqual({ found: 3, imported: 3, known: 0 });
    expect(verdicts.get('valid_keys[0]')).toContain('approximated: has 5 characters; at least 32 are advised');
    expect(verdicts.get('valid_keys[1]')).toBe('refused: stands in the list twice');
    expect(verdicts.get('valid_keys[2]')).toContain("approximated: stands in Orchestra's published guide");
    expect(verdicts.get('valid_keys[3]')).toBe('refused: is no text');
    expect(verdicts.get('valid_keys[4]')).toContain('approximated: has 26 characters');
    expect(verdicts.get('valid_keys[5]')).toContain('refused: is left out');
    expect(verdicts.get('valid_keys[6]')).toContain('refused: is left out');
    expect(verdicts.get('require_auth_for_external')).toContain('refused');
    expect(verdicts.get('local_networks')).toBe(
      'refused: exempting networks stays off; to have it, write auth.local_networks: [127.0.0.1/32, ::1/128, 192.168.1.0/24, 2001:db8::/32, 10.0.0.7/32]; no address and without effect: my-host',
    );
    expect(body.configuration).not.toContain('local_networks');
  });
});
