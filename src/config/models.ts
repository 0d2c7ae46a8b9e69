import { isCanonicalPath, isHostName } from './forms.js';
import {
  choice,
  flag,
  group,
  listOf,
  named,
  path,
  secret,
  section,
  text,
  textLike,
  told,
  wholeNumber,
} from './members.js';
import { laterModelMembers } from './later-model-members.js';
import { normalUpstreamUrl, upstreamUrlFault } from './upstream-url.js';
import * as z from 'zod';

function modelName() {
  return text(256);
}

function engine() {
  return choice(['auto', 'llama.cpp', 'vllm', 'sglang', 'ollama', 'lmstudio', 'openai', 'orchestra', 'llama-stack'])
    .default('auto')
    .describe('What kind of server it is. `auto` = ask it.');
}

/** A URL that Keyporter may connect to, exactly as written. */
function reachableUrl() {
  return z
    .string(told('must be a full http:// or https:// URL, such as http://127.0.0.1:8080'))
    .superRefine((value, context) => {
      const fault = upstreamUrlFault(value);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault, input: value });
    });
}

function serverUrl() {
  return reachableUrl()
    .transform(normalUpstreamUrl)
    .meta({
      description:
        'Where the server is. A trailing `/` or `/v1` is dropped. Link-local and metadata addresses and the gateway itself are refused.',
      examples: ['http://127.0.0.1:8080'],
    });
}

function serverKey() {
  return secret()
    .nullable()
    .default(null)
    .meta({
      description: 'The key the server itself asks for. Sent with every request to it, never shown.',
      examples: ['${VLLM_KEY}'],
    });
}

export const upstreams = listOf(group({ url: serverUrl(), api_key: serverKey(), engine: engine() }))
  .default([])
  .meta({
    description: 'Model servers whose own model lists are offered.',
    examples: [[{ url: 'http://127.0.0.1:8080' }]],
  });

const replica = group({
  url: serverUrl()
    .nullable()
    .default(null)
    .meta({
      description:
        'Where the server is. A trailing `/` or `/v1` is dropped. Link-local and metadata addresses and the gateway itself are refused.',
      examples: ['http://127.0.0.1:8080'],
    }),
  dns: textLike(isHostName, 'must be a host name, such as qwen.models.svc.cluster.local')
    .nullable()
    .default(null)
    .meta({
      description:
        'Name in place of `url`: every address behind it is a replica, spoken to over plain HTTP. Looked up again every 5 seconds; while that fails the last addresses stay.',
      examples: ['qwen.models.svc.cluster.local'],
    }),
  port: wholeNumber(1, 65_535)
    .nullable()
    .default(null)
    .meta({ description: 'Port for `dns`.', examples: [8000] }),
  api_key: serverKey(),
  ca_file: path()
    .nullable()
    .default(null)
    .meta({
      description:
        'PEM file that vouches for the certificate of the server, besides the authorities of the system. Relative to the configuration file.',
      examples: ['/etc/keyporter/engines-ca.pem'],
    }),
  weight: wholeNumber(1, 1000).default(1).describe('Share of this replica under `balance: weighted_least_load`.'),
});

const replicas = listOf(replica, 0, 1000)
  .default([])
  .meta({
    description:
      'The servers that have this model, unless there is a `command` that starts them. Each has a `url`, or `dns` and `port`.',
    examples: [[{ url: 'http://10.0.0.5:8000', api_key: '${VLLM_KEY}' }]],
  });

const paths = z
  .record(z.string(), reachableUrl(), told('must be a map from paths to URLs'))
  .superRefine((map, context) => {
    for (const path of Object.keys(map).filter((name) => !isCanonicalPath(name))) {
      context.addIssue({
        code: 'custom',
        path: [path],
        message:
          'must be named by a plain path, such as /v1/chat/completions: no query, escapes, `..`, `//` or `/` at the end',
        input: path,
        continue: true,
      });
    }
  })
  .default({})
  .meta({
    description: 'Another full URL for one path of the API.',
    examples: [{ '/v1/embeddings': 'http://10.0.0.9:1234/v1/embeddings' }],
  });

const timeouts = section({
  connect_ms: wholeNumber(1, 600_000, 'milliseconds')
    .default(2000)
    .describe('Longest time to connect, in milliseconds.'),
  first_byte_seconds: wholeNumber(1, 604_800, 'seconds')
    .default(1800)
    .describe('Longest wait for the first byte of a streamed answer, in seconds.'),
  idle_seconds: wholeNumber(1, 604_800, 'seconds')
    .default(120)
    .describe('Longest silence within a streamed answer, in seconds, counted from its first byte.'),
  total_seconds: wholeNumber(1, 604_800, 'seconds')
    .default(3600)
    .describe('Longest whole answer, in seconds. The only bound on an answer that is not streamed.'),
}).describe('How long a server may take.');

const model = group({
  aliases: listOf(modelName())
    .default([])
    .meta({ description: 'Other names for it.', examples: [['gpt-4o-mini']] }),
  engine: engine(),
  upstream_model: modelName()
    .nullable()
    .default(null)
    .meta({
      description: 'The name sent to the server. `null` = the name of the model; for `"*"` the name asked for.',
      examples: ['Qwen/Qwen3-8B'],
    }),
  restricted: flag().default(false).describe('Only keys with a model pattern that matches it may use it (`*` does).'),
  replicas,
  paths,
  timeouts,
  ...laterModelMembers,
});

export const defaultModel = modelName()
  .nullable()
  .default(null)
  .meta({
    description: 'The model for bodies that name none. `null` = the only one, when exactly one is served.',
    examples: ['qwen3'],
  });

export const unknownModel = choice(['refuse', 'default'])
  .default('refuse')
  .describe(
    'What happens to a name nobody serves: 404, or the default model answers (`default_model` must then be set).',
  );

export const models = named(model).meta({
  description:
    'Models by the name clients ask for. `"*"` passes any other name on. With neither `models` nor `upstreams` the gateway looks for model servers on the usual ports of this machine.',
  examples: [{ qwen3: { replicas: [{ url: 'http://10.0.0.5:8000' }] } }],
});
