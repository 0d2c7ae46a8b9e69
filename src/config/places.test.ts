import { describe, expect, it } from 'vitest';
import { resolveDataDir, type DataDirSources } from './data-dir.js';
import { isEveryAddress, isLoopbackHost, parseListen } from './listen.js';

describe('resolveDataDir', () => {
  const ALL: DataDirSources = {
    flag: 'flag',
    env: { KEYPORTER_DATA_DIR: '/env', STATE_DIRECTORY: '/var/lib/keyporter:/var/lib/other' },
    config: { data_dir: 'keys' },
    configFile: '/etc/keyporter/keyporter.yaml',
    home: '/srv/a',
    cwd: '/srv',
  };
  const SYSTEMD = { STATE_DIRECTORY: '/var/lib/keyporter:/var/lib/other' };

  it.each<[string, DataDirSources, string]>([
    ['the option, relative to the working directory', ALL, '/srv/flag'],
    ['KEYPORTER_DATA_DIR', { ...ALL, flag: undefined }, '/env'],
    ['data_dir, relative to the configuration file', { ...ALL, flag: undefined, env: SYSTEMD }, '/etc/keyporter/keys'],
    [
      "systemd's directory, the first of several",
      { ...ALL, flag: undefined, env: SYSTEMD, config: { data_dir: null } },
      '/var/lib/keyporter',
    ],
    [
      "the user's own",
      { ...ALL, flag: undefined, env: {}, config: { data_dir: null } },
      '/srv/a/.local/state/keyporter',
    ],
    [
      'the next one when a variable is empty',
      { ...ALL, flag: undefined, env: { KEYPORTER_DATA_DIR: '', STATE_DIRECTORY: '' }, config: { data_dir: null } },
      '/srv/a/.local/state/keyporter',
    ],
  ])('takes %s', (_, sources, expected) => {
    expect(resolveDataDir(sources)).toBe(expected);
  });
});

describe('parseListen', () => {
  it.each([
    ['127.0.0.1:5390', { host: '127.0.0.1', port: 5390 }],
    ['[::1]:5390', { host: '::1', port: 5390 }],
    ['[2001:DB8::1]:80', { host: '2001:db8::1', port: 80 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    [':5390', { host: '0.0.0.0', port: 5390 }],
  ])('reads %s', (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  it.each([
    '',
    ':',
    '5390',
    '127.0.0.1',
    '127.0.0.1:',
    '127.1:80',
    '1.2.3.256:80',
    '::1:80',
    '[::1]',
    '[127.0.0.1]:80',
    '[::g]:80',
    'a:80',
    '127.0.0.1:080',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    ' 127.0.0.1:80',
    '127.0.0.1:80\n',
  ])('refuses %j', (text) => {
    expect(parseListen(text)).toBeNull();
  });

  it('tells loopback and every-address hosts', () => {
    expect(
      ['127.0.0.1', '127.8.8.8', '::1', 'localhost', '::ffff:127.0.0.1', '10.0.0.1', '0.0.0.0', '::', ''].map(
        isLoopbackHost,
      ),
    ).toEqual([true, true, true, true, true, false, false, false, false]);
    expect(['0.0.0.0', '::', '127.0.0.1', 'localhost'].map(isEveryAddress)).toEqual([true, true, false, false]);
  });
});
