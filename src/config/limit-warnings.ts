import type { Config } from './schema.js';

/** A sentence for every entry of `limits.models` that can bind nobody: limits go by the name a model has after aliases. */
export function limitWarnings({ limits, models, upstreams }: Config): string[] {
  const isListComplete = upstreams.length === 0 && Object.keys(models).length > 0 && !Object.hasOwn(models, '*');
  const warnings: string[] = [];
  for (const name of Object.keys(limits.models).filter((limited) => !Object.hasOwn(models, limited))) {
    const meant = Object.entries(models).find(([, { aliases }]) => aliases.includes(name))?.[0];
    if (meant !== undefined)
      warnings.push(`limits.models has ${name}, an alias: it binds nobody. Write these limits under ${meant}.`);
    else if (isListComplete)
      warnings.push(`limits.models has ${name}, which no entry of models is named: it binds nobody.`);
  }
  return warnings;
}
