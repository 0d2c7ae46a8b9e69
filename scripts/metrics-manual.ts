import { COUNTED, OBSERVED, type MetricDeclared } from '../src/usage/metric-table.js';

/** `docs/metrics.md`: how to read the metrics and send traces, and every family there is. */
export function metricsManual(generated: string): string {
  return [
    generated,
    '',
    ...BEGINNING,
    '## What is counted as requests end',
    '',
    ...table(Object.values(COUNTED)),
    '',
    '## What is looked up at each scrape',
    '',
    ...table(Object.values(OBSERVED)),
    '',
    ...TRACES,
  ].join('\n');
}

function table(metrics: readonly MetricDeclared[]): string[] {
  const rows = metrics.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${help} |`,
  );
  return ['| Name | Kind | Labels | Meaning |', '| --- | --- | --- | --- |', ...rows];
}

const BEGINNING = [
  '# Metrics and traces',
  '',
  '`GET /metrics` answers in the text form of Prometheus on listeners with `metrics` in `serve`, which the usual listener has',
  'while it is on loopback, has TLS, or `admin.allow_plain_http` is on. A scraper needs a key with the scope `metrics:read` and',
  'without an owner, since the numbers are of all owners:',
  '',
  '```sh',
  'keyporter keys create --name prometheus --scope metrics:read',
  '```',
  '',
  'In `prometheus.yml`, with the secret in a file of its own:',
  '',
  '```text',
  'scrape_configs:',
  '  - job_name: keyporter',
  '    authorization: { credentials_file: /etc/prometheus/keyporter.key }',
  "    static_configs: [{ targets: ['127.0.0.1:5390'] }]",
  'rule_files: [keyporter-alerts.yml]',
  '```',
  '',
  'Alert rules are in [deploy/prometheus/alerts.yml](../deploy/prometheus/alerts.yml), a dashboard for Grafana in',
  '[deploy/grafana/keyporter.json](../deploy/grafana/keyporter.json).',
  '',
  'No label has a value that a client can choose. A model is named when the configuration names it, or a model server lists it',
  '(up to 200 such names); every other name counts as `other`, and a request that asked for no model as `none`. Keys are no',
  'labels unless `metrics.key_label: true` is set: then two families more count by key id, up to 10,000 of them.',
  '',
  'Counting a request costs about 0.2 microseconds of the main thread, and nothing at all where no listener serves metrics. The',
  'names that begin with `gen_ai_` are those of the OpenTelemetry conventions for generative models, which are not final yet.',
  '`keyporter_settled_requests_total`, `keyporter_tokens_total` and `keyporter_gpu_seconds_total` are the sums of the ledger since',
  'the start: `keyporter usage` has the same numbers by key and owner. Counters begin at 0 with each start, the ledger does not.',
  '',
];

const TRACES = [
  '## Traces',
  '',
  'With `tracing.otlp_endpoint` set, each request of an API becomes one trace at that receiver (OTLP over HTTP, in JSON):',
  '',
  '```yaml',
  'tracing: { otlp_endpoint: http://127.0.0.1:4318 }',
  '```',
  '',
  'A span of kind server, named by method and route, covers the request in the gateway; below it stands one of kind client for',
  'each try on a model server, named by operation and model, such as `chat qwen3`. A valid `traceparent` of the client is',
  'continued, and its word counts whether the trace is recorded; the model server gets a `traceparent` of ours, so that its own',
  'spans stand below the try. Without the setting both headers pass through as they came.',
  '',
  'Spans hold names and numbers: route, status, error code, model, engine, tokens, tries, and the ids of request and key. They',
  'never hold prompts, answers, keys, paths or query strings. They are sent once a second in batches. At most 4096 wait; what is',
  'beyond, and what the receiver does not take, is dropped and counted in `keyporter_trace_spans_dropped_total`. Requests that',
  'are refused before their route is known (broken framing, unknown paths) leave no trace; they are in',
  '`keyporter_door_refusals_total`. A receiver that wants a token gets it from the variable `OTEL_EXPORTER_OTLP_HEADERS`, such as',
  '`authorization=Bearer%20TOKEN`, as from every sender of OpenTelemetry. A trace costs about 16 microseconds of the main thread for each request.',
  '',
];
