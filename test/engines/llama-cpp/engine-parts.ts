/** What `npm run test:engines` made ready; it alone starts these tests. */
export interface EngineParts {
  /** The program llama-server. */
  server: string;
  /** The file of the tiny model. */
  model: string;
  /** The folder of llama.cpp's sources. */
  source: string;
  /** Where the program comes from: a package and its version, as the fixtures' README writes them. */
  version: string;
  /** True when what the engine sends is to be kept as fixtures, not compared with them. */
  record: boolean;
}

export const PARTS = JSON.parse(process.env['KEYPORTER_ENGINE_PARTS'] ?? '{}') as EngineParts;

/** What the tiny model is called by its server. */
export const TINY = 'tiny';
/** Contexts are long and slots few, so that an endless answer lasts and its slot can be watched. */
export const SLOTS = 2;
const USUAL = ['--alias', TINY, '--host', '127.0.0.1', '--threads', '1', '--no-ui', '--metrics', '--seed', '1'];
export const TEXT = [...USUAL, '--ctx-size', '131072', '--parallel', String(SLOTS)];
export const EMBEDDINGS = [...USUAL, '--ctx-size', '2048', '--parallel', '1', '--embeddings', '--pooling', 'mean'];
