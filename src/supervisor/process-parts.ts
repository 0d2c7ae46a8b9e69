import type { Secret } from '../core/secret.js';
import type { Ports } from './free-port.js';
import type { Keeper } from './keeper-link.js';
import type { Surroundings } from './surroundings.js';

/** What a process needs of those around it. */
export interface ProcessParts {
  world: Surroundings;
  keeper: Keeper;
  ports: Ports;
  changed(): void;
}

/** A place for requests. */
export interface Offered {
  url: string;
  apiKey: Secret | null;
}
