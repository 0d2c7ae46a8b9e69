import type { KeyBody } from '../api/keys.js';
import { ChangeKeyDialog, DeriveKeyDialog } from '../key-form/key-dialogs.js';
import { RevokeDialog } from './revoke-dialog.js';
import { RotateDialog } from './rotate-dialog.js';
import { DisableDialog, EnableDialog } from './switch-dialog.js';

export type KeyAct = 'change' | 'derive' | 'rotate' | 'disable' | 'enable' | 'revoke';

/** The scope each act needs. */
export const SCOPE_OF_ACT: Record<KeyAct, string> = {
  change: 'keys:write',
  derive: 'keys:write',
  rotate: 'keys:write',
  enable: 'keys:write',
  disable: 'keys:revoke',
  revoke: 'keys:revoke',
};

/** What the buttons say. */
export const WORDS_OF_ACT: Record<KeyAct, string> = {
  change: 'Change',
  rotate: 'Rotate',
  derive: 'Derive a key',
  enable: 'Enable',
  disable: 'Disable',
  revoke: 'Revoke',
};

/** What can be done to a key as it stands now. */
export function actsOn({ state }: KeyBody): KeyAct[] {
  if (state === 'revoked') return [];
  return ['change', 'rotate', 'derive', state === 'disabled' ? 'enable' : 'disable', 'revoke'];
}

/** The dialog of an act. */
export function AskedAct({ act, subject, onClose }: { act: KeyAct; subject: KeyBody; onClose: () => void }) {
  switch (act) {
    case 'change':
      return <ChangeKeyDialog subject={subject} onClose={onClose} />;
    case 'derive':
      return <DeriveKeyDialog parent={subject} onClose={onClose} />;
    case 'rotate':
      return <RotateDialog subject={subject} onClose={onClose} />;
    case 'disable':
      return <DisableDialog subject={subject} onClose={onClose} />;
    case 'enable':
      return <EnableDialog subject={subject} onClose={onClose} />;
    case 'revoke':
      return <RevokeDialog subject={subject} onClose={onClose} />;
  }
}
