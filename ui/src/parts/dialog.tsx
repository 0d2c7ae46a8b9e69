import { Modal, type ModalProps } from '@mantine/core';
import { useEffect } from 'react';

const CLOSE = { 'aria-label': 'Close' };

/** A dialog that is open as long as it is rendered. Once it is gone the focus is where it was before. */
export function Dialog(props: Omit<ModalProps, 'opened' | 'closeButtonProps'>) {
  useEffect(() => {
    // Effects run before the dialog takes the focus, and after one that it follows gave it back.
    const before = document.activeElement;
    return () => {
      const known = before instanceof HTMLElement && before.isConnected && before !== document.body;
      (known ? before : document.getElementById('main'))?.focus({ preventScroll: true });
    };
  }, []);
  return <Modal {...props} opened closeButtonProps={CLOSE} />;
}
