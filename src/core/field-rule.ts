/**
 * What holds for one member of a JSON body, before it goes to an engine. `null` always passes: it means
 * "not given".
 */
export type FieldRule =
  /** Refused; `unless` lets values pass that change nothing, by their JSON text. */
  | { kind: 'refuse'; why: string; unless?: RegExp }
  /** A larger number, or a negative one (which engines read as "no end"), is replaced by this one. */
  | { kind: 'most'; most: number }
  /** A smaller number is refused. */
  | { kind: 'least'; least: number }
  /** Refused when its JSON text is longer, in bytes. */
  | { kind: 'bytes'; most: number }
  /** A list or object with more entries is refused. */
  | { kind: 'entries'; most: number }
  /** An object whose own members have rules; these are refused where others would be replaced. */
  | { kind: 'members'; members: FieldRules };

/** Rules by the name of the member, in lower case. */
export type FieldRules = Readonly<Record<string, FieldRule>>;
