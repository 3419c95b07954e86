import type { SpooledRecord } from "./contract.ts";
import type { SpoolFiles } from "./files.ts";
import { checksumFits, claimedPayload, FRAME_HEAD_BYTES, type Frame, MAX_FRAME_BYTES, parsePayload } from "./frame.ts";
import type { OpenItem, Segment } from "./segment.ts";

/** Read at once: about what the shipper asks for in one go, with the intents that stand between the finals. */
const CHUNK_BYTES = 196_608;
/** What one answer holds at most, or one record where that is more. */
const MAX_ANSWER_BYTES = 2 * CHUNK_BYTES;

/** Bytes that were good when the spool was opened, or written by this process, and are no frame any more. */
export class DamagedSegment extends Error {
  readonly code = "damaged";
}

/** Finals of one segment that are on stable storage, from number `from` on. */
export async function readFinals(
  files: SpoolFiles,
  segment: Segment,
  from: number,
  maxRecords: number,
): Promise<SpooledRecord[]> {
  const records: SpooledRecord[] = [];
  const end = segment.byteCount;
  const start = segment.offsetOf(from);
  let offset = start;
  while (offset < end && records.length < maxRecords && offset - start < MAX_ANSWER_BYTES) {
    const chunk = await readChunk(files, segment, offset, end);
    if (chunk === null) {
      // What stands before the damage is given first; whoever asks on is told.
      if (records.length > 0) break;
      throw new DamagedSegment();
    }
    let at = 0;
    for (let next = frameAt(chunk, 0); next !== null && records.length < maxRecords; next = frameAt(chunk, at)) {
      if (next.frame.type === "final") records.push({ seq: next.frame.seq, payload: next.frame.payload });
      at = next.end;
    }
    offset += at;
  }
  return records;
}

/** The frame of an intent or a loss, whole. */
export async function readOpenItem(files: SpoolFiles, item: OpenItem): Promise<{ bytes: Buffer; payload: Buffer }> {
  if (item.segment === null) throw new Error("an item was read that is not on stable storage");
  const bytes = await files.read(item.segment.path, item.offset, item.frameBytes);
  const frame = frameAt(bytes, 0)?.frame;
  if (frame === undefined || frame.type === "header") throw new DamagedSegment();
  return { bytes, payload: frame.payload };
}

/** Starts with a whole frame; null where none is there any more. */
async function readChunk(files: SpoolFiles, segment: Segment, offset: number, end: number): Promise<Buffer | null> {
  for (const length of [CHUNK_BYTES, MAX_FRAME_BYTES]) {
    const chunk = await files.read(segment.path, offset, Math.min(length, end - offset));
    if (frameAt(chunk, 0) !== null) return chunk;
  }
  return null;
}

/** Null where the bytes end within it, and where it is damaged: whoever reads on from there is told. */
function frameAt(bytes: Buffer, start: number): { frame: Frame; end: number } | null {
  const payload = claimedPayload(bytes, start);
  if (payload === null || !checksumFits(bytes, start, payload)) return null;
  const frame = parsePayload(payload);
  return frame === null ? null : { frame, end: start + FRAME_HEAD_BYTES + payload.length };
}
