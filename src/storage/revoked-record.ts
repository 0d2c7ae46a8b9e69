import { crc32 } from 'node:zlib';

/** One ended key in the list of revocations: enough to write its audit row later, when the database takes it again. */
export interface RevokedRecord {
  id: string;
  /** Unix seconds. */
  at: number;
  actor: string;
  address: string | null;
  requestId: string | null;
  reason: string | null;
}

/** Bytes of every record: magic, length, JSON, zeros, checksum over all before it. */
export const RECORD_BYTES = 256;
const MAGIC = 0x4b50;
const PAYLOAD_START = 4;
const CHECKSUM_START = RECORD_BYTES - 4;
const MOST_PAYLOAD_BYTES = CHECKSUM_START - PAYLOAD_START;

/** The record as bytes. The reason is cut, then left out with the address and the request id, when they do not fit. */
export function encodeRecord(record: RevokedRecord): Buffer {
  const payload = fittingPayload(record);
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes.writeUInt16BE(MAGIC, 0);
  bytes.writeUInt16BE(payload.length, 2);
  payload.copy(bytes, PAYLOAD_START);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, CHECKSUM_START)), CHECKSUM_START);
  return bytes;
}

/** `free` for a place never written, `damaged` when the checksum does not fit. */
export function decodeRecord(bytes: Buffer): RevokedRecord | 'free' | 'damaged' {
  if (bytes.every((byte) => byte === 0)) return 'free';
  if (
    bytes.readUInt16BE(0) !== MAGIC ||
    bytes.readUInt32BE(CHECKSUM_START) !== crc32(bytes.subarray(0, CHECKSUM_START))
  )
    return 'damaged';
  const length = bytes.readUInt16BE(2);
  const value = JSON.parse(bytes.toString('utf8', PAYLOAD_START, PAYLOAD_START + length)) as unknown;
  return Array.isArray(value) ? recordOf(value) : 'damaged';
}

function recordOf(members: unknown[]): RevokedRecord {
  const [id, at, actor, address, requestId, reason] = members as [
    string,
    number,
    string,
    string | null,
    string | null,
    string | null,
  ];
  return { id, at, actor, address: address ?? null, requestId: requestId ?? null, reason: reason ?? null };
}

function fittingPayload(record: RevokedRecord): Buffer {
  const { id, at, actor, address, requestId, reason } = record;
  for (let length = reason?.length ?? 0; length > 0; length = Math.floor(length / 2)) {
    const payload = payloadOf([id, at, actor, address, requestId, reason?.slice(0, length)]);
    if (payload.length <= MOST_PAYLOAD_BYTES) return payload;
  }
  const shorter = [
    [id, at, actor, address, requestId],
    [id, at, actor],
    [id, at, actor.slice(0, 24)],
  ].map(payloadOf);
  const fitting = shorter.find((payload) => payload.length <= MOST_PAYLOAD_BYTES);
  if (fitting !== undefined) return fitting;
  throw new Error('The id of this key is too long for the list of revocations.');
}

function payloadOf(members: readonly unknown[]): Buffer {
  return Buffer.from(JSON.stringify(members), 'utf8');
}
