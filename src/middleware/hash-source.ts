import { hash } from 'node:crypto';
import { canonical, credentialOf } from './credential.js';
import { Denial } from './holder.js';
import type { HashSource, OpenedSource } from './source.js';
import { plainBody } from './words.js';

const SHA256 = /^[0-9a-f]{64}$/i;
const SHOWN_CHARACTERS = 12;

/** Keys known by their hashes. Found by digest, so that no comparison tells how close a guess was. */
export function openHashes({ sha256 }: HashSource): OpenedSource {
  if (!Array.isArray(sha256) || !sha256.every((digest) => typeof digest === 'string' && SHA256.test(digest))) {
    throw new TypeError('requireKey: sha256 must be a list of SHA-256 hashes, each 64 hexadecimal digits.');
  }
  const known = new Set(sha256.map((digest) => digest.toLowerCase()));
  return {
    body: plainBody,
    async findHolder({ request, scopes }) {
      const shown = credentialOf(request);
      const digest = hash('sha256', canonical(shown) ?? shown);
      if (!known.has(digest))
        throw new Denial(401, 'The API key is not valid.', { 'www-authenticate': 'Bearer error="invalid_token"' });
      return { principal: `sha256:${digest.slice(0, SHOWN_CHARACTERS)}`, scopes, attributes: {} };
    },
  };
}
