import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { startTestGateway } from '../support/start-gateway.js';
import { filesUnder, ROOT } from '../tidy/source-tree.js';
import { commandFault, configurationOf, knownVariables } from './product-names.js';

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec: Record<string, unknown>;
}

interface Probe {
  httpGet: { path: string; port: string };
}

interface Container {
  args: string[];
  env: { name: string; value?: string; valueFrom?: object }[];
  ports: { name: string; containerPort: number }[];
  startupProbe: Probe;
  readinessProbe: Probe;
  livenessProbe: Probe;
  securityContext: object;
  volumeMounts: { name: string; mountPath: string }[];
}

interface Pod {
  terminationGracePeriodSeconds: number;
  securityContext: object;
  containers: Container[];
  volumes: { name: string }[];
}

const folder = 'deploy/kubernetes';
const files = filesUnder(folder, /\.yaml$/).filter(({ path }) => !path.endsWith('keyporter.yaml'));
const manifests = files.flatMap(({ text }) => parseAllDocuments(text).map((one) => one.toJS() as Manifest));
const named = (kind: string): Manifest => {
  const found = manifests.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`there is no ${kind}`);
  return found;
};
const set = named('StatefulSet').spec as {
  replicas: number;
  selector: { matchLabels: object };
  template: { metadata: { labels: object }; spec: Pod };
  volumeClaimTemplates: { metadata: { name: string } }[];
};
const pod = set.template.spec;
const [container] = pod.containers as [Container];
const configText = readFileSync(join(ROOT, folder, 'keyporter.yaml'), 'utf8');

describe('the Kubernetes manifests', () => {
  it('start the program with a configuration that is good', async () => {
    expect(await commandFault(container.args)).toBe(null);
    const config = await configurationOf(configText, { ENGINE_KEY: 'a-secret' });
    expect(config.listeners[0]?.listen).toBe(`0.0.0.0:${container.ports[0]?.containerPort}`);
  });

  it('name only variables that the program or its configuration reads', () => {
    const known = knownVariables();
    const unknown = container.env.filter(({ name }) => !known.has(name) && !configText.includes(`\${${name}}`));
    expect(unknown).toEqual([]);
  });

  it('let one process own the store, and give a drain the time it takes', async () => {
    const { server } = await configurationOf(configText, { ENGINE_KEY: 'a-secret' });
    expect(set.replicas).toBe(1);
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(server.pre_stop_seconds + server.drain_seconds);
  });

  it('probe paths that a gateway answers without a key', async () => {
    const gateway = await startTestGateway({});
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path);
    const statuses = await Promise.all(paths.map(async (path) => (await fetch(`${gateway.url}${path}`)).status));
    await gateway.close();
    expect([paths, statuses]).toEqual([
      ['/healthz', '/healthz', '/readyz'],
      [200, 200, 200],
    ]);
  });

  it('run it without rights, on a root that cannot be written', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('fit together: labels, ports and volumes are those of the pod', () => {
    const service = named('Service').spec as { selector: object; ports: { targetPort: string }[] };
    expect(set.template.metadata.labels).toMatchObject(set.selector.matchLabels);
    expect(set.template.metadata.labels).toMatchObject(service.selector);
    expect(service.ports.map(({ targetPort }) => targetPort)).toEqual(container.ports.map(({ name }) => name));
    const volumes = [...pod.volumes, ...set.volumeClaimTemplates.map(({ metadata }) => metadata)].map(
      ({ name }) => name,
    );
    expect(new Set(container.volumeMounts.map(({ name }) => name))).toEqual(new Set(volumes));
  });

  it('close the model servers to everyone but Keyporter', () => {
    const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
    expect(policies.map(({ metadata }) => [metadata.namespace, metadata.name])).toEqual([
      ['models', 'only-from-keyporter'],
      ['keyporter', 'keyporter'],
    ]);
  });

  it('are all in the kustomization, but for the one of the model servers', () => {
    const { resources } = parse(readFileSync(join(ROOT, folder, 'kustomization.yaml'), 'utf8')) as {
      resources: string[];
    };
    const standing = files.map(({ path }) => path.slice(folder.length + 1));
    expect(new Set([...resources, 'kustomization.yaml', 'model-servers.yaml'])).toEqual(new Set(standing));
  });
});

const present = spawnSync('kubectl', ['version', '--client']).status === 0;
describe.skipIf(!present)('kubectl itself (kubectl has to be installed)', () => {
  it('puts the manifests together', () => {
    const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', join(ROOT, folder)], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^kind: StatefulSet$/m);
  });
});
