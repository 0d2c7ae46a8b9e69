/** A status of HTTP with the code of a refusal, coloured by what it means. */
export function StatusText({ status, code }: { status: number; code: string | null }) {
  const tone = status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good';
  return (
    <span className="kp-status" data-tone={code !== null && status < 400 ? 'bad' : tone} title={code ?? undefined}>
      {status}
      {code === null ? '' : ` ${code}`}
    </span>
  );
}
