/** One family of numbers, as it stands at `/metrics`. */
export interface MetricDeclared {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: readonly string[];
  /** Upper bounds, without the one that holds everything. */
  buckets?: readonly number[];
}

const doubling = (first: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => Number((first * 2 ** at).toPrecision(12)));

/** As the conventions for generative models want them. */
const OPERATION_SECONDS = doubling(0.01, 14);
const FIRST_TOKEN_SECONDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
const PER_TOKEN_SECONDS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5];
const TOKENS = Array.from({ length: 14 }, (_, at) => 4 ** at);

const OVERHEAD_SECONDS = [
  0.00005, 0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];
const WAIT_SECONDS = [0.001, 0.01, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

const OPERATION = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model'] as const;

/** What is counted as requests end. */
// oxfmt-ignore
export const COUNTED = {
  requests: { name: 'keyporter_requests_total', type: 'counter', labels: ['family', 'model', 'status'], help: 'Finished requests by family of routes, model and class of status.' },
  refusedAtDoor: { name: 'keyporter_door_refusals_total', type: 'counter', labels: ['code'], help: 'Requests refused before their route was known: broken framing, unknown path, foreign host.' },
  errors: { name: 'keyporter_errors_total', type: 'counter', labels: ['code'], help: 'Requests that were refused or broken off, by error code.' },
  auth: { name: 'keyporter_auth_results_total', type: 'counter', labels: ['result', 'reason'], help: 'Judged credentials: accepted by kind of caller, refused or unavailable by reason.' },
  denials: { name: 'keyporter_denials_total', type: 'counter', labels: ['rule', 'name'], help: 'Known callers that were not let through: by limit, scope, route or model.' },
  aborts: { name: 'keyporter_aborts_total', type: 'counter', labels: ['phase', 'code'], help: 'Requests that ended early, by how far they had come and why.' },
  settled: { name: 'keyporter_settled_requests_total', type: 'counter', labels: ['model', 'certainty'], help: 'Requests as the ledger has them, by how well their tokens are known.' },
  tokens: { name: 'keyporter_tokens_total', type: 'counter', labels: ['model', 'type', 'certainty'], help: 'Input and output tokens as the ledger has them.' },
  cachedTokens: { name: 'keyporter_cached_tokens_total', type: 'counter', labels: ['model'], help: 'Input tokens that engines read from their caches, as far as they tell.' },
  gpuSeconds: { name: 'keyporter_gpu_seconds_total', type: 'counter', labels: ['model', 'certainty'], help: 'Seconds of engine time as the ledger has them.' },
  attempts: { name: 'keyporter_upstream_attempts_total', type: 'counter', labels: ['model'], help: 'Times a request was sent to a model server.' },
  retries: { name: 'keyporter_upstream_retries_total', type: 'counter', labels: ['model'], help: 'Of those, the ones on another replica than the first.' },
  bytesIn: { name: 'keyporter_request_bytes_total', type: 'counter', labels: [], help: 'Bytes of request bodies.' },
  bytesOut: { name: 'keyporter_response_bytes_total', type: 'counter', labels: [], help: 'Bytes of answers.' },
  queueWait: { name: 'keyporter_queue_wait_seconds', type: 'histogram', labels: ['model'], buckets: WAIT_SECONDS, help: 'Time requests waited for room on a replica, those that found it at once included.' },
  overhead: { name: 'keyporter_overhead_seconds', type: 'histogram', labels: [], buckets: OVERHEAD_SECONDS, help: "The gateway's own time: from the head of a request to its first sending, without the wait for its body and for room." },
  duration: { name: 'keyporter_request_duration_seconds', type: 'histogram', labels: ['family'], buckets: OPERATION_SECONDS, help: 'From the head of a request to the end of its answer.' },
  keyRequests: { name: 'keyporter_key_requests_total', type: 'counter', labels: ['key_id'], help: 'Finished requests by key. Only with `metrics.key_label: true`.' },
  keyTokens: { name: 'keyporter_key_tokens_total', type: 'counter', labels: ['key_id', 'type'], help: 'Tokens by key. Only with `metrics.key_label: true`.' },
  tokenUsage: { name: 'gen_ai_client_token_usage', type: 'histogram', labels: [...OPERATION, 'gen_ai_token_type'], buckets: TOKENS, help: 'Input and output tokens of a request.' },
  clientDuration: { name: 'gen_ai_client_operation_duration_seconds', type: 'histogram', labels: OPERATION, buckets: OPERATION_SECONDS, help: 'From the first sending to a model server to the end of its answer.' },
  firstChunk: { name: 'gen_ai_client_operation_time_to_first_chunk_seconds', type: 'histogram', labels: OPERATION, buckets: FIRST_TOKEN_SECONDS, help: 'From the first sending to a model server to the first byte of a streamed answer.' },
  serverDuration: { name: 'gen_ai_server_request_duration_seconds', type: 'histogram', labels: [...OPERATION, 'error_type'], buckets: OPERATION_SECONDS, help: 'From the head of a request for a model to the end of its answer. `error_type` is empty when all went well.' },
  perOutputToken: { name: 'gen_ai_server_time_per_output_token_seconds', type: 'histogram', labels: OPERATION, buckets: PER_TOKEN_SECONDS, help: 'Time for each output token after the first, of streamed answers.' },
  firstToken: { name: 'gen_ai_server_time_to_first_token_seconds', type: 'histogram', labels: OPERATION, buckets: FIRST_TOKEN_SECONDS, help: 'From the head of a request to the first byte of its streamed answer, waiting included.' },
} satisfies Record<string, MetricDeclared>;

/** What is looked up when somebody asks. */
// oxfmt-ignore
export const OBSERVED = {
  build: { name: 'keyporter_build_info', type: 'gauge', labels: ['version'], help: 'Always 1; the label tells the version.' },
  inFlight: { name: 'keyporter_requests_in_flight', type: 'gauge', labels: ['phase'], help: 'Requests that wait or run now, by how far they have come.' },
  queueDepth: { name: 'keyporter_queue_depth', type: 'gauge', labels: ['model'], help: 'Requests that wait for room now.' },
  replicaState: { name: 'keyporter_replica_state', type: 'gauge', labels: ['replica', 'state'], help: '1 for the state a model server is in, 0 for the others.' },
  replicaInFlight: { name: 'keyporter_replica_requests_in_flight', type: 'gauge', labels: ['replica'], help: 'Requests on a model server now.' },
  replicaSlots: { name: 'keyporter_replica_slots', type: 'gauge', labels: ['replica'], help: 'Most requests on a model server at one time.' },
  journalWaiting: { name: 'keyporter_journal_waiting_rows', type: 'gauge', labels: [], help: 'Rows of the ledger that are not on disk yet.' },
  journalDropped: { name: 'keyporter_journal_dropped_rows_total', type: 'counter', labels: [], help: 'Rows of the ledger that were lost because the disk took none.' },
  auditWaiting: { name: 'keyporter_audit_waiting_changes', type: 'gauge', labels: [], help: 'Changes of keys, each written together with its audit row, and questions that the key store has not answered yet.' },
  requestLogDropped: { name: 'keyporter_request_log_dropped_rows_total', type: 'counter', labels: [], help: 'Rows of the request log that were lost because the disk took none.' },
  limitAccounts: { name: 'keyporter_limit_accounts', type: 'gauge', labels: [], help: 'Accounts whose use is remembered for limits.' },
  keys: { name: 'keyporter_keys', type: 'gauge', labels: [], help: 'Keys in memory.' },
  draining: { name: 'keyporter_draining', type: 'gauge', labels: [], help: '1 while the gateway lets running requests end and takes no new ones.' },
  reloadOk: { name: 'keyporter_config_last_reload_successful', type: 'gauge', labels: [], help: '0 when the last reload of the configuration failed and the one before still runs.' },
  spansDropped: { name: 'keyporter_trace_spans_dropped_total', type: 'counter', labels: [], help: 'Spans that were lost because the receiver of traces took none.' },
  cpu: { name: 'process_cpu_seconds_total', type: 'counter', labels: [], help: 'Processor time of all threads, user and system.' },
  resident: { name: 'process_resident_memory_bytes', type: 'gauge', labels: [], help: 'Resident memory.' },
  started: { name: 'process_start_time_seconds', type: 'gauge', labels: [], help: 'When the process began, in Unix seconds.' },
  heapUsed: { name: 'nodejs_heap_size_used_bytes', type: 'gauge', labels: [], help: 'Used heap of the main thread.' },
  heapTotal: { name: 'nodejs_heap_size_total_bytes', type: 'gauge', labels: [], help: 'Heap of the main thread.' },
  external: { name: 'nodejs_external_memory_bytes', type: 'gauge', labels: [], help: 'Memory of the main thread outside the heap.' },
  eventLoop: { name: 'nodejs_eventloop_utilization', type: 'gauge', labels: [], help: 'Share of the time since the last scrape in which the main thread was busy, 0 to 1.' },
  eventLoopLag: { name: 'nodejs_eventloop_lag_p99_seconds', type: 'gauge', labels: [], help: 'How late timers of the main thread were since the last scrape, 99th percentile.' },
} satisfies Record<string, MetricDeclared>;

export type CountedName = keyof typeof COUNTED;
export type ObservedName = keyof typeof OBSERVED;

/** Every name at `/metrics`, in the order of the page. */
export const METRICS: readonly MetricDeclared[] = [...Object.values(COUNTED), ...Object.values(OBSERVED)];
