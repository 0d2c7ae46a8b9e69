import { commandRules } from './command-rules.js';
import { limitRules } from './limit-rules.js';
import { listenerRules } from './listener-rules.js';
import { modelRules } from './model-rules.js';
import { parseDuration } from '../core/duration.js';
import { touchesLoopback } from './forms.js';
import { providerRules } from './provider-rules.js';
import { routePolicyRules } from './route-policy-rules.js';
import type { Report, Rule } from './rule.js';
import type { ParsedConfig } from './schema.js';

const keyRules: readonly Rule[] = [
  {
    needs: ['keys'],
    check({ keys }, report) {
      const longest = keys.max_lifetime === null ? null : parseDuration(keys.max_lifetime);
      const usual = keys.default_expires === null ? null : parseDuration(keys.default_expires);
      if (longest !== null && usual !== null && usual > longest)
        report(['keys', 'default_expires'], 'must not be longer than `keys.max_lifetime`');
    },
  },
  {
    needs: ['auth'],
    check({ auth, trusted_proxies: proxies }, report) {
      const loopback = proxies.findIndex(touchesLoopback);
      if (auth.local_networks.length === 0 || loopback === -1) return;
      report(
        ['auth', 'local_networks'],
        'cannot be used while `trusted_proxies` holds a loopback address: everyone behind that proxy would need no key',
      );
    },
  },
];

/** Asks every rule about the sound part of a file. `faulty` names the top-level members with faults. */
export function checkRules(config: ParsedConfig, faulty: ReadonlySet<string>, report: Report): void {
  for (const rule of [
    ...listenerRules,
    ...modelRules,
    ...commandRules,
    ...keyRules,
    ...providerRules,
    ...routePolicyRules,
    ...limitRules,
  ]) {
    if (!rule.needs.some((name) => faulty.has(name))) rule.check(config, report);
  }
}
