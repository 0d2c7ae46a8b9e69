import { Refusal } from '../core/errors.js';
import type { EngineStepName } from './engine-step-name.js';
import { engineScope, readEngineAsked, type EngineAsked } from './engine-path.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { createAnswerLmStudio, createAnswerOllama } from './step-native-lists.js';
import { createAuthorizeParts, createReadParts } from './step-form.js';
import { createFindRealtime, createTunnelStep } from './step-realtime.js';
import { judge } from './step-identify.js';
import type { Step } from './steps.js';

/** Bodies of an engine's own routes hold settings, nothing large. */
const MAX_ENGINE_BODY_BYTES = 1_048_576;

/** The code of the stages that only engines' own contracts have. */
export function createEngineSteps(parts: Parts): Record<EngineStepName, Step> {
  return {
    findEnginePath: createFindEnginePath(parts),
    readEngineBody,
    nameDeployment,
    findRealtime: createFindRealtime(parts),
    tunnel: createTunnelStep(parts),
    readParts: createReadParts(parts),
    authorizeParts: createAuthorizeParts(parts),
    answerOllama: createAnswerOllama(parts),
    answerLmStudio: createAnswerLmStudio(parts),
  };
}

/**
 * Which path of which engine is asked for, and may this caller? Adds the model and the target. Refuses
 * with 404 what the table does not have, whatever the scope, and with 403 what needs another one.
 */
function createFindEnginePath(parts: Parts): Step {
  return (exchange) => {
    const rest = exchange.param ?? '';
    const [name = ''] = rest.split('/');
    // Names the model in the 404, the same one whether it is unknown or forbidden.
    exchange.head = { model: name, modelAt: null, stream: false, previousResponse: null, members: [] };
    const asked = readEngineAsked(parts.settings().catalogue, exchange.request.method, rest);
    judge(exchange, { scope: null, model: asked?.model ?? 'unknown', address: null }, parts);
    if (asked === null) return;
    const scope = engineScope(asked, exchange.request.method);
    exchange.scope = scope;
    judge(exchange, { scope, model: null, address: null }, parts);
    refuseOtherModel(exchange.request.query, asked);
    exchange.model = asked.model;
    exchange.target = { path: asked.path, query: exchange.request.query };
  };
}

/** Servers of several models take the model from the query: it must be the one that was judged. */
function refuseOtherModel(query: string, { model }: EngineAsked): void {
  for (const name of new URLSearchParams(query).getAll('model')) {
    if (name !== model.upstreamName)
      throw new Refusal('invalid_value', {
        message: '"model" in the query must be the name the engine has for the model in the path.',
        param: 'model',
      });
  }
}

/** The settings in a body: well-formed JSON of any kind, or nothing. Adds the body. */
const readEngineBody: Step = async (exchange) => {
  const { contentLength, contentType } = exchange.request;
  if (contentLength !== 0) {
    if (contentType === null || !/^application\/json *(;|$)/i.test(contentType))
      throw new Refusal('unsupported_media_type');
    exchange.body = await exchange.source.readBody({ maxBytes: MAX_ENGINE_BODY_BYTES, contentLength });
    refuseBadJson(exchange.body);
  }
  exchange.bodyRead = true;
};

function refuseBadJson(body: Buffer): void {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new Refusal('invalid_json', { cause });
  }
}

/** Azure's form: the deployment in the path is the model. Refuses a body that names another one. */
const nameDeployment: Step = (exchange: Exchange) => {
  const head = need(exchange.head, 'head');
  const deployment = exchange.param ?? '';
  if (head.model !== null && head.model !== deployment) {
    throw new Refusal('invalid_value', {
      message: `The body names the model "${head.model}" and the path "${deployment}". Name one.`,
      param: 'model',
    });
  }
  exchange.head = { ...head, model: deployment, stated: head.model };
  exchange.target = { path: `/v1${exchange.route.path.slice(exchange.route.path.indexOf('}') + 1)}`, query: '' };
};
