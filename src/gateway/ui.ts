import { userInfo } from 'node:os';
import { createSessions, type SessionHolder, type Sessions } from '../admin/sessions.js';
import type { Cancel, Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { UiFiles } from '../pipeline/ui-files.js';
import { createRecentRing, type RecentRing } from '../usage/recent-ring.js';
import type { Configuration } from './configuration.js';
import type { OpenListener } from './listeners.js';
import { createUiFiles } from './ui-files.js';

/** What the web UI needs of a gateway besides the admin API. */
export interface Ui {
  sessions: Sessions;
  files: UiFiles;
  recent: RecentRing;
  /** Where the UI is, such as `http://127.0.0.1:5390/ui/`; null when no listener serves it. */
  address(): string | null;
  /** A link that signs its holder in, once. Throws a `Refusal` when no listener serves the UI. Unix seconds. */
  link(holder: SessionHolder): { url: string; expiresAt: number };
  close: Cancel;
}

const SWEEP_MS = 1000;

export function createUi({
  configuration,
  open,
  clock,
}: {
  configuration: Configuration;
  open: readonly OpenListener[];
  clock: Clock;
}): Ui {
  const sessions = createSessions(clock);
  const address = (): string | null => {
    const own = open.find(({ serve, profile }) => profile === 'openai' && serve.includes('admin'));
    const base = own && (configuration.current().config.public_url ?? own.url);
    return base === undefined ? null : `${base.replace(/\/+$/, '')}/ui/`;
  };
  return {
    sessions,
    files: createUiFiles(),
    recent: createRecentRing(clock),
    address,
    link(holder) {
      const url = address();
      if (url === null) {
        throw new Refusal('conflict', {
          message: 'No listener serves the web interface. Add `admin` to `serve` of a listener and start again.',
        });
      }
      const { secret, expiresAt } = sessions.makeLink(holder);
      // Behind the # it stays in the browser: no server and no log on the way sees it.
      return { url: `${url}#link=${secret.reveal()}`, expiresAt };
    },
    close: clock.every(SWEEP_MS, () => sessions.sweep()),
  };
}

/** Whoever can open the socket of the machine, under the name of the account that the gateway runs as. */
export function operatorHolder(): SessionHolder {
  return { kind: 'operator', id: `local:${accountName()}` };
}

/** In a container the account may have a number and no name. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'operator');
  }
}
