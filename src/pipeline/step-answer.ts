import { decide } from '../access/decide.js';
import { unixSeconds } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { headerValue } from '../core/headers.js';
import type { OfferedModel } from '../replicas/model.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { unknownModel } from './step-identify.js';
import type { Step } from './steps.js';
import { answerWhole, type WholeAnswer } from './whole-answer.js';

/** Which models may this caller use? Answers the list, or one of them, without asking a server. */
export function createAnswerModels(parts: Parts): Step {
  return (exchange) => {
    const { catalogue } = parts.settings();
    const caller = need(exchange.caller, 'caller');
    const nowSeconds = unixSeconds(parts.clock);
    const allowed = (model: OfferedModel): boolean =>
      decide({ caller, asked: { scope: null, model, address: null }, nowSeconds }).allowed;
    const words = headerValue(exchange.request.headers, 'anthropic-version') === undefined ? OPENAI : ANTHROPIC;
    if (exchange.param === null) {
      answerJson(exchange, words.list(catalogue.list().filter(allowed).flatMap(names)));
      return;
    }
    const model = catalogue.resolve(exchange.param);
    if (model === null || !allowed(model))
      throw new Refusal('model_not_found', { message: unknownModel(exchange.param), param: 'model' });
    exchange.model = model;
    answerJson(exchange, words.one({ id: exchange.param, model }));
  };
}

interface Named {
  id: string;
  model: OfferedModel;
}

/** A model stands in the list under its name and under each of its aliases. */
function names(model: OfferedModel): Named[] {
  return [model.name, ...model.aliases].map((id) => ({ id, model }));
}

interface Words {
  one(named: Named): object;
  list(all: readonly Named[]): object;
}

const OPENAI: Words = {
  one: ({ id, model }) => ({ id, object: 'model', created: model.created, owned_by: model.ownedBy }),
  list: (all) => ({ object: 'list', data: all.map(OPENAI.one) }),
};

const ANTHROPIC: Words = {
  one: ({ id, model }) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: new Date(model.created * 1000).toISOString(),
  }),
  list: (all) => ({
    data: all.map(ANTHROPIC.one),
    has_more: false,
    first_id: all[0]?.id ?? null,
    last_id: all.at(-1)?.id ?? null,
  }),
};

/** Alive, and nothing else. */
export const answerAlive: Step = (exchange) => answerJson(exchange, { status: 'ok' });

/** The same in the words of Llama Stack. */
export const answerHealth: Step = (exchange) => answerJson(exchange, { status: 'OK' });

/** Which version runs, for clients of Llama Stack, which ask before they know a key. */
export function createAnswerVersion({ version }: Parts): Step {
  return (exchange) => answerJson(exchange, { version });
}

/** The name, and nothing else. */
export const answerName: Step = (exchange) => answerJson(exchange, { name: 'keyporter' });

/** Ready for requests: keys are loaded and no drain goes on. Says nothing of the model servers. */
export function createAnswerReady(parts: Parts): Step {
  return (exchange) => {
    if (parts.ready()) answerJson(exchange, { status: 'ready' });
    else answerJson(exchange, { status: 'not ready' }, { status: 503 });
  };
}

/** Answers with JSON of our own. */
export function answerJson(exchange: Exchange, body: object, answer: Omit<WholeAnswer, 'type'> = {}): void {
  answerWhole(exchange, JSON.stringify(body), answer);
}
