import { describe, expect, it } from 'vitest';
import { tunnelTo } from './tunnel.js';

const SSH_CONNECTION = '203.0.113.9 50000 198.51.100.7 22';

describe('the command that brings a page to the machine of its user', () => {
  it.each<[string, string, Record<string, string>, string | null]>([
    [
      'names the port twice and the user',
      'http://127.0.0.1:5390/ui/',
      { SSH_CONNECTION, USER: 'ann' },
      'ssh -N -L 5390:127.0.0.1:5390 ann@198.51.100.7',
    ],
    [
      'goes without a user',
      'http://127.0.0.1:5390/ui/',
      { SSH_CONNECTION },
      'ssh -N -L 5390:127.0.0.1:5390 198.51.100.7',
    ],
    ['knows IPv6', 'http://[::1]:5390/ui/', { SSH_CONNECTION }, 'ssh -N -L 5390:[::1]:5390 198.51.100.7'],
    [
      'knows the usual port of https',
      'https://localhost/ui/',
      { SSH_CONNECTION },
      'ssh -N -L 443:localhost:443 198.51.100.7',
    ],
    ['is not needed for a page that others reach', 'https://keys.example.com/ui/', { SSH_CONNECTION }, null],
    ['is not needed by who sits at the machine', 'http://127.0.0.1:5390/ui/', { USER: 'ann' }, null],
    [
      'is not guessed from half a connection',
      'http://127.0.0.1:5390/ui/',
      { SSH_CONNECTION: '203.0.113.9 50000' },
      null,
    ],
  ])('%s', (_, url, env, expected) => {
    expect(tunnelTo(url, env)).toBe(expected);
  });
});
