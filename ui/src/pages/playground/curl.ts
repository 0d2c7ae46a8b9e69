import { shellWord } from '../../parts/cli-twin.js';
import type { ChatMessage, ChatRequest } from './inference.js';

interface Asked {
  system: string;
  question: string;
  settings: Omit<ChatRequest, 'messages'>;
}

/** The request as a command. The key is taken from the environment: a command stays in the history of a shell. */
export function curlOf({ system, question, settings }: Asked): string {
  const messages: ChatMessage[] = [
    ...(system.trim() === '' ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user', content: question.trim() === '' ? 'Say hello.' : question },
  ];
  const body = JSON.stringify({ ...settings, messages, stream: true });
  return [
    `curl -N ${window.location.origin}/v1/chat/completions`,
    '-H "authorization: Bearer $KEYPORTER_KEY"',
    "-H 'content-type: application/json'",
    `-d ${shellWord(body)}`,
  ].join(' ');
}
