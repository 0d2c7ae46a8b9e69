import type { Rule } from './rule.js';

/** The rules about limits. */
export const limitRules: readonly Rule[] = [
  {
    needs: [],
    check({ limits }, report) {
      if (Object.hasOwn(limits.models, '*'))
        report(['limits', 'models', '*'], 'binds no model: write limits under the name of each, or under `limits`');
    },
  },
];
