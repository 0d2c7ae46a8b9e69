import { Alert, Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';

/** Keeps the menu alive when a page fails: a fault of ours, or a part that an upgrade of the gateway removed. */
export class PageFault extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <Alert color="red" title="This page failed" role="alert">
        <p>
          If the gateway was upgraded since this page was opened, loading it again helps. The browser said:{' '}
          <code>{error.message}</code>
        </p>
        <Button size="xs" variant="default" onClick={() => window.location.reload()}>
          Load again
        </Button>
      </Alert>
    );
  }
}
