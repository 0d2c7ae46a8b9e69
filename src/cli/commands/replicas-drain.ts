import { replicaAct } from '../replica-act.js';

export const run = replicaAct('drain', (id) => `${id} gets no new requests; those that run go on.`);
