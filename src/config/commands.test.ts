import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeConfig } from './describe.js';
import { loadConfig } from './load.js';
import { maskConfig } from './mask.js';

const COMMAND = 'command: "engine --port {port}"';

async function faultsOf(model: string): Promise<string[]> {
  const outcome = await loadConfig({ text: `models:\n  a: { ${model} }`, env: {}, cwd: '/' });
  return outcome.ok ? [] : outcome.faults.map(({ message }) => message);
}

describe('a model with a command', () => {
  it('loads with every member and its default', async () => {
    const outcome = await loadConfig({ text: `models: { a: { ${COMMAND} } }`, env: {}, cwd: '/' });
    expect(outcome.ok && outcome.loaded.config.models['a']).toMatchObject({
      command: 'engine --port {port}',
      shell: false,
      processes: 1,
      env: {},
      ports: null,
      gpus: [],
      takeover_seconds: 10,
      replicas: [],
    });
  });

  it('is described by its program alone', async () => {
    const outcome = await loadConfig({
      text: 'models: { a: { command: "engine --token canary --port {port}", processes: 2 } }',
      env: {},
      cwd: '/',
    });
    const sentences = outcome.ok ? describeConfig(outcome.loaded.config) : [];
    expect(sentences).toContain('Serves a from 2 processes that it starts (engine).');
  });

  it('shows no value of its environment', async () => {
    const outcome = await loadConfig({
      text: `models: { a: { ${COMMAND}, env: { HF_TOKEN: hf_canary } } }`,
      env: {},
      cwd: '/',
    });
    const shown = outcome.ok ? JSON.stringify(maskConfig(outcome.loaded.config)) : '';
    expect(shown).toContain('HF_TOKEN');
    expect(shown).not.toContain('hf_canary');
  });

  it.each([
    [
      'a server besides',
      `${COMMAND}, replicas: [{ url: http://10.0.0.5 }]`,
      'replicas` cannot be given beside `command`',
    ],
    [
      'the key in the command',
      'command: "engine --port {port} --api-key {api_key}"',
      'command` cannot hold {api_key}: every user',
    ],
    [
      'the key in shell text',
      'shell: true, command: "engine --port {port} --api-key {api_key}"',
      'command` cannot hold {api_key}',
    ],
    ['no port', 'command: engine', 'command` must hold {port}'],
    ['an unknown placeholder', 'command: "engine {port} {indx}"', 'did you mean {index}?'],
    ['an unknown placeholder in env', `${COMMAND}, env: { A: "{apikey}" }`, 'did you mean {api_key}? (in A)'],
    ['a name of a variable that is none', `${COMMAND}, env: { "A-B": x }`, 'must be named by letters, digits and _'],
    ['a pipe without a shell', 'command: "engine {port} | tee log"', 'only a shell understands'],
    ['a variable without a shell', 'command: "engine {port} $HOME/m.gguf"', 'only a shell fills in'],
    ['a variable in front', 'command: "A=1 engine {port}"', 'put variables under `env`'],
    ['an open quote', 'command: "engine {port} \'a"', 'does not end'],
    ['only blanks', 'command: "  "', 'must be a command'],
    ['too few ports', `${COMMAND}, processes: 3, ports: 9100-9101`, 'has room for 2 processes, and 3 are wanted'],
    ['ports the wrong way round', `${COMMAND}, ports: 9101-9100`, 'must be a range of ports'],
    ['too few GPUs', `${COMMAND}, processes: 3, gpus: [0, 1]`, 'must name one for each of the 3 processes'],
    ['processes without a command', 'replicas: [{ url: http://10.0.0.5 }], processes: 2', 'only beside a `command`'],
    ['env without a command', 'replicas: [{ url: http://10.0.0.5 }], env: { A: b }', 'only beside a `command`'],
  ])('is refused with %s', async (_, model, fault) => {
    expect((await faultsOf(model)).join('\n')).toContain(fault);
  });

  it.each([
    ['shell text', 'shell: true, command: "cd /models && exec engine --port {port} 2>&1 | tee log"'],
    ['the port in env', 'command: ollama serve, env: { OLLAMA_HOST: "127.0.0.1:{port}" }'],
    ['quoted shell signs', `command: "engine --port {port} --prompt '$a | b' '~/x'"`],
    ['a key file', 'command: "engine --port {port} --api-key-file {key_file}"'],
  ])('is taken with %s', async (_, model) => {
    expect(await faultsOf(model)).toEqual([]);
  });
});

describe('a file that holds commands', () => {
  it.each([0o620, 0o602, 0o666])('is refused with its cure when others can write it (%o)', async (mode) => {
    const dir = await mkdtemp(join(tmpdir(), 'kp-'));
    const file = join(dir, 'keyporter.yaml');
    await writeFile(file, `models: { a: { ${COMMAND} } }`);
    await chmod(file, mode);
    const outcome = await loadConfig({ file, env: {}, cwd: dir });
    expect(outcome.ok ? [] : outcome.faults.map(({ message }) => message)).toEqual([
      `\`models.a.command\` is not run, because other users can write ${file}; run \`chmod go-w ${file}\``,
    ]);
    await chmod(file, 0o644);
    expect((await loadConfig({ file, env: {}, cwd: dir })).ok).toBe(true);
    await rm(dir, { recursive: true });
  });

  it('is refused when others can replace it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'kp-'));
    const file = join(dir, 'keyporter.yaml');
    await writeFile(file, `models: { a: { ${COMMAND} } }`, { mode: 0o600 });
    await chmod(dir, 0o777);
    const outcome = await loadConfig({ file, env: {}, cwd: dir });
    expect(outcome.ok ? '' : outcome.faults[0]?.message).toContain(`chmod o-w ${dir}`);
    await rm(dir, { recursive: true });
  });

  it('without commands is taken as it lies', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'kp-'));
    const file = join(dir, 'keyporter.yaml');
    await writeFile(file, 'models: { a: { replicas: [{ url: http://10.0.0.5 }] } }');
    await chmod(file, 0o666);
    expect((await loadConfig({ file, env: {}, cwd: dir })).ok).toBe(true);
    await rm(dir, { recursive: true });
  });
});
