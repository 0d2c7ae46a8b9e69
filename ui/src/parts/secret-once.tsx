import { Alert, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { CopyButton, CopyIconButton } from './copy.js';
import { snippets, type SnippetLanguage } from './snippets.js';

interface Revealed {
  secret: string;
  /** A model the key may use, for the examples. */
  model: string;
  /** Where the gateway answers: this page's own origin unless the API is elsewhere. */
  origin: string;
}

/** A new secret, and how to use it. The page that shows it keeps it in its own state alone, and loses it on closing. */
export function SecretOnce({ secret, model, origin }: Revealed) {
  const [language, setLanguage] = useState<SnippetLanguage>('curl');
  const text = snippets({ secret, model, origin })[language];
  return (
    <Stack>
      <Alert color="yellow" title="Copy it now">
        The secret is shown this once. Keyporter keeps only its hash and cannot show it again.
      </Alert>
      <div className="kp-secret">
        <code data-testid="secret">{secret}</code>
        <CopyButton text={secret} label="Copy the key" />
      </div>
      <div>
        <Text size="sm" fw={600} mb={6}>
          Try it
        </Text>
        <SegmentedControl
          size="xs"
          aria-label="Language of the example"
          value={language}
          onChange={(value) => setLanguage(value as SnippetLanguage)}
          data={[
            { value: 'curl', label: 'curl' },
            { value: 'python', label: 'Python' },
            { value: 'node', label: 'Node.js' },
          ]}
        />
        <div className="kp-snippet">
          <pre tabIndex={0} aria-label="Example">
            {text}
          </pre>
          <CopyIconButton text={text} what="the example" />
        </div>
      </div>
    </Stack>
  );
}
