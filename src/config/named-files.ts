import type { Path } from './faults.js';
import { readText } from './read-file.js';
import type { Config } from './schema.js';
import { isReadableByOthers } from './secret-file.js';
import type { Report } from './rule.js';

const LARGEST_BYTES = 1_048_576;

/** Reads every certificate and key the configuration names, so that a missing one is known before anything starts. Answers warnings. */
export async function checkNamedFiles(config: Config, report: Report): Promise<string[]> {
  const warnings: string[] = [];
  const seen = new Set<string>();
  for (const [path, file] of namedFiles(config)) {
    if (seen.has(file)) continue;
    seen.add(file);
    const read = await readText(file, LARGEST_BYTES);
    if (read.fault !== undefined) report(path, `names ${file}, but ${read.fault}`);
    else if (path.at(-1) === 'key_file' && isReadableByOthers(read.mode)) {
      warnings.push(`The private key ${file} can be read by every user of this machine; run \`chmod o= ${file}\`.`);
    }
  }
  return warnings;
}

function* namedFiles({ tls, listeners, models }: Config): Generator<[Path, string]> {
  const sections: [Path, Config['tls'] | null][] = [
    [['tls'], tls],
    ...listeners.map((listener, index): [Path, Config['tls'] | null] => [['listeners', index, 'tls'], listener.tls]),
  ];
  for (const [path, section] of sections) {
    for (const member of ['cert_file', 'key_file', 'client_ca_file'] as const) {
      const file = section?.[member] ?? null;
      if (file !== null) yield [[...path, member], file];
    }
  }
  for (const [name, { replicas }] of Object.entries(models)) {
    for (const [index, { ca_file: file }] of replicas.entries()) {
      if (file !== null) yield [['models', name, 'replicas', index, 'ca_file'], file];
    }
  }
}
