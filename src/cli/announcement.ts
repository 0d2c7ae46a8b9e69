import { systemClock } from '../core/clock.js';
import type { RunningGateway } from '../gateway.js';
import type { ReplicaState } from '../replicas/model.js';
import type { Invocation } from './invocation.js';
import type { Io } from './io.js';
import { printable, styled } from './printable.js';
import { tunnelTo } from './tunnel.js';

interface Places {
  dataDir: string;
  configFile: string | null;
}

/** A model server that is slow to answer does not hold up what can be said already. */
const LONGEST_WAIT_MS = 2000;

/** Tells who started the gateway all he needs: where it is, what it found, his first key, a line to try. */
export async function printStart(invocation: Invocation, gateway: RunningGateway, places: Places): Promise<void> {
  const { io, globals } = invocation;
  if (globals.json) {
    const key =
      gateway.firstKey === null ? null : { id: gateway.firstKey.record.id, key: gateway.firstKey.secret.reveal() };
    io.out(
      `${JSON.stringify({ url: gateway.url, config_file: places.configFile, data_dir: places.dataDir, first_key: key, warnings: gateway.warnings, ui: gateway.uiAddress() })}\n`,
    );
    return;
  }
  io.out(`${styled(io, 'bold', `Keyporter ${io.version}`)} is running at ${styled(io, 'bold', gateway.url)}\n`);
  io.out(
    `  configuration   ${printable(places.configFile ?? 'no file, defaults')}\n  data directory  ${printable(places.dataDir)}\n`,
  );
  for (const listener of gateway.listeners.slice(1))
    io.out(
      `  also listens on ${listener.url} (${listener.profile === 'openai' ? listener.serve.join(', ') : listener.profile})\n`,
    );
  const told = await firstLook(gateway);
  printProcesses(io, gateway.processes());
  printEngines(io, gateway);
  printTry(io, gateway);
  printUi(invocation, gateway);
  for (const warning of gateway.warnings) io.out(`${styled(io, 'yellow', 'Warning:')} ${printable(warning)}\n`);
  await printExposed(io, gateway);
  gateway.whenEnginesChange(() => printChanges(io, told, gateway.engines()));
}

/** Waits until every model server was asked once, or for two seconds; answers what is known then. */
async function firstLook(gateway: RunningGateway): Promise<Map<string, string>> {
  let cancel = (): void => undefined;
  const waited = new Promise<void>((resolve) => {
    cancel = systemClock.after(LONGEST_WAIT_MS, resolve);
  });
  await Promise.race([gateway.settled, waited, gateway.stopped]).finally(() => cancel());
  return new Map(gateway.engines().map((engine) => [engine.url, sentence(engine)]));
}

/** Model servers that answer without a key on an address others reach: Keyporter in front of them guards nothing. */
async function printExposed(io: Io, gateway: RunningGateway): Promise<void> {
  for (const { finding, cure } of await gateway.exposed())
    io.out(`${styled(io, 'yellow', 'Warning:')} ${printable(finding)} ${printable(cure)}\n`);
}

/** Those that are ready stand among the others. */
function printProcesses(io: Io, processes: ReturnType<RunningGateway['processes']>): void {
  const begun = processes.filter(({ condition }) => condition !== 'ready').map(({ id }) => id);
  if (begun.length > 0)
    io.out(`  starting ${printable(begun.join(', '))}: \`keyporter replicas list\` shows how they are\n`);
}

function printEngines(io: Io, gateway: RunningGateway): void {
  const engines = gateway.engines();
  if (engines.length === 0 && gateway.processes().length === 0)
    io.out(
      '  No model server was found on this machine yet. Looking again every 10 seconds; or name one with --upstream URL.\n',
    );
  for (const engine of engines) io.out(`  ${printable(sentence(engine))}\n`);
}

/** One line for each model server that came, went or changed since it was last spoken of. */
function printChanges(io: Io, told: Map<string, string>, engines: readonly ReplicaState[]): void {
  for (const engine of engines) {
    const now = sentence(engine);
    if (told.get(engine.url) !== now) io.out(`  ${printable(now)}\n`);
    told.set(engine.url, now);
  }
}

function sentence({ url, engine, state, models, detail }: ReplicaState): string {
  const what = engine === 'unknown' ? 'model server' : engine;
  if (state === 'up') return `${what} at ${url}: ${models.length === 0 ? 'no models' : models.join(', ')}`;
  if (state === 'unknown') return `${what} at ${url}: not asked yet`;
  return `${what} at ${url} is down${detail === null ? '' : `: ${detail}`}`;
}

/** The first key, and a command that works as it is printed. */
function printTry(io: Io, { firstKey, url, modelNames }: RunningGateway): void {
  const [model] = modelNames();
  if (firstKey === null) {
    io.out('\nMake a key with `keyporter keys create --name NAME`.\n');
    return;
  }
  const key = firstKey.secret.reveal();
  io.out(`\nYour first key, shown this once:\n  ${styled(io, 'bold', key)}\n`);
  if (model === undefined) {
    io.out(
      `There is no model yet to try it with. When there is, it is listed by\n  curl ${quoted(`${url}/v1/models`)} -H ${quoted(`authorization: Bearer ${key}`)}\n`,
    );
    return;
  }
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }] });
  const headers = `-H ${quoted(`authorization: Bearer ${key}`)} -H 'content-type: application/json'`;
  io.out(`Try it:\n  curl ${url}/v1/chat/completions ${headers} -d ${quoted(body)}\n`);
}

/** Where the web interface is. The link signs in, so it is printed only where the first key would be. */
function printUi({ io, options }: Invocation, gateway: RunningGateway): void {
  const address = gateway.uiAddress();
  if (address === null) return;
  if (!io.outIsTerminal && options['firstKey'] !== true) {
    io.out(`Web interface: ${address} (\`keyporter ui\` prints a link that signs you in)\n`);
    return;
  }
  const { url } = gateway.uiLink();
  const tunnel = tunnelTo(url, io.env);
  io.out('\nWeb interface, signed in by this link once, within a minute (`keyporter ui` prints a new one):\n');
  io.out(`  ${styled(io, 'bold', url)}\n`);
  if (tunnel !== null) io.out(`You are on this machine by SSH. Run on your own first:\n  ${printable(tunnel)}\n`);
}

/** One word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
