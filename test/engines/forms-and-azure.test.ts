import OpenAI, { AzureOpenAI, toFile } from 'openai';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startWorld } from '../support/start-gateway.js';
import { headBytes } from '../support/exchange.js';
import { ask } from './ask.js';

const upstream = await RecordingUpstream.start({ models: [] });
const replicas = [{ url: upstream.url, api_key: 'sk-upstream-canary-0f1e2d3c4b5a6978' }];
const world = await startWorld({
  server: { max_body_bytes: 1_000_000 },
  models: {
    whisper: { replicas },
    renamed: { replicas, upstream_model: 'Vendor/Whisper' },
    'org/tts': { replicas },
    secret: { replicas, restricted: true },
  },
});
afterAll(async () => {
  await world.close();
  await upstream.close();
});
afterEach(() => upstream.forget());

const client = new OpenAI({ apiKey: world.key, baseURL: `${world.gateway.url}/v1`, maxRetries: 0 });
const azure = new AzureOpenAI({
  apiKey: world.key,
  endpoint: world.gateway.url,
  apiVersion: '2024-10-21',
  maxRetries: 0,
});
const sound = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 251));

describe('the openai package sends audio and pictures through the gateway', () => {
  test('it transcribes: the file arrives byte for byte, with the key of the server', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { text: 'hello' });
    const { text } = await client.audio.transcriptions.create({ model: 'whisper', file: await toFile(sound, 'a.wav') });
    const [exchange] = upstream.exchanges;
    expect([text, exchange?.target]).toEqual(['hello', '/v1/audio/transcriptions']);
    expect(exchange?.body.includes(sound)).toBe(true);
    expect(exchange?.header('content-type')).toMatch(/^multipart\/form-data; boundary=/);
    expect(exchange?.header('authorization')).toBe('Bearer sk-upstream-canary-0f1e2d3c4b5a6978');
  });

  test('it translates under the name the server has for the model', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { text: 'hello' });
    await client.audio.translations.create({ model: 'renamed', file: await toFile(sound, 'a.wav') });
    const body = upstream.exchanges[0]?.body.toString('latin1') ?? '';
    expect(body).toContain('name="model"\r\n\r\nVendor/Whisper\r\n');
    expect(body).not.toContain('renamed');
  });

  test('it edits pictures, and more copies than are allowed become as many as are', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { created: 1, data: [{ b64_json: 'AA==' }] });
    await client.images.edit({
      model: 'whisper',
      prompt: 'x',
      n: 900,
      image: [await toFile(sound, 'a.png', { type: 'image/png' }), await toFile(sound, 'b.png', { type: 'image/png' })],
    });
    expect(upstream.exchanges[0]?.body.toString('latin1')).toContain('name="n"\r\n\r\n8\r\n');
  });

  test('it makes pictures', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { created: 1, data: [{ b64_json: 'AA==' }] });
    const made = await client.images.generate({ model: 'whisper', prompt: 'x' });
    expect(made.data?.[0]?.b64_json).toBe('AA==');
  });

  test('it speaks: the sound streams back unchanged', async () => {
    upstream.onRequest = (exchange) => {
      exchange.raw(headBytes(200, ['content-type', 'audio/mpeg', 'transfer-encoding', 'chunked']));
      exchange.chunk(sound.subarray(0, 30_000));
      exchange.chunk(sound.subarray(30_000));
      exchange.finish();
    };
    const answer = await client.audio.speech.create({ model: 'org/tts', voice: 'alloy', input: 'Hello' });
    expect(answer.headers.get('content-type')).toBe('audio/mpeg');
    expect(Buffer.from(await answer.arrayBuffer()).equals(sound)).toBe(true);
  });
});

