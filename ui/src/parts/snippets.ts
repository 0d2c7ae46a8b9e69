export type SnippetLanguage = 'curl' | 'python' | 'node';

interface Example {
  secret: string;
  model: string;
  origin: string;
}

/** The same small request in three languages, ready to run. */
export function snippets({ secret, model, origin }: Example): Record<SnippetLanguage, string> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Say hello.' }] });
  return {
    curl: [
      `curl ${origin}/v1/chat/completions \\`,
      `  -H 'authorization: Bearer ${secret}' \\`,
      `  -H 'content-type: application/json' \\`,
      `  -d '${body.replaceAll("'", String.raw`'\''`)}'`,
    ].join('\n'),
    python: [
      'from openai import OpenAI',
      '',
      `client = OpenAI(base_url="${origin}/v1", api_key="${secret}")`,
      'answer = client.chat.completions.create(',
      `    model=${JSON.stringify(model)},`,
      '    messages=[{"role": "user", "content": "Say hello."}],',
      ')',
      'print(answer.choices[0].message.content)',
    ].join('\n'),
    node: [
      "import OpenAI from 'openai';",
      '',
      `const client = new OpenAI({ baseURL: '${origin}/v1', apiKey: '${secret}' });`,
      'const answer = await client.chat.completions.create({',
      `  model: ${JSON.stringify(model)},`,
      "  messages: [{ role: 'user', content: 'Say hello.' }],",
      '});',
      'console.log(answer.choices[0].message.content);',
    ].join('\n'),
  };
}
