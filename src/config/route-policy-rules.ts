import type { Rule } from './rule.js';

/** The rules about route rules. */
export const routePolicyRules: readonly Rule[] = [
  {
    needs: ['auth'],
    check({ auth }, report) {
      for (const [index, { permit, forbid, when, unless }] of auth.route_policy.entries()) {
        const at = ['auth', 'route_policy', index];
        if ((permit === undefined) === (forbid === undefined)) report(at, 'needs exactly one of `permit` and `forbid`');
        if (when !== undefined && unless !== undefined) report([...at, 'unless'], 'cannot stand together with `when`');
      }
    },
  },
];
