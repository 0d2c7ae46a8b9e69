import { Alert } from '@mantine/core';

/** Says that the chat cannot work at this address, and what to do. */
export function NotServedHere({ elsewhere }: { elsewhere: readonly string[] }) {
  return (
    <Alert color="yellow" title="This address does not serve the inference API">
      A page may only speak to its own address, so the playground needs a listener with <code>serve: [api, admin]</code>
      . Open the web UI at such a listener, or send the same with curl
      {elsewhere.length > 0 && (
        <>
          {' '}
          to <code>{elsewhere.join(', ')}</code>
        </>
      )}
      .
    </Alert>
  );
}
