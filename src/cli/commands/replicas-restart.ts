import { replicaAct } from '../replica-act.js';

export const run = replicaAct('restart', (id) => `${id} is started anew when its requests have finished.`);
