import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../tidy/source-tree.js';
import { commandFault, configurationOf } from './product-names.js';

const unit = readFileSync(join(ROOT, 'deploy/systemd/keyporter.service'), 'utf8');
const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
const present = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('the systemd unit', () => {
  it.each(['ExecStartPre', 'ExecStart'])('%s is a command line that the program takes', async (name) => {
    const [program, ...args] = value(name).split(' ');
    expect(program).toBe('/opt/keyporter/dist/main.js');
    expect(await commandFault(args)).toBe(null);
    expect(await commandFault([...args, '--confg'])).toMatch(/--confg/);
  });

  it('waits longer for the end than a drain takes', async () => {
    const { server } = await configurationOf('');
    expect(Number(value('TimeoutStopSec'))).toBeGreaterThan(server.drain_seconds + server.pre_stop_seconds);
    expect(value('KillMode')).toBe('mixed');
  });

  it('lets Keyporter open as many files as doctor wants for its connections', async () => {
    const { server } = await configurationOf('');
    expect(Number(value('LimitNOFILE'))).toBeGreaterThanOrEqual(server.max_connections * 2 + 256);
  });

  it('gives the data a directory that is its own, and closes the rest', () => {
    expect(value('StateDirectory')).toBe('keyporter');
    expect(value('StateDirectoryMode')).toBe('0700');
    const closed = {
      DynamicUser: 'yes',
      NoNewPrivileges: 'yes',
      ProtectSystem: 'strict',
      ProtectHome: 'yes',
      CapabilityBoundingSet: '',
    };
    expect(Object.fromEntries(Object.keys(closed).map((name) => [name, value(name)]))).toEqual(closed);
  });
});

describe.skipIf(!present)('systemd itself (systemd-analyze has to be installed)', () => {
  it('finds no fault in the unit and rates it as hardened', async () => {
    const place = await mkdtemp(join(tmpdir(), 'kp-unit-'));
    try {
      const file = join(place, 'keyporter.service');
      await writeFile(file, unit.replaceAll('/opt/keyporter/dist/main.js', process.execPath));
      const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
      expect(verified.stderr.split('\n').filter((line) => line.includes('keyporter.service'))).toEqual([]);
      const rated = spawnSync('systemd-analyze', ['security', '--offline=yes', file], { encoding: 'utf8' });
      const exposure = /exposure level for keyporter\.service: ([\d.]+)/.exec(rated.stdout)?.[1];
      expect(Number(exposure)).toBeLessThanOrEqual(2);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  });
});
