import { llamaCpp, llamaCppPlain } from '../dialects/llama-cpp.js';
import { ollama } from '../dialects/ollama.js';
import { openai, plain } from '../dialects/openai.js';
import { inference, needs, type Route, type StepName } from './routes.js';

const ANY = { within: 'infer' };
const CHAT = needs('infer:chat');
const EMBEDDINGS = needs('infer:embeddings');

const OWN_LIST = ['identify', 'authorize', 'answerOllama'] as const;
const ENGINE_READ = ['identify', 'authorize', 'findEnginePath', 'pick', 'forward'] as const;
const ENGINE_BODY = ['identify', 'authorize', 'findEnginePath', 'readEngineBody', 'pick', 'forward'] as const;
const DEPLOYMENT = [
  'identify',
  'authorize',
  'readBody',
  'nameDeployment',
  'authorizeModel',
  'admit',
  'pick',
  'forward',
] as const;

const list = (path: string): Route => ({
  method: 'GET',
  path,
  scope: ANY,
  dialect: ollama,
  steps: OWN_LIST,
  logged: true,
});
const lmStudioList = (path: string): Route => ({
  ...list(path),
  dialect: plain,
  steps: ['identify', 'authorize', 'answerLmStudio'],
});
const engine = (method: string, steps: readonly StepName[]): Route => ({
  method,
  path: '/engines/{path}',
  scope: { within: 'engine' },
  dialect: plain,
  steps,
  logged: true,
});
const deployment = (end: string, scope: Route['scope'], dialect: Route['dialect']): Route => ({
  ...inference(`/openai/deployments/{model}/${end}`, scope, dialect),
  steps: DEPLOYMENT,
});

const REALTIME = ['identify', 'authorize', 'findRealtime', 'admit', 'pick', 'tunnel'] as const;
const DEPLOYMENT_FORM = [
  'identify',
  'authorize',
  'readParts',
  'nameDeployment',
  'authorizeParts',
  'admit',
  'pick',
  'forward',
] as const;
const FORM = ['identify', 'authorize', 'readParts', 'authorizeParts', 'admit', 'pick', 'forward'] as const;
const form = (path: string, scope: Route['scope']): Route => ({ ...inference(path, scope, plain), steps: FORM });
const deploymentForm = (end: string, scope: Route['scope']): Route => ({
  ...deployment(end, scope, plain),
  steps: DEPLOYMENT_FORM,
});

/** The contracts of single engines, and OpenAI's in the form of Azure. They stand beside the routes of OpenAI and Anthropic. */
export const NATIVE_ROUTES: readonly Route[] = [
  inference('/completion', CHAT, llamaCpp),
  inference('/infill', CHAT, llamaCpp),
  inference('/embedding', EMBEDDINGS, llamaCppPlain),
  inference('/rerank', needs('infer:rerank'), llamaCppPlain),
  inference('/tokenize', ANY, llamaCppPlain),
  inference('/detokenize', ANY, llamaCppPlain),
  inference('/apply-template', ANY, llamaCppPlain),
  { ...inference('/api/chat', CHAT, ollama), streamsByItself: true },
  { ...inference('/api/generate', CHAT, ollama), streamsByItself: true },
  inference('/api/embed', EMBEDDINGS, ollama),
  inference('/api/embeddings', EMBEDDINGS, ollama),
  inference('/api/show', ANY, ollama),
  list('/api/tags'),
  list('/api/ps'),
  list('/api/version'),
  lmStudioList('/api/v0/models'),
  lmStudioList('/api/v0/models/{model}'),
  inference('/api/v0/chat/completions', CHAT, openai),
  inference('/api/v0/completions', CHAT, openai),
  inference('/api/v0/embeddings', EMBEDDINGS, plain),
  inference('/v1/audio/speech', needs('infer:audio'), plain),
  inference('/v1/images/generations', needs('infer:images'), plain),
  form('/v1/audio/transcriptions', needs('infer:audio')),
  form('/v1/audio/translations', needs('infer:audio')),
  form('/v1/images/edits', needs('infer:images')),
  form('/v1/images/variations', needs('infer:images')),
  {
    method: 'GET',
    path: '/v1/realtime',
    scope: needs('infer:realtime'),
    dialect: plain,
    steps: REALTIME,
    logged: true,
    upgrades: true,
  },
  deployment('chat/completions', CHAT, openai),
  deployment('completions', CHAT, openai),
  deployment('embeddings', EMBEDDINGS, plain),
  deployment('audio/speech', needs('infer:audio'), plain),
  deployment('images/generations', needs('infer:images'), plain),
  deploymentForm('audio/transcriptions', needs('infer:audio')),
  deploymentForm('audio/translations', needs('infer:audio')),
  deploymentForm('images/edits', needs('infer:images')),
  engine('GET', ENGINE_READ),
  engine('POST', ENGINE_BODY),
  engine('DELETE', ENGINE_BODY),
];
