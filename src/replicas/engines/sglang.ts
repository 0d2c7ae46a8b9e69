import { ALIVE, CHAT, COMPLETION, CONTROL, COUNT_TOKENS, EMBEDDINGS, LIST, MESSAGES, NEVER, OLLAMA_CHAT, OLLAMA_READ, paths, READ, RERANK, RESPONSES, TOKENIZE, TRANSCRIPTION, type Engine } from './engine.js';
import { GRAMMAR, most, PATTERN, refuse, refuseUnless, SCHEMA } from './every-engine.js';

const ELSEWHERE = 'it makes the engine fetch from another server';

export const sglang: Engine = {
  title: 'SGLang',
  probe: '/health',
  paths: [
    ...paths(ALIVE, 'GET /health', 'GET /ping'),
    ...paths(CHAT, 'POST /v1/chat/completions'),
    ...paths(COMPLETION, 'POST /v1/completions'),
    ...paths(RESPONSES, 'POST /v1/responses', 'GET /v1/responses/{id}', 'POST /v1/responses/{id}/cancel'),
    ...paths(MESSAGES, 'POST /v1/messages'),
    ...paths(COUNT_TOKENS, 'POST /v1/messages/count_tokens'),
    ...paths(OLLAMA_CHAT, 'POST /api/chat', 'POST /api/generate'),
    ...paths(OLLAMA_READ, 'GET /api/tags', 'POST /api/show'),
    ...paths(EMBEDDINGS, 'POST /v1/embeddings', 'POST /encode'),
    ...paths(RERANK, 'POST /v1/rerank', 'POST /v1/score', 'POST /v1/classify', 'POST /classify'),
    ...paths(TRANSCRIPTION, 'POST /v1/audio/transcriptions'),
    ...paths(TOKENIZE, 'POST /v1/tokenize', 'POST /v1/detokenize', 'POST /tokenize', 'POST /detokenize', 'POST /parse_function_call', 'POST /separate_reasoning'),
    ...paths(LIST, 'GET /v1/models', 'GET /v1/models/{model}'),
    ...paths(READ, 'GET /health_generate', 'GET /metrics', 'GET /model_info', 'GET /get_model_info', 'GET /server_info', 'GET /get_server_info', 'GET /weight_version', 'GET /get_weight_version', 'GET /get_load', 'GET /v1/loads'),
    ...paths(CONTROL, 'GET /flush_cache', 'POST /flush_cache', 'GET /clear_hicache_storage_backend', 'POST /clear_hicache_storage_backend'),
    ...paths(CONTROL, 'GET /start_profile', 'POST /start_profile', 'GET /stop_profile', 'POST /stop_profile', 'GET /freeze_gc', 'POST /freeze_gc'),
    ...paths(CONTROL, 'POST /load_lora_adapter', 'POST /unload_lora_adapter', 'POST /release_memory_occupation', 'POST /resume_memory_occupation'),
    ...paths(CONTROL, 'POST /open_session', 'POST /close_session', 'POST /abort_request', 'POST /pause_generation', 'POST /continue_generation', 'POST /slow_down', 'POST /set_internal_state'),
    ...paths(NEVER, 'POST /generate', 'PUT /generate', 'POST /generate_from_file', 'POST /invocations', 'POST /vertex_generate', 'POST /configure_logging'),
    ...paths(NEVER, 'POST /update_weights_from_disk', 'POST /update_weights_from_tensor', 'POST /update_weights_from_distributed', 'POST /init_weights_update_group', 'POST /destroy_weights_update_group', 'POST /get_weights_by_name', 'GET /get_weights_by_name', 'POST /update_weight_version'),
  ],
  fields: {
    custom_logit_processor: refuse('it is code that runs inside the engine'),
    bootstrap_host: refuse(ELSEWHERE),
    bootstrap_port: refuse(ELSEWHERE),
    bootstrap_room: refuse(ELSEWHERE),
    rid: refuse('the engine knows requests by ids of Keyporter'),
    session_params: refuse('sessions of the engine are not bound to a caller'),
    extra_key: refuse('it decides with whom prompts share a cache'),
    cache_salt: refuse('it decides with whom prompts share a cache'),
    data_parallel_rank: refuse('where a request runs is for the engine'),
    priority: refuseUnless(/^0(?:\.0+)?$/, 'who comes first is for the operator'),
    return_hidden_states: refuseUnless(/^false$/, 'the inside of the model is not for callers'),
    top_logprobs_num: most(20),
    ebnf: GRAMMAR,
    json_schema: SCHEMA,
    regex: PATTERN,
  },
};
