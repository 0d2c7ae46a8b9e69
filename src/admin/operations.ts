import { auditOperations } from './audit.js';
import { callerOperations } from './callers.js';
import { explainOperation } from './explain.js';
import { gatewayOperations } from './gateway-operations.js';
import { keyActOperations } from './key-acts.js';
import { importOperation } from './key-import.js';
import { keyOperations } from './keys.js';
import { liveOperations } from './live-operations.js';
import { ownKeyOperations } from './me.js';
import type { Operation } from './operation.js';
import { ownerOperations } from './owners.js';
import { replicaOperations } from './replicas.js';
import { requestOperations } from './requests.js';
import { sessionOperations } from './session-operations.js';
import { streamOperations } from './streams.js';
import { usageOperations } from './usage.js';

/** Everything the admin API can do. What is not in this list does not exist. */
export const adminOperations: readonly Operation[] = [
  importOperation,
  ...keyActOperations,
  ...keyOperations,
  ...ownerOperations,
  ...callerOperations,
  ...requestOperations,
  ...usageOperations,
  ...streamOperations,
  ...replicaOperations,
  ...auditOperations,
  ...gatewayOperations,
  explainOperation,
  ...sessionOperations,
  ...liveOperations,
];

/** What a holder can do about his own key, on listeners for inference. */
export const ownOperations: readonly Operation[] = ownKeyOperations;
