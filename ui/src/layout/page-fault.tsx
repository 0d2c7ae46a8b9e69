import { Alert, Button } from '@mantine/core';
import { Component, useEffect, useState, type ReactNode } from 'react';
import { every } from '../clock.js';
import { Prose } from '../parts/prose.js';
import { PageNotLoaded } from './page-not-loaded.js';

/** Keeps the menu alive when a page fails: a fault of ours, or a part that did not come. */
export class PageFault extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    if (error instanceof PageNotLoaded) return <NotLoaded />;
    return (
      <Alert color="red" title="This page failed" role="alert">
        <p>
          If the gateway was upgraded since this page was opened, loading it again helps. The browser said:{' '}
          <code>{error.message}</code>
        </p>
        <LoadAgain />
      </Alert>
    );
  }
}

const ASK_AGAIN_MS = 5_000;

/** A browser does not ask twice for a part that did not come: only the whole page can be loaded again. */
function NotLoaded() {
  const [isDown, setDown] = useState(false);
  useEffect(() => {
    let wasDown = false;
    const ask = async (): Promise<void> => {
      const answers = await gatewayAnswers();
      if (answers && wasDown) window.location.reload();
      wasDown = !answers;
      setDown(wasDown);
    };
    void ask();
    return every(ASK_AGAIN_MS, () => void ask());
  }, []);
  return (
    <Alert color="red" title="This page could not be loaded" role="alert">
      <p>
        {isDown ? (
          <Prose text="The gateway did not answer. Check that it runs (`keyporter status`) and that this machine reaches it. As soon as it answers, the page is loaded." />
        ) : (
          'If the gateway was upgraded since it was opened in this browser, loading it again helps.'
        )}
      </p>
      <LoadAgain />
    </Alert>
  );
}

async function gatewayAnswers(): Promise<boolean> {
  return fetch(import.meta.env.BASE_URL, { method: 'HEAD', cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  );
}

function LoadAgain() {
  return (
    <Button size="xs" variant="default" onClick={() => window.location.reload()}>
      Load again
    </Button>
  );
}
