/** Good news, neutral news, and bad news; a state nobody listed is neutral. */
const TONES: Record<string, 'good' | 'warn' | 'bad'> = {
  active: 'good',
  ready: 'good',
  streaming: 'good',
  allow: 'good',
  deny: 'bad',
  disabled: 'warn',
  expired: 'warn',
  queued: 'warn',
  starting: 'warn',
  draining: 'warn',
  not_ready: 'warn',
  revoked: 'bad',
  ejected: 'bad',
  failed: 'bad',
  failed_initial_delay: 'bad',
  failed_probing: 'bad',
};

/** A state in words, coloured by what it means. */
export function StateBadge({ state }: { state: string }) {
  return (
    <span className="kp-state" data-tone={TONES[state] ?? 'plain'}>
      {state.replaceAll('_', ' ')}
    </span>
  );
}
