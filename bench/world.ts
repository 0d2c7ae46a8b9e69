import { GatewayHome } from '../test/support/spawn-gateway.js';
import { answers } from './answers.js';
import { startNginx, type Anchor } from './nginx.js';
import { MEASURED_CORE, pin, startRole, type Role } from './role.js';

/** One thing that is measured: a process and the port it answers on. */
export interface Subject {
  name: string;
  pid: number;
  port: number;
}

export interface BenchWorld {
  backend: { role: Role; port: number; pid: number };
  gateway: Subject;
  nginx: Subject | null;
  /** The same work without the product, see `plain.ts`. */
  plain: Subject;
  nginxVersion: string | null;
  key: string;
  /** Of another tenant. */
  largeKey: string;
  /** A key that may look at what runs. */
  watchKey: string;
  pinned: boolean;
  stop(): Promise<void>;
}

/** Limits that are judged for every request and stop none. */
const LIMITS = { requests_per_minute: 1_000_000_000, tokens_per_day: 1_000_000_000_000, concurrent_requests: 100_000 };

/** The model server, the gateway and nginx, all up and answering. */
export async function startWorld(): Promise<BenchWorld> {
  const role = startRole('backend', {});
  const port = Number((await role.hear('listening'))['port']);
  // nginx lets every request through at once; so that both do the same work, no request waits here either.
  const replicas = [{ url: `http://127.0.0.1:${port}` }];
  const home = await GatewayHome.make({ models: { bench: { replicas, max_in_flight: 20_000 } } });
  const gateway = await home.start();
  const { key } = await gateway.admin.createKey({ name: 'bench', owner: 'bench', scopes: ['infer'], limits: LIMITS });
  const { key: largeKey } = await gateway.admin.createKey({ name: 'large', owner: 'large', scopes: ['infer'] });
  const { key: watchKey } = await gateway.admin.createKey({ name: 'watch', scopes: ['usage:read', 'replicas:read'] });
  const gatewayPort = Number(new URL(gateway.url).port);
  await answers(gatewayPort, key);
  const pid = gateway.child.pid ?? 0;
  const pinned = pin(pid, MEASURED_CORE);
  const anchor: Anchor | null = await startNginx(port, key);
  const plainRole = startRole('plain', { backendPort: port, key }, MEASURED_CORE);
  const plainPort = Number((await plainRole.hear('listening'))['port']);
  return {
    backend: { role, port, pid: role.child.pid ?? 0 },
    gateway: { name: 'keyporter', pid, port: gatewayPort },
    nginx: anchor === null ? null : { name: 'nginx', pid: anchor.pid, port: anchor.port },
    plain: { name: 'plain', pid: plainRole.child.pid ?? 0, port: plainPort },
    nginxVersion: anchor?.version ?? null,
    key,
    largeKey,
    watchKey,
    pinned,
    async stop() {
      await anchor?.stop();
      await home.remove();
      plainRole.stop();
      role.stop();
    },
  };
}
