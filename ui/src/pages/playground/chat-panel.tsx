import { Button, NativeSelect, NumberInput, Textarea } from '@mantine/core';
import { useState } from 'react';
import { CopyField } from '../../parts/copy.js';
import { Panel } from '../../parts/page.js';
import { useConversation, type Conversation } from './conversation.js';
import { curlOf } from './curl.js';
import type { ChatRequest } from './inference.js';
import { Transcript } from './transcript.js';

interface Form {
  model: string;
  system: string;
  question: string;
  maxTokens: number | string;
  temperature: number | string;
}

/** The chat: what is asked, what is answered, and what it cost. */
export function ChatPanel({ secret, models }: { secret: string; models: readonly string[] }) {
  const [form, setForm] = useState<Form>({
    model: models[0] ?? '',
    system: '',
    question: '',
    maxTokens: 512,
    temperature: '',
  });
  const conversation = useConversation();
  const change = (changed: Partial<Form>): void => setForm((before) => ({ ...before, ...changed }));
  const send = (): void => {
    if (form.question.trim() === '' || conversation.running) return;
    conversation.send({ key: secret, system: form.system, question: form.question, settings: settingsOf(form) });
    change({ question: '' });
  };
  return (
    <Panel
      title="Chat"
      actions={
        <Button
          size="xs"
          variant="default"
          disabled={conversation.turns.length === 0}
          onClick={() => conversation.clear()}
        >
          Begin anew
        </Button>
      }
    >
      <div className="kp-chat">
        <Settings form={form} change={change} models={models} />
        <Transcript turns={conversation.turns} />
        <Question form={form} change={change} send={send} conversation={conversation} />
        <details className="kp-chart-table">
          <summary>The same from a terminal</summary>
          <CopyField text={curlOf({ ...form, settings: settingsOf(form) })} what="the command" />
        </details>
      </div>
    </Panel>
  );
}

function settingsOf({ model, maxTokens, temperature }: Form): Omit<ChatRequest, 'messages'> {
  return {
    model,
    ...(maxTokens === '' ? {} : { max_tokens: Number(maxTokens) }),
    ...(temperature === '' ? {} : { temperature: Number(temperature) }),
  };
}

interface FormParts {
  form: Form;
  change: (changed: Partial<Form>) => void;
}

function Settings({ form, change, models }: FormParts & { models: readonly string[] }) {
  return (
    <div className="kp-chat-settings">
      <NativeSelect
        label="Model"
        data={[...models]}
        value={form.model}
        onChange={(event) => change({ model: event.currentTarget.value })}
      />
      <NumberInput
        label="Output tokens at most"
        placeholder="as the model has it"
        min={1}
        allowDecimal={false}
        hideControls
        value={form.maxTokens}
        onChange={(maxTokens) => change({ maxTokens })}
      />
      <NumberInput
        label="Temperature"
        placeholder="as the model has it"
        min={0}
        max={2}
        step={0.1}
        hideControls
        value={form.temperature}
        onChange={(temperature) => change({ temperature })}
      />
      <Textarea
        className="kp-chat-system"
        label="System prompt"
        placeholder="None"
        rows={1}
        value={form.system}
        onChange={(event) => change({ system: event.currentTarget.value })}
      />
    </div>
  );
}

function Question({ form, change, send, conversation }: FormParts & { send: () => void; conversation: Conversation }) {
  return (
    <form
      className="kp-chat-question"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Textarea
        aria-label="Message"
        placeholder="Write a message. Enter sends it, Shift+Enter begins a new line."
        rows={3}
        value={form.question}
        onChange={(event) => change({ question: event.currentTarget.value })}
        onKeyDown={(event) => {
          // While a word is composed, as in Japanese, Enter belongs to the composition.
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      {conversation.running ? (
        <Button variant="default" onClick={() => conversation.stop()}>
          Stop
        </Button>
      ) : (
        <Button type="submit" disabled={form.question.trim() === ''}>
          Send
        </Button>
      )}
    </form>
  );
}
