import { Alert, Button, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { ApiProblem } from '../api/problem.js';
import { useSignIn } from '../api/session.js';
import { CliTwin } from '../parts/cli-twin.js';
import { ErrorNotice } from '../parts/notices.js';
import { Prose } from '../parts/prose.js';

interface SignInParts {
  linkFailure: Error | null;
  /** Why it is not known whether somebody is signed in. */
  trouble: Error | null;
  /** This page was open with a session, which ended. */
  wasSignedIn: boolean;
}

/** Three ways in: the one-time link, an admin key, and a proxy that says who asks. */
export function SignIn({ linkFailure, trouble, wasSignedIn }: SignInParts) {
  useEffect(() => {
    document.title = 'Sign in · Keyporter';
  }, []);
  return (
    <main className="kp-sign-in">
      <div className="kp-sign-in-box">
        <div className="kp-brand">
          <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width="28" height="28" />
          Keyporter
        </div>
        <Title order={1} size="h3">
          Sign in
        </Title>
        <Stack>
          {wasSignedIn && (
            <Alert color="blue" title="You are signed out" role="status">
              A session ends after an hour without use, after 12 hours in any case, with its key, and when the gateway
              starts anew. Sign in to go on where you were.
            </Alert>
          )}
          {linkFailure !== null && (
            <Alert color="red" title="The link did not work" role="alert">
              <Prose text={linkFault(linkFailure)} />
            </Alert>
          )}
          {trouble !== null && <ErrorNotice error={trouble} what="It is not known whether you are signed in" />}
          <KeyForm />
          <ProxyWay />
          <div>
            <Text size="sm" className="kp-dim">
              On the gateway’s own machine you need no key. This prints a link that signs you in:
            </Text>
            <CliTwin command="keyporter ui" />
          </div>
        </Stack>
      </div>
    </main>
  );
}

function KeyForm() {
  const [key, setKey] = useState('');
  const signIn = useSignIn();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() !== '') signIn.mutate({ key: key.trim() });
      }}
    >
      <Stack gap="sm">
        <PasswordInput
          label="Admin key"
          description="A key with at least one scope of the admin API, such as usage:read or admin."
          placeholder="kp_…"
          autoComplete="off"
          spellCheck={false}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          error={signIn.error === null ? undefined : keyFault(signIn.error)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
        />
        <Button type="submit" loading={signIn.isPending} disabled={key.trim() === ''}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}

function ProxyWay() {
  const signIn = useSignIn();
  return (
    <details className="kp-sso">
      <summary>Single sign-on</summary>
      <Stack gap="xs">
        <Text size="sm" className="kp-dim">
          Works where a trusted proxy in front of Keyporter says who you are (a provider of the type upstream_header).
        </Text>
        {signIn.error !== null && <ErrorNotice error={signIn.error} what="The proxy did not sign you in" />}
        <Button variant="default" loading={signIn.isPending} onClick={() => signIn.mutate({})}>
          Sign in through the proxy
        </Button>
      </Stack>
    </details>
  );
}

function linkFault(error: Error): string {
  const refused = error instanceof ApiProblem && (error.status === 401 || error.status === 403);
  return refused
    ? 'A link works once and for 60 seconds. Run `keyporter ui` again for a new one, or sign in with a key.'
    : error.message;
}

function keyFault(error: Error): string {
  if (!(error instanceof ApiProblem)) return error.message;
  if (error.status === 401) return 'This key is not known here, or is not valid any more. Paste the whole key.';
  if (error.status === 403) return `This key may not use the admin API. ${error.message}`;
  if (error.status === 429) return 'Too many tries. Wait a minute and try again.';
  return error.message;
}
