/** What each engine publishes in its own documentation, as `METHOD /path`. */
export const PUBLISHED: Record<string, readonly string[]> = {
  'llama.cpp': [
    'GET /health', 'GET /v1/health', 'POST /completion', 'POST /completions', 'POST /v1/completions', 'POST /tokenize', 'POST /detokenize', 'POST /apply-template',
    'POST /embedding', 'POST /embeddings', 'POST /v1/embeddings', 'POST /rerank', 'POST /reranking', 'POST /v1/rerank', 'POST /v1/reranking', 'POST /infill', 'GET /props', 'POST /props',
    'POST /chat/completions', 'POST /v1/chat/completions', 'POST /v1/responses', 'POST /v1/messages', 'POST /v1/messages/count_tokens', 'GET /slots', 'GET /metrics', 'POST /slots/0',
    'GET /lora-adapters', 'POST /lora-adapters', 'GET /models', 'GET /v1/models', 'POST /models/load', 'POST /models/unload', 'GET /api/tags', 'POST /api/show', 'POST /api/chat',
  ],
  vllm: [
    'GET /health', 'GET /load', 'GET /ping', 'POST /ping', 'POST /tokenize', 'POST /detokenize', 'GET /v1/models', 'GET /version', 'POST /v1/responses', 'GET /v1/responses/resp_1', 'POST /v1/responses/resp_1/cancel',
    'POST /v1/chat/completions', 'POST /v1/completions', 'POST /v1/messages', 'POST /v1/messages/count_tokens', 'POST /v1/embeddings', 'POST /pooling', 'POST /classify', 'POST /score', 'POST /v1/score',
    'POST /v1/audio/transcriptions', 'POST /v1/audio/translations', 'POST /rerank', 'POST /v1/rerank', 'POST /v2/rerank', 'GET /v1/realtime', 'POST /invocations', 'GET /metrics', 'GET /server_info',
    'POST /reset_prefix_cache', 'POST /reset_mm_cache', 'POST /sleep', 'POST /wake_up', 'GET /is_sleeping', 'POST /collective_rpc', 'POST /v1/load_lora_adapter', 'POST /v1/unload_lora_adapter', 'POST /start_profile', 'POST /stop_profile',
  ],
  sglang: [
    'GET /health', 'GET /health_generate', 'GET /model_info', 'GET /get_model_info', 'GET /server_info', 'GET /get_server_info', 'POST /generate', 'POST /encode', 'POST /classify', 'POST /flush_cache', 'GET /flush_cache',
    'POST /start_profile', 'POST /stop_profile', 'POST /update_weights_from_disk', 'POST /init_weights_update_group', 'POST /update_weights_from_distributed', 'POST /get_weights_by_name', 'POST /release_memory_occupation',
    'POST /resume_memory_occupation', 'POST /load_lora_adapter', 'POST /unload_lora_adapter', 'POST /open_session', 'POST /close_session', 'POST /configure_logging', 'POST /abort_request', 'POST /parse_function_call',
    'POST /separate_reasoning', 'POST /v1/completions', 'POST /v1/chat/completions', 'POST /v1/embeddings', 'POST /v1/score', 'POST /v1/rerank', 'POST /v1/responses', 'GET /v1/models', 'POST /tokenize', 'POST /detokenize', 'GET /metrics', 'GET /get_load',
  ],
  ollama: [
    'GET /', 'HEAD /', 'GET /api/version', 'POST /api/generate', 'POST /api/chat', 'POST /api/create', 'GET /api/tags', 'POST /api/show', 'POST /api/copy', 'DELETE /api/delete', 'POST /api/pull', 'POST /api/push',
    'POST /api/embed', 'POST /api/embeddings', 'GET /api/ps', 'HEAD /api/blobs/sha256:00', 'POST /api/blobs/sha256:00', 'POST /v1/chat/completions', 'POST /v1/completions', 'POST /v1/embeddings', 'GET /v1/models', 'GET /v1/models/llama3',
    'POST /v1/responses', 'POST /v1/messages', 'POST /api/me', 'POST /api/signout',
  ],
  lmstudio: [
    'GET /v1/models', 'POST /v1/chat/completions', 'POST /v1/completions', 'POST /v1/embeddings', 'POST /v1/responses', 'POST /v1/messages', 'GET /api/v0/models', 'GET /api/v0/models/qwen3', 'POST /api/v0/chat/completions',
    'POST /api/v0/completions', 'POST /api/v0/embeddings', 'POST /api/v1/chat', 'GET /api/v1/models', 'POST /api/v1/models/load', 'POST /api/v1/models/unload', 'POST /api/v1/models/download', 'GET /api/v1/models/download/status/job1',
  ],
  openai: [
    'POST /v1/chat/completions', 'POST /v1/completions', 'POST /v1/embeddings', 'POST /v1/responses', 'GET /v1/responses/resp_1', 'DELETE /v1/responses/resp_1', 'POST /v1/audio/speech', 'POST /v1/audio/transcriptions',
    'POST /v1/audio/translations', 'POST /v1/images/generations', 'POST /v1/images/edits', 'POST /v1/images/variations', 'GET /v1/models', 'GET /v1/models/gpt-4o', 'DELETE /v1/models/ft', 'POST /v1/moderations', 'POST /v1/files', 'GET /v1/realtime',
  ],
  orchestra: ['POST /infer', 'GET /', 'GET /status', 'GET /metrics', 'GET /logs', 'GET /logs_json', 'GET /dashboard'],
  'llama-stack': [
    'GET /v1/health', 'GET /v1/version', 'GET /v1/inspect/routes', 'GET /v1/providers', 'POST /v1/chat/completions', 'POST /v1/completions', 'POST /v1/embeddings', 'POST /v1/responses', 'GET /v1/models', 'POST /v1/models',
    'GET /v1/tools', 'GET /v1/toolgroups', 'POST /v1/tool-runtime/invoke', 'GET /v1/shields', 'POST /v1/safety/run-shield', 'GET /v1/vector_stores', 'POST /v1/vector-io/query', 'GET /v1/files',
  ],
};
