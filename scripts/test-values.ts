import { configureGlobal } from 'fast-check';

/**
 * Where the suite judges a commit (`CI=true`), the values of the property tests come from the commit: whoever
 * tries it again tries the same. Elsewhere every run has values of its own, and says their seed when one fails.
 */
const seed = process.env['KEYPORTER_TEST_SEED'];
if (seed !== undefined) configureGlobal({ seed: Number(seed) });
