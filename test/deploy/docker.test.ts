import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startTestGateway } from '../support/start-gateway.js';
import { ROOT } from '../tidy/source-tree.js';
import { execForm, stagesOf } from './dockerfile.js';
import { commandFault, configurationOf, knownVariables } from './product-names.js';

const run = promisify(execFile);
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const [build = [], final = []] = stagesOf(read('deploy/docker/Dockerfile'));
const rest = (stage: typeof build, word: string): string[] =>
  stage.flatMap((instruction) => (instruction.word === word ? [instruction.rest] : []));

describe('the Dockerfile', () => {
  it('runs a command that the program takes, as a user that is not root, on a Node.js that it runs on', async () => {
    expect(execForm(final, 'ENTRYPOINT')).toEqual(['keyporter']);
    expect(await commandFault(execForm(final, 'CMD'))).toBe(null);
    expect(rest(final, 'USER')).toEqual(['node']);
    expect([...rest(build, 'FROM'), ...rest(final, 'FROM')].map((image) => image.split(' ')[0])).toEqual([
      'node:24-bookworm-slim',
      'node:24-bookworm-slim',
    ]);
  });

  it('names only variables that the program reads', () => {
    const named = rest(final, 'ENV').flatMap((line) => [...line.matchAll(/(\w+)=/g)].map(([, name = '']) => name));
    const known = knownVariables();
    expect(named.filter((name) => name !== 'NODE_ENV' && !known.has(name))).toEqual([]);
    expect(named).toContain('KEYPORTER_DATA_DIR');
  });

  it(
    'copies everything that the build reads, and what it builds runs where it is put',
    { timeout: 120_000 },
    async () => {
      const place = await mkdtemp(join(tmpdir(), 'kp-image-'));
      try {
        for (const line of rest(build, 'COPY')) copyInto(place, line.split(' '));
        symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
        await run(process.execPath, ['scripts/build.mjs', '--clean'], { cwd: place });
        const image = join(place, 'opt/keyporter');
        mkdirSync(image, { recursive: true });
        const copied = rest(final, 'COPY').filter((line) => line.startsWith('--from=build'));
        for (const line of copied)
          copyInto(
            image,
            [
              ...line
                .split(' ')
                .slice(2, -1)
                .map((path) => path.replace('/build/', '')),
              '.',
            ],
            place,
          );
        const { stdout } = await run(process.execPath, [join(image, 'dist/main.js'), '--version']);
        expect(existsSync(join(image, 'dist/ui/index.html'))).toBe(true);
        expect(stdout.trim()).toBe((JSON.parse(read('package.json')) as { version: string }).version);
      } finally {
        await rm(place, { recursive: true, force: true });
      }
    },
  );

  it('is healthy while a gateway runs, and not when none does', async () => {
    const [program = '', ...words] = execForm(final, 'HEALTHCHECK');
    expect(program).toBe('node');
    const gateway = await startTestGateway({});
    const { port } = new URL(gateway.url);
    const asked = words.map((word) => word.replace(':5390/', `:${port}/`));
    expect(asked).not.toEqual(words);
    await run(process.execPath, asked);
    await gateway.close();
    await expect(run(process.execPath, asked)).rejects.toMatchObject({ code: 1 });
  });

  it('lets into the build nothing but what it copies', () => {
    const allowed = read('deploy/docker/Dockerfile.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const copied = [...rest(build, 'COPY'), ...rest(final, 'COPY').filter((line) => !line.startsWith('--'))].flatMap(
      (line) =>
        line
          .split(' ')
          .slice(0, -1)
          .map((path) => path.replace('./', '')),
    );
    expect(new Set(allowed)).toEqual(new Set(copied));
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe('the compose file', () => {
  interface Service {
    command: string[];
    ports?: string[];
    networks: string[];
    secrets: string[];
    stop_grace_period?: string;
    image: string;
    build?: { context: string; dockerfile: string };
  }
  const file = parse(read('deploy/docker/compose.yaml')) as {
    services: Record<string, Service>;
    networks: Record<string, { internal?: boolean }>;
    secrets: Record<string, unknown>;
  };
  const { keyporter, llama } = file.services;

  it('starts the program with a configuration that is good', async () => {
    expect(await commandFault(keyporter?.command ?? [])).toBe(null);
    const config = await configurationOf(read('deploy/docker/keyporter.yaml'));
    expect(config.models['qwen3']?.replicas[0]?.url).toBe('http://llama:8080');
    expect(
      existsSync(join(ROOT, 'deploy/docker', keyporter?.build?.context ?? '', keyporter?.build?.dockerfile ?? '')),
    ).toBe(true);
  });

  it('publishes Keyporter on loopback alone, and the model server nowhere', () => {
    expect(keyporter?.ports).toEqual(['127.0.0.1:5390:5390']);
    expect(llama?.ports).toBe(undefined);
    expect(llama?.networks.map((name) => file.networks[name]?.internal)).toEqual([true]);
  });

  it('gives a drain the time that the configuration takes', async () => {
    const { server } = await configurationOf(read('deploy/docker/keyporter.yaml'));
    expect(Number.parseInt(keyporter?.stop_grace_period ?? '0', 10)).toBeGreaterThan(server.drain_seconds);
  });

  it('names only secrets that it declares', () => {
    const used = Object.values(file.services).flatMap(({ secrets }) => secrets);
    expect(new Set(used)).toEqual(new Set(Object.keys(file.secrets)));
  });
});

/** `COPY source... target` of files and folders. */
function copyInto(place: string, words: readonly string[], from = ROOT): void {
  const target = words.at(-1) ?? '.';
  for (const source of words.slice(0, -1)) {
    const isFolder = target === './' || target === '.';
    const to = join(place, isFolder ? basename(source) : target);
    cpSync(join(from, source), to, { recursive: true, filter: (path) => !path.includes('node_modules') });
  }
}
