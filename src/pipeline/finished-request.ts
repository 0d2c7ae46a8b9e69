import type { Family, FinishedRequest } from '../usage/finished-request.js';
import type { Exchange } from './exchange.js';
import type { Route } from './routes.js';

const NOBODYS_ENGINE = '';
/** Families of inference scopes, `infer:<family>`. */
const INFERENCE: ReadonlySet<string> = new Set(['chat', 'embeddings', 'rerank', 'audio', 'images', 'realtime']);
/** Text goes on from where the prompt ends. */
const COMPLETION = /\/(completions?|infill|generate)$/;

/** What kind of work a route is for. */
export function familyOf({ path, scope, logged, method }: Route): Family {
  const name = scopeName(scope);
  if (path === '/infer') return 'chat';
  if (path.startsWith('/engines/')) return 'engine';
  if (path.startsWith('/auth/')) return 'verify';
  if (path.startsWith('/admin/') || path.startsWith('/ui')) return 'admin';
  if (path === '/me' || path.startsWith('/me/')) return 'own_key';
  if (name.startsWith('infer:') && INFERENCE.has(name.slice(6))) {
    const isCompletion = name === 'infer:chat' && COMPLETION.test(path) && !path.endsWith('/chat/completions');
    return isCompletion ? 'text_completion' : (name.slice(6) as Family);
  }
  if (name === 'infer' && path !== '/*') return method === 'POST' ? 'tokens' : 'models';
  return logged ? 'other' : 'housekeeping';
}

/** Reads the finished record of a request for those who count. */
export function createFinished(): (exchange: Exchange, durationMs: number) => FinishedRequest {
  const families = new Map<Route, Family>();
  const family = (route: Route): Family => {
    const known = families.get(route);
    if (known !== undefined) return known;
    const found = familyOf(route);
    families.set(route, found);
    return found;
  };
  return (exchange, durationMs) => {
    const { model, replica, attempts, sentAt, caller } = exchange;
    return {
      family: family(exchange.route),
      modelFrom: modelFrom(exchange),
      model: model?.name ?? '',
      engine: attempts > 0 ? (replica?.engine ?? NOBODYS_ENGINE) : NOBODYS_ENGINE,
      status: exchange.status,
      code: exchange.code,
      rule: exchange.rule,
      scope: scopeName(exchange.scope ?? exchange.route.scope),
      caller,
      phase: exchange.inFlight?.phase ?? 'arriving',
      streamed: exchange.head?.stream ?? false,
      soughtPlace: exchange.inFlight !== null && exchange.model !== null,
      attempts,
      queuedMs: exchange.queuedMs,
      bodyMs: exchange.bodyMs,
      sentMs: sentAt === null ? null : sentAt - exchange.startedAt,
      firstByteMs: exchange.firstByteMs,
      durationMs,
      bytesIn: exchange.upload?.received ?? exchange.body?.length ?? 0,
      bytesOut: exchange.bytesOut,
      settled: exchange.admission?.settled ?? null,
    };
  };
}

function modelFrom({ model, head }: Exchange): FinishedRequest['modelFrom'] {
  if (model === null) return typeof head?.model === 'string' ? 'foreign' : 'none';
  if (model.origin === 'configured') return 'named';
  return model.origin === 'found' ? 'found' : 'foreign';
}

function scopeName(scope: Route['scope']): string {
  if (scope === null) return '';
  return 'needed' in scope ? scope.needed : scope.within;
}
