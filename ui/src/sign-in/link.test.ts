import { expect, it } from 'vitest';
import { takeLink } from './link.js';

/** Takes the link out of an address; answers it with what the address became. */
function taken(address: string): { secret: string | null; address: string } {
  const { pathname, search, hash } = new URL(address, 'http://127.0.0.1');
  let shown = pathname + search + hash;
  const history = { replaceState: (_state: unknown, _title: string, url: string) => (shown = url) };
  const secret = takeLink({ pathname, search, hash } as Location, history as unknown as History);
  return { secret, address: shown };
}

it('the secret of a link is taken and stays nowhere in the address', () => {
  expect(taken('/ui/#link=abc123')).toEqual({ secret: 'abc123', address: '/ui/' });
  expect(taken('/ui/keys?x=1#link=abc123')).toEqual({ secret: 'abc123', address: '/ui/keys?x=1' });
});

it('an address without a link stays as it is', () => {
  expect(taken('/ui/#main')).toEqual({ secret: null, address: '/ui/#main' });
});

it('an empty link is none', () => {
  expect(taken('/ui/#link=')).toEqual({ secret: null, address: '/ui/' });
});
