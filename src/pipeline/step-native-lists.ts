import { decide } from '../access/decide.js';
import { unixSeconds } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { OfferedModel } from '../replicas/model.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { answerJson } from './step-answer.js';
import { unknownModel } from './step-identify.js';
import type { Step } from './steps.js';

/** The version of Ollama's API that these routes follow; clients ask for it to know what they may send. */
const OLLAMA_API = '0.12.6';
/** Ollama's way of saying that a model stays loaded. */
const FAR_AWAY = '2318-01-01T00:00:00Z';

interface Named {
  id: string;
  model: OfferedModel;
}

/** Which models may this caller use? In the words of Ollama, without asking a server. */
export function createAnswerOllama(parts: Parts): Step {
  return (exchange) => {
    const { path } = exchange.request;
    if (path === '/api/version') return answerJson(exchange, { version: OLLAMA_API });
    const running = path === '/api/ps';
    answerJson(exchange, {
      models: usable(exchange, parts).map((named) =>
        running ? { ...tag(named), expires_at: FAR_AWAY, size_vram: 0 } : tag(named),
      ),
    });
  };
}

function tag({ id, model }: Named): object {
  const details = {
    parent_model: '',
    format: '',
    family: '',
    families: null,
    parameter_size: '',
    quantization_level: '',
  };
  return {
    name: id,
    model: id,
    modified_at: new Date(model.created * 1000).toISOString(),
    size: 0,
    digest: '',
    details,
  };
}

/** The same in the words of LM Studio: the list, or one of them. */
export function createAnswerLmStudio(parts: Parts): Step {
  return (exchange) => {
    const all = usable(exchange, parts);
    if (exchange.param === null) return answerJson(exchange, { object: 'list', data: all.map(card) });
    const one = all.find(({ id }) => id === exchange.param);
    if (one === undefined)
      throw new Refusal('model_not_found', { message: unknownModel(exchange.param), param: 'model' });
    answerJson(exchange, card(one));
  };
}

function card({ id, model }: Named): object {
  return { id, object: 'model', type: 'llm', publisher: model.ownedBy, state: 'loaded' };
}

/** Every name under which this caller may use a model. */
function usable(exchange: Exchange, parts: Parts): Named[] {
  const caller = need(exchange.caller, 'caller');
  const nowSeconds = unixSeconds(parts.clock);
  return parts
    .settings()
    .catalogue.list()
    .filter((model) => decide({ caller, asked: { scope: null, model, address: null }, nowSeconds }).allowed)
    .flatMap((model) => [model.name, ...model.aliases].map((id) => ({ id, model })));
}
