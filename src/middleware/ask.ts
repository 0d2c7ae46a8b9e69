/** What came back from a question: an answer, or why there is none. The body is null when it broke off, came too slowly or is too long. */
export type Asked = { status: number; headers: Headers; body: Buffer | null } | { failed: 'timeout' | 'network' };

const MAX_ANSWER_BYTES = 65_536;

/** One question over HTTP within a bound of time and bytes. Redirects are never followed. Never rejects. */
export async function ask(url: URL, init: RequestInit, timeoutMs: number): Promise<Asked> {
  try {
    const response = await fetch(url.href, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    return { status: response.status, headers: response.headers, body: await bodyOf(response).catch(() => null) };
  } catch (error) {
    return { failed: error instanceof DOMException && error.name === 'TimeoutError' ? 'timeout' : 'network' };
  }
}

async function bodyOf(response: Response): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
