import { useEffect, useRef, useState } from 'react';
import { nowMs } from '../../clock.js';
import { chat, type ChatMessage, type ChatRequest, type ChatUse } from './inference.js';

/** One question with its answer, as far as it has come. */
export interface Turn {
  number: number;
  question: string;
  answer: string;
  thought: string;
  state: 'running' | 'done' | 'stopped' | 'failed';
  error: Error | null;
  firstPieceMs: number | null;
  durationMs: number | null;
  use: ChatUse | null;
}

export interface Conversation {
  turns: readonly Turn[];
  running: boolean;
  /** Asks with all that was said before. */
  send(asked: Asked): void;
  stop(): void;
  clear(): void;
}

export interface Asked {
  key: string;
  system: string;
  question: string;
  settings: Omit<ChatRequest, 'messages'>;
}

/** A chat that lives as long as the page is open, and nowhere else. */
export function useConversation(): Conversation {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const change = (changed: (turn: Turn) => Turn): void =>
    setTurns((before) => before.map((turn, at) => (at === before.length - 1 ? changed(turn) : turn)));

  const send = (asked: Asked): void => {
    const mine = new AbortController();
    running.current = mine;
    const request = { ...asked.settings, messages: messagesOf(turns, asked) };
    setTurns([...turns, newTurn(turns.length, asked.question)]);
    void run({ request, key: asked.key, signal: mine.signal, change });
  };
  return {
    turns,
    running: turns.at(-1)?.state === 'running',
    send,
    stop: () => running.current?.abort(),
    clear: () => {
      running.current?.abort();
      setTurns([]);
    },
  };
}

interface Run {
  request: ChatRequest;
  key: string;
  signal: AbortSignal;
  change: (changed: (turn: Turn) => Turn) => void;
}

async function run({ request, key, signal, change }: Run): Promise<void> {
  const began = nowMs();
  const end = (state: Turn['state'], error: Error | null): void =>
    change((turn) => ({ ...turn, state, error, durationMs: nowMs() - began }));
  try {
    for await (const { text, thought, use } of chat(request, { key, signal }))
      change((turn) => ({
        ...turn,
        answer: turn.answer + text,
        thought: turn.thought + thought,
        use: use ?? turn.use,
        firstPieceMs: turn.firstPieceMs ?? (text + thought === '' ? null : nowMs() - began),
      }));
    end('done', null);
  } catch (error) {
    if (signal.aborted) end('stopped', null);
    else end('failed', error instanceof Error ? error : new Error(String(error)));
  }
}

function newTurn(number: number, question: string): Turn {
  return {
    number,
    question,
    answer: '',
    thought: '',
    state: 'running',
    error: null,
    firstPieceMs: null,
    durationMs: null,
    use: null,
  };
}

/** Questions that got no answer are not repeated to the model. */
function messagesOf(turns: readonly Turn[], { system, question }: Asked): ChatMessage[] {
  const said = turns
    .filter(({ answer }) => answer !== '')
    .flatMap((turn): ChatMessage[] => [
      { role: 'user', content: turn.question },
      { role: 'assistant', content: turn.answer },
    ]);
  const first: ChatMessage[] = system.trim() === '' ? [] : [{ role: 'system', content: system }];
  return [...first, ...said, { role: 'user', content: question }];
}
