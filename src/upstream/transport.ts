import { Readable, type Duplex } from 'node:stream';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Pool, type Dispatcher } from 'undici';

/** The part of a body that is still on its way. */
export interface UploadRest {
  /** Length of the whole body; null when it is not known. */
  bytes: number | null;
  /** Throws a Refusal to break the request off. */
  pieces(): AsyncIterable<Buffer>;
}

/** A request as it leaves us. `headers` is flat; the body's length is set by the transport. */
export interface OutgoingRequest {
  /** Scheme, host and port. */
  origin: string;
  /** Path and query. */
  path: string;
  method: string;
  headers: string[];
  body: Buffer | null;
  /** Follows the body as it comes. */
  rest?: UploadRest | null;
  /** Asks the server to speak this protocol from here on. */
  upgrade?: 'websocket';
  connectMs: number;
  caFile: string | null;
}

/** What comes back. `head` and `data` answer false to hold the server back until `resume` is called. */
export interface IncomingAnswer {
  /** The first byte is about to be written: from here on the server may have begun. */
  started(): void;
  head(status: number, rawHeaders: readonly Buffer[], resume: () => void): boolean;
  data(chunk: Buffer): boolean;
  end(): void;
  /** The server switched protocols, as was asked; the connection is the caller's now. */
  switched?(rawHeaders: readonly Buffer[], socket: Duplex): void;
  /** Called once instead of `end`, also after an abort. */
  fail(error: Error): void;
}

export interface Transport {
  /** Sends; the answer arrives at `answer`. The result breaks it off, in any phase, and closes the connection. */
  send(request: OutgoingRequest, answer: IncomingAnswer): () => void;
  close(): Promise<void>;
}

/** Below the five seconds after which common engines close an idle connection, so that we close it first. */
const IDLE_CONNECTION_MS = 4000;
const MAX_ANSWER_HEADER_BYTES = 16_384;

class Aborted extends Error {
  override readonly name = 'Aborted';
  readonly code = 'ABORTED';
}

/** HTTP/1.1 to model servers over one pool of connections for each origin. */
export function createTransport(): Transport {
  const pools = new Map<string, Pool>();
  const poolFor = (request: OutgoingRequest): Pool => {
    const name = `${request.origin} ${request.connectMs} ${request.caFile ?? ''}`;
    const known = pools.get(name);
    if (known !== undefined) return known;
    const pool = new Pool(request.origin, {
      pipelining: 1,
      connections: null,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      keepAliveMaxTimeout: IDLE_CONNECTION_MS,
      maxHeaderSize: MAX_ANSWER_HEADER_BYTES,
      allowH2: false,
      connect: {
        timeout: request.connectMs,
        ...(request.caFile === null ? {} : { ca: [...rootCertificates, readFileSync(request.caFile, 'utf8')] }),
      },
    });
    pools.set(name, pool);
    return pool;
  };
  return {
    send: (request, answer) => dispatch(poolFor(request), request, answer),
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}

function dispatch(pool: Pool, request: OutgoingRequest, answer: IncomingAnswer): () => void {
  let over = false;
  let aborted = false;
  let breakOff: ((error: Error) => void) | null = null;
  const fail = (error: Error): void => {
    if (over) return;
    over = true;
    answer.fail(error);
  };
  // The flat form of undici's handler: nothing is parsed or copied that is not asked for.
  const handler: Dispatcher.DispatchHandler = {
    onConnect(abort) {
      breakOff = abort;
      if (aborted) abort(new Aborted());
      else answer.started();
    },
    onUpgrade(_status, rawHeaders, socket) {
      if (over || answer.switched === undefined) {
        breakOff?.(new Error('the model server switched protocols'));
        socket.destroy();
        return;
      }
      over = true;
      answer.switched(
        (rawHeaders ?? []).map((part) => Buffer.from(part)),
        socket,
      );
    },
    onHeaders(status, rawHeaders, resume) {
      if (status < 200) return true;
      return answer.head(status, rawHeaders, resume);
    },
    onData: (chunk) => answer.data(chunk),
    onComplete() {
      if (over) return;
      over = true;
      answer.end();
    },
    onError: fail,
  };
  const upgrade = request.upgrade === undefined ? {} : { upgrade: request.upgrade };
  pool.dispatch(
    {
      ...upgrade,
      path: request.path,
      method: request.method as Dispatcher.HttpMethod,
      headers: headersOf(request),
      body: bodyOf(request),
    },
    handler,
  );
  return () => {
    aborted = true;
    if (over) return;
    // Still waiting for a connection: nothing was sent, and `onConnect` will send nothing.
    if (breakOff === null) fail(new Aborted());
    else breakOff(new Aborted());
  };
}

function headersOf({ headers, rest }: OutgoingRequest): string[] {
  return rest === null || rest === undefined || rest.bytes === null
    ? headers
    : [...headers, 'content-length', String(rest.bytes)];
}

function bodyOf({ body, rest }: OutgoingRequest): Buffer | Readable | null {
  if (rest === null || rest === undefined) return body;
  return Readable.from(joined(body, rest), { objectMode: false });
}

async function* joined(body: Buffer | null, rest: UploadRest): AsyncGenerator<Buffer> {
  if (body !== null) yield body;
  yield* rest.pieces();
}