describe('the openai package in the mode of Azure', () => {
  test('it chats: the model stands in the path, and the server sees the usual route', async () => {
    upstream.onRequest = (exchange) =>
      exchange.answer(200, { choices: [{ message: { role: 'assistant', content: 'Hello' } }] });
    const answer = await azure.chat.completions.create({
      model: 'renamed',
      messages: [{ role: 'user', content: 'x' }],
    });
    const [exchange] = upstream.exchanges;
    expect([answer.choices[0]?.message.content, exchange?.target]).toEqual(['Hello', '/v1/chat/completions']);
    expect(exchange?.json()['model']).toBe('Vendor/Whisper');
    expect(upstream.everything()).not.toContain(world.key);
  });

  test('it transcribes and translates: the server gets the form with the name it has for the model', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { text: 'hello' });
    await azure.audio.transcriptions.create({ model: 'renamed', file: await toFile(sound, 'a.wav') });
    await azure.audio.translations.create({ model: 'renamed', file: await toFile(sound, 'a.wav') });
    expect(upstream.exchanges.map(({ target }) => target)).toEqual([
      '/v1/audio/transcriptions',
      '/v1/audio/translations',
    ]);
    for (const { body } of upstream.exchanges) {
      expect(body.includes(sound)).toBe(true);
      expect(body.toString('latin1').split('name="model"\r\n\r\nVendor/Whisper\r\n')).toHaveLength(2);
    }
  });

  test('a form without a model gets the one of the path, and one that names another is refused', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { created: 1, data: [] });
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const prompt = '--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n';
    const other = '--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nsecret\r\n';
    const edits = 'POST /openai/deployments/whisper/images/edits?api-version=1';
    expect((await ask(world, edits, { body: `${prompt}--b--\r\n`, headers })).status).toBe(200);
    expect(upstream.exchanges[0]?.body.toString()).toContain('name="model"\r\n\r\nwhisper\r\n');
    expect((await ask(world, edits, { body: `${other}${prompt}--b--\r\n`, headers })).status).toBe(400);
    expect(upstream.exchanges).toHaveLength(1);
  });

  test('a deployment whose name has a slash is found, encoded or not', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { data: [] });
    for (const name of ['org/tts', 'org%2Ftts']) {
      const { status } = await ask(world, `POST /openai/deployments/${name}/embeddings?api-version=2024-10-21`, {
        body: { input: 'x' },
      });
      expect(status).toBe(200);
    }
    expect(upstream.exchanges.map(({ target }) => target)).toEqual(['/v1/embeddings', '/v1/embeddings']);
    expect(upstream.exchanges[0]?.body.toString()).toBe('{"model":"org/tts","input":"x"}');
  });

  test('a body that names another model than the path is refused', async () => {
    const { status, text } = await ask(world, 'POST /openai/deployments/whisper/chat/completions?api-version=1', {
      body: { model: 'secret', messages: [] },
    });
    expect([status, JSON.parse(text)]).toEqual([
      400,
      { error: expect.objectContaining({ code: 'invalid_value', param: 'model' }) },
    ]);
    expect(upstream.exchanges).toEqual([]);
  });

  test('a forbidden deployment looks exactly like an unknown one', async () => {
    const said = async (name: string) =>
      (await ask(world, `POST /openai/deployments/${name}/completions`, { body: {} })).text.replace(name, 'X');
    expect(await said('secret')).toBe(await said('nobody'));
  });
});

describe('forms', () => {
  const form = (parts: string): { body: string; headers: Record<string, string> } => ({
    body: parts,
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
  });
  const field = (name: string, value: string): string =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

  test.each([
    ['two models', field('model', 'whisper') + field('model', 'secret') + '--b--\r\n', 400],
    ['a forbidden model', field('model', 'secret') + '--b--\r\n', 404],
    ['no last boundary', field('model', 'whisper'), 400],
    ['a file to be fetched', field('model', 'whisper') + field('url', 'http://169.254.169.254/') + '--b--\r\n', 400],
    ['too many bytes', field('model', 'whisper') + field('x', 'y'.repeat(1_000_001)) + '--b--\r\n', 413],
  ])('%s: refused, and nothing is sent', async (_what, parts, status) => {
    expect((await ask(world, 'POST /v1/audio/transcriptions', form(parts))).status).toBe(status);
    expect(upstream.exchanges).toEqual([]);
  });

  test('JSON is no form, and a form is no JSON', async () => {
    expect((await ask(world, 'POST /v1/audio/transcriptions', { body: { model: 'whisper' } })).status).toBe(415);
    expect((await ask(world, 'POST /v1/audio/speech', form(field('model', 'whisper') + '--b--\r\n'))).status).toBe(415);
  });

  test('a model that comes behind the file is found too, and every byte arrives as it was sent', async () => {
    upstream.onRequest = (exchange) => exchange.answer(200, { text: 'x' });
    const parts = `--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n--\r\n--c\r\n${field('model', 'whisper')}--b--`;
    expect((await ask(world, 'POST /v1/audio/transcriptions', form(parts))).status).toBe(200);
    expect(upstream.exchanges[0]?.body.toString()).toBe(parts);
  });
});
