export type Tone = 'good' | 'warn' | 'bad' | 'plain';

/** A word in the colour of what it means, where `StateBadge` does not know the word. */
export function ToneBadge({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className="kp-state" data-tone={tone}>
      {children}
    </span>
  );
}
