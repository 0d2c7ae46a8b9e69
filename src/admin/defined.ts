/** The same members without `undefined` among their values. */
export type Defined<T> = { [Name in keyof T]: Exclude<T[Name], undefined> };

/** Leaves out members that are undefined, so that "not sent" and "sent as undefined" cannot be told apart further in. */
export function defined<T extends object>(members: T): Defined<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<T>;
}
