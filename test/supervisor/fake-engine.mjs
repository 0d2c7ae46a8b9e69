// A model server to be started by tests: speaks the OpenAI protocol, wants the key in FAKE_API_KEY or in a file, answers with its pid.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const options = new Map(
  process.argv.slice(2).map((word) => /^--([\w-]+)(?:=(.*))?$/.exec(word)?.slice(1) ?? [word, '']),
);
const number = (name, usual) => Number(options.get(name) ?? usual);
const key = options.has('key-file')
  ? readFileSync(options.get('key-file'), 'utf8').trim()
  : (process.env.FAKE_API_KEY ?? '');
const startedAt = performance.now();

console.log(`engine ${process.pid} begins, key ${key}`);
if (options.has('crash')) {
  console.error('no such model');
  process.exit(3);
}
if (options.has('ignore-sigterm')) process.on('SIGTERM', () => {});

const isReady = () => !options.has('never-ready') && performance.now() - startedAt >= number('ready-after', 0);

const server = createServer((request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const locked = !options.has('open') && request.headers.authorization !== `Bearer ${key}`;
  if (locked) return answer(401, { error: { message: 'wrong key' } });
  if (request.url === '/health')
    return isReady() ? answer(200, { status: 'ok' }) : answer(503, { error: { message: 'Loading model' } });
  if (request.url === '/v1/models')
    return answer(200, { object: 'list', data: [{ id: 'm', object: 'model', created: 1, owned_by: 'fake' }] });
  if (request.url === '/environment') return answer(200, process.env);
  if (request.method !== 'POST' || request.url !== '/v1/chat/completions')
    return answer(404, { error: { message: 'no such route' } });
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => complete(JSON.parse(Buffer.concat(pieces).toString('utf8')), response, answer));
});

function complete(body, response, answer) {
  const content = `pid ${process.pid}`;
  if (body.stream !== true) {
    const reply = () =>
      answer(200, {
        id: 'c',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      });
    return setTimeout(reply, number('think', 0));
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let left = number('chunks', 20);
  const chunk = (delta, finish) =>
    JSON.stringify({
      id: 'c',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
  const timer = setInterval(
    () => {
      left -= 1;
      response.write(`data: ${left > 0 ? chunk({ content }, null) : chunk({}, 'stop')}\n\n`);
      if (left > 0) return;
      clearInterval(timer);
      response.end('data: [DONE]\n\n');
    },
    number('pace', 20),
  );
  response.on('close', () => clearInterval(timer));
}

server.listen(number('port'), options.get('host') ?? '127.0.0.1', () => console.log('listens'));
