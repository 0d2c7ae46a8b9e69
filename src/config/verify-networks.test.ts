import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.js';

const load = (listener: string) => loadConfig({ text: `listeners:\n  - ${listener}\n`, env: {}, cwd: '/' });

describe('verify_networks', () => {
  it.each(['[api, verify]', '[admin, verify]', '[api]'])('are refused on a listener with serve: %s', async (serve) => {
    const outcome = await load(`{ listen: 127.0.0.1:5391, serve: ${serve}, verify_networks: [127.0.0.1/32] }`);
    expect(outcome.ok ? [] : outcome.faults.map(({ message }) => message)).toEqual([
      '`listeners[0].verify_networks` needs a listener of its own with `serve: [verify]`',
    ]);
  });

  it('are reported at every start', async () => {
    const outcome = await load(
      '{ listen: 127.0.0.1:5391, serve: [verify], verify_networks: [127.0.0.1/32, 10.0.0.0/8] }',
    );
    expect(outcome.ok && outcome.loaded.warnings).toEqual([
      expect.stringContaining('programs from 127.0.0.1/32, 10.0.0.0/8 may ask about keys'),
    ]);
  });

  it('that are empty are no reason for a warning', async () => {
    const outcome = await load('{ listen: 127.0.0.1:5391, serve: [verify] }');
    expect(outcome.ok && outcome.loaded.warnings).toEqual([]);
  });
});
