import { replicaAct } from '../replica-act.js';

export const run = replicaAct('resume', (id) => `${id} gets requests again.`);
