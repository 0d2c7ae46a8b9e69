/** The code of a page did not come: nothing answers, or an upgrade of the gateway removed it. */
export class PageNotLoaded extends Error {
  constructor(cause: unknown) {
    super('The page could not be loaded.', { cause });
    this.name = 'PageNotLoaded';
  }
}
