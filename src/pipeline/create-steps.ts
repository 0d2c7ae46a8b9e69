import type { Parts } from './parts.js';
import {
  answerAlive,
  answerHealth,
  answerName,
  createAnswerModels,
  createAnswerReady,
  createAnswerVersion,
} from './step-answer.js';
import { createAuthorizeRest, createFindStack, createReadRest } from './step-rest.js';
import { createReadAdminBody, createReadBody } from './step-body.js';
import { createEngineSteps } from './step-engine.js';
import { createForward } from './step-forward.js';
import { createAuthorize, createIdentify } from './step-identify.js';
import { createAdmit } from './step-admit.js';
import { createAnswerMetrics } from './step-metrics.js';
import { createPick } from './step-pick.js';
import { createAuthorizeModel, createContinueResponse, createFindResponse } from './step-model.js';
import { createAnswerAdminStep } from './step-admin.js';
import { createAnswerUi, redirectToUi } from './step-ui.js';
import { createAuthorizeAdmin, createIdentifyAdmin, createRequireOwnPage } from './step-ui-session.js';
import { createAnswerVerify, createIdentifyAsker } from './step-verify.js';
import { createAnswerIntrospect, readForm } from './step-verify-introspect.js';
import { createAnswerLlamaStack } from './step-verify-llama-stack.js';
import { createForwardInfer } from './step-infer-forward.js';
import { createAuthorizeInfer, createPickInfer, createReadInfer } from './step-infer.js';
import { answerOrchestraName, createAnswerWorkers } from './step-orchestra-answer.js';
import { createAdmitToStatus, createIdentifyOrchestra, refuseUnknownPath } from './step-orchestra-identify.js';
import { createAuthkeysSteps } from './step-authkeys.js';
import type { Steps } from './steps.js';

/** Nobody is known yet when this is read. */
const SIGN_IN_BYTES = 4096;

/** Gives every stage its code. */
export function createSteps(parts: Parts): Steps {
  return {
    ...createEngineSteps(parts),
    identify: createIdentify(parts),
    identifyAdmin: createIdentifyAdmin(parts),
    authorizeAdmin: createAuthorizeAdmin(parts),
    requireOwnPage: createRequireOwnPage(parts),
    readSignIn: createReadAdminBody(SIGN_IN_BYTES),
    redirectToUi,
    answerUi: createAnswerUi(parts),
    authorize: createAuthorize(parts),
    readBody: createReadBody(parts),
    readAdminBody: createReadAdminBody(),
    authorizeModel: createAuthorizeModel(parts),
    continueResponse: createContinueResponse(parts),
    findResponse: createFindResponse(parts),
    admit: createAdmit(parts),
    pick: createPick(parts),
    forward: createForward(parts),
    answerModels: createAnswerModels(parts),
    answerAdmin: createAnswerAdminStep(parts),
    answerAlive,
    answerReady: createAnswerReady(parts),
    answerName,
    answerMetrics: createAnswerMetrics(parts.metrics),
    answerHealth,
    answerVersion: createAnswerVersion(parts),
    authorizeRest: createAuthorizeRest(parts),
    findStack: createFindStack(parts),
    readRest: createReadRest(parts),
    ...createAuthkeysSteps(parts),
    identifyAsker: createIdentifyAsker(parts),
    readForm,
    answerVerify: createAnswerVerify(parts),
    answerLlamaStack: createAnswerLlamaStack(parts),
    answerIntrospect: createAnswerIntrospect(parts),
    identifyOrchestra: createIdentifyOrchestra(parts),
    admitToStatus: createAdmitToStatus(parts),
    readInfer: createReadInfer(parts),
    authorizeInfer: createAuthorizeInfer(parts),
    pickInfer: createPickInfer(parts),
    forwardInfer: createForwardInfer(parts),
    answerOrchestraName,
    answerWorkers: createAnswerWorkers(parts),
    refuseUnknownPath,
  };
}
