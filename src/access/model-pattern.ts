/**
 * Whether a model pattern means this name. `*` stands for any run of characters, `/` included;
 * nothing else is special and case counts. Runs in time proportional to the two lengths multiplied,
 * without a regular expression.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let patternAt = 0;
  let nameAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (nameAt < name.length) {
    if (pattern[patternAt] === '*') {
      starAt = patternAt;
      resumeAt = nameAt;
      patternAt += 1;
    } else if (patternAt < pattern.length && pattern[patternAt] === name[nameAt]) {
      patternAt += 1;
      nameAt += 1;
    } else if (starAt >= 0) {
      patternAt = starAt + 1;
      resumeAt += 1;
      nameAt = resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[patternAt] === '*') patternAt += 1;
  return patternAt === pattern.length;
}

/** Whether a key with these patterns may use the model: no pattern means every model that is not restricted. */
export function mayUseModel(patterns: readonly string[], name: string, restricted: boolean): boolean {
  if (patterns.length === 0) return !restricted;
  for (const pattern of patterns) if (matchesPattern(pattern, name)) return true;
  return false;
}
