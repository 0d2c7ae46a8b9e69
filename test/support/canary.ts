import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a secret was found: the name of the place and what stands around it, without the secret. */
export interface Leak {
  place: string;
  secret: string;
}

/** Collects places and tells which of them hold any of the secrets, or the part of a key that is not public. */
export class CanarySweep {
  readonly #places: { name: string; bytes: Buffer }[] = [];

  add(name: string, content: Buffer | string): void {
    this.#places.push({ name, bytes: Buffer.from(content) });
  }

  /** Every file below a directory, as bytes. */
  async addDirectory(dir: string): Promise<string[]> {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files) this.add(file, await readFile(file));
    return files;
  }

  /** Secrets by a name that may be printed. */
  leaks(secrets: Record<string, string>): Leak[] {
    return Object.entries(secrets).flatMap(([name, secret]) => {
      const needles = [secret, secretPart(secret)].map((text) => Buffer.from(text));
      const hit = this.#places.filter((place) => needles.some((needle) => place.bytes.includes(needle)));
      return hit.map((place) => ({ place: place.name, secret: name }));
    });
  }
}

/** The part of a key behind its public id; other secrets whole. */
function secretPart(secret: string): string {
  return /^kp_[0-9A-Za-z]{12}_/.test(secret) ? secret.slice(16) : secret;
}
