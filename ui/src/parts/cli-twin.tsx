import { CopyIconButton } from './copy.js';

/** The command that does the same in a terminal. */
export function CliTwin({ command }: { command: string }) {
  return (
    <div className="kp-cli">
      <span className="kp-cli-label">In the terminal</span>
      <code className="kp-cli-command">{command}</code>
      <CopyIconButton text={command} what="the command" />
    </div>
  );
}

/** One argument as a POSIX shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
