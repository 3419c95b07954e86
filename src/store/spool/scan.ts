import {
  checksumFits,
  claimedPayload,
  FRAME_HEAD_BYTES,
  FRAME_TYPES,
  type Frame,
  MAX_FRAME_PAYLOAD_BYTES,
  MIN_FINAL_FRAME_BYTES,
  parsePayload,
} from "./frame.ts";

/** What a segment consists of, end to end: frames, and bytes between them that are none. */
export type ScanItem = {
  readonly start: number;
  readonly end: number;
  /** Null where the bytes are no frame. */
  readonly frame: Frame | null;
  /** The frame's, type and all. */
  readonly payload: Buffer;
  /** The frame was there but for its length; now it is known. */
  readonly mended: boolean;
};

/** After damage it goes on at the next place that is a frame by its checksum. Never fails; frames are views of `bytes`. */
export function scanSegment(bytes: Buffer): ScanItem[] {
  const items: ScanItem[] = [];
  let at = 0;
  while (at < bytes.length) {
    const item = itemAt(bytes, at) ?? damageAt(bytes, at);
    items.push(item);
    at = item.end;
  }
  return items;
}

function itemAt(bytes: Buffer, start: number): ScanItem | null {
  const payload = claimedPayload(bytes, start);
  return payload === null ? null : itemOf(bytes, start, payload, false);
}

function itemOf(bytes: Buffer, start: number, payload: Buffer, mended: boolean): ScanItem | null {
  const frame = checksumFits(bytes, start, payload) ? parsePayload(payload) : null;
  return frame === null ? null : { start, end: start + FRAME_HEAD_BYTES + payload.length, frame, payload, mended };
}

function damageAt(bytes: Buffer, start: number): ScanItem {
  let end = start + 1;
  while (end < bytes.length && itemAt(bytes, end) === null) end += 1;
  const rest = bytes.subarray(Math.min(start + FRAME_HEAD_BYTES, end), end);
  // One flipped bit in the length alone costs no record: the checksum says what the payload is.
  return itemOf(bytes, start, rest, true) ?? { start, end, frame: null, payload: rest, mended: false };
}

/**
 * Whether a damaged end is a write that was not finished, rather than records that were there once: it stops within its
 * first frame, or holds nothing but the zeros of a file that had grown and was not filled yet.
 */
export function isTorn(bytes: Buffer, start: number): boolean {
  const rest = bytes.subarray(start);
  if (rest.length < FRAME_HEAD_BYTES || rest.every((byte) => byte === 0)) return true;
  const length = rest.readUInt32BE(0);
  return length <= MAX_FRAME_PAYLOAD_BYTES && length > rest.length - FRAME_HEAD_BYTES;
}

/** How many finals may have stood in damaged bytes that no later number tells of: by their frames if those are plain, else by room. */
export function possibleFinals(damaged: Buffer): number {
  let at = 0;
  let count = 0;
  while (at < damaged.length) {
    const payload = claimedPayload(damaged, at);
    if (payload === null) return Math.floor(damaged.length / MIN_FINAL_FRAME_BYTES);
    if (payload[0] !== FRAME_TYPES.intent) count += 1;
    at += FRAME_HEAD_BYTES + payload.length;
  }
  return count;
}
