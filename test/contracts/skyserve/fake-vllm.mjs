// A stand-in for vLLM's server: guards what begins with /v1 by its key, nothing else, and notes every request it gets.
import { createServer } from 'node:http';

const words = process.argv.slice(2);
const option = (name) => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
const key = option('--api-key') ?? process.env.VLLM_API_KEY;
const model = option('--served-model-name') ?? option('--model') ?? 'm';
const seen = [];
let status = 200;

const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => answer(request, Buffer.concat(pieces).toString('utf8'), response));
});

function answer({ method, url, headers }, body, response) {
  const send = (code, value) => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  if (url === '/seen') return send(200, seen);
  if (url === '/environment') return send(200, { environment: process.env, words });
  if (url.startsWith('/status/')) return send(200, (status = Number(url.slice('/status/'.length))));
  seen.push({ method, url, headers, body });
  if (url === '/invocations') return send(200, { unguarded: true });
  if (url.startsWith('/v1') && headers.authorization !== `Bearer ${key}`) return send(401, { error: 'Unauthorized' });
  if (url === '/health') return send(200, {});
  if (url === '/v1/models') {
    if (status === 0) return undefined;
    response.writeHead(status, { 'content-type': 'application/json' });
    return response.end(
      status === 204
        ? undefined
        : JSON.stringify({ object: 'list', data: [{ id: model, object: 'model', created: 1, owned_by: 'vllm' }] }),
    );
  }
  if (url !== '/v1/chat/completions' || method !== 'POST') return send(404, { detail: 'Not Found' });
  const asked = JSON.parse(body);
  if (asked.stream !== true)
    return send(200, {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: asked.model,
      stop_token_ids: asked.stop_token_ids ?? null,
      choices: [
        { index: 0, message: { role: 'assistant', content: 'I am a helpful assistant.' }, finish_reason: 'stop' },
      ],
    });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const tell = ['one', 'two', 'three', 'four'];
  const next = () => {
    const content = tell.shift();
    if (content === undefined) return response.end('data: [DONE]\n\n');
    response.write(
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: asked.model, choices: [{ index: 0, delta: { content }, finish_reason: tell.length === 0 ? 'stop' : null }] })}\n\n`,
    );
    setTimeout(next, 60);
  };
  next();
}

server.listen(Number(option('--port') ?? 8000), option('--host') ?? '0.0.0.0');
