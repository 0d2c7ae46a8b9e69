/** A sentence of the gateway, in which what stands between backticks is code: a command, or the name of a setting. */
export function Prose({ text }: { text: string }) {
  return text.split(/`([^`]+)`/).map((part, at) => (at % 2 === 0 ? part : <code key={at}>{part}</code>));
}
