/** Node reads a header as one character for each byte; whoever writes names into headers means UTF-8. Other bytes stay as they are. */
export function headerText(value: string): string {
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? value : text;
}
