/** One file of the web UI, as a browser gets it. */
export interface UiFile {
  contentType: string;
  bytes: Buffer;
  /** The same, smaller; null where that was not worth it. */
  brotli: Buffer | null;
  gzip: Buffer | null;
  /** Quoted, as the header has it. */
  etag: string;
  /** Its name changes with its content. */
  immutable: boolean;
}

/** The built web UI. Names are looked up in what was read once, so that no path can lead out of it. */
export interface UiFiles {
  /** `name` is relative, such as `assets/index-1a2b.js`. Null when there is no such file. Rejects when it was not built. */
  find(name: string): Promise<UiFile | null>;
}
