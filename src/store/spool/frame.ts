import { crc32c } from "../../core/crc32c.ts";
import { MAX_FINAL_BYTES } from "./contract.ts";

/**
 * A frame is u32 length | u32 CRC-32C of the payload | payload, numbers big-endian; its payload is one byte of type and
 * what belongs to the type:
 *
 *     header   "PMSPOOL1" | 16 bytes instance id | u48 number of the segment | u48 first number of its finals
 *     intent   u8 length of id | id | payload
 *     final    u48 number | u48 ms since 1970 | u8 length of id | id of the intent it ends, or none | payload
 *     loss     as an intent; JSON of what was lost where this frame stands
 */
export type Frame =
  | { readonly type: "header"; readonly instanceId: string; readonly segment: number; readonly firstSeq: number }
  | { readonly type: "intent" | "loss"; readonly id: string; readonly payload: Buffer }
  | {
      readonly type: "final";
      readonly seq: number;
      readonly atMs: number;
      /** Null where it ends nothing. */
      readonly id: string | null;
      readonly payload: Buffer;
    };

/** Four bits apart, each from each: no damage of three bits makes one of another. */
export const FRAME_TYPES = { header: 0x1e, intent: 0x2d, final: 0x4b, loss: 0x78 } as const;

export const FRAME_HEAD_BYTES = 8;
const MAX_ID_BYTES = 255;
const FINAL_FIELDS_BYTES = 14;
/** No final takes less. */
export const MIN_FINAL_FRAME_BYTES = FRAME_HEAD_BYTES + FINAL_FIELDS_BYTES;
export const MAX_FRAME_PAYLOAD_BYTES = FINAL_FIELDS_BYTES + MAX_ID_BYTES + MAX_FINAL_BYTES;
export const MAX_FRAME_BYTES = FRAME_HEAD_BYTES + MAX_FRAME_PAYLOAD_BYTES;

const MAGIC = Buffer.from("PMSPOOL1", "latin1");
const HEADER_PAYLOAD_BYTES = 1 + MAGIC.length + 16 + 6 + 6;
const HEADER_FRAME_BYTES = FRAME_HEAD_BYTES + HEADER_PAYLOAD_BYTES;
/** Two in each segment, so that no single damage takes the identity away. */
export const HEADERS_BYTES = 2 * HEADER_FRAME_BYTES;

/** A segment's beginning. */
export function encodeHeaders(instanceId: string, segment: number, firstSeq: number): Buffer {
  const header = encodeHeader(instanceId, segment, firstSeq);
  return Buffer.concat([header, header]);
}

function encodeHeader(instanceId: string, segment: number, firstSeq: number): Buffer {
  const frame = Buffer.alloc(HEADER_FRAME_BYTES);
  let at = frame.writeUInt8(FRAME_TYPES.header, FRAME_HEAD_BYTES);
  at += MAGIC.copy(frame, at);
  at += frame.write(instanceId.replaceAll("-", ""), at, "hex");
  at = frame.writeUIntBE(segment, at, 6);
  frame.writeUIntBE(firstSeq, at, 6);
  return sealed(frame);
}

export function encodeIntent(type: "intent" | "loss", id: string, payload: Uint8Array): Buffer {
  const idBytes = Buffer.from(id);
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + 2 + idBytes.length + payload.length);
  const at = frame.writeUInt8(FRAME_TYPES[type], FRAME_HEAD_BYTES);
  return withId(frame, at, idBytes, payload);
}

export function encodeFinal(seq: number, atMs: number, id: string | null, payload: Uint8Array): Buffer {
  const idBytes = Buffer.from(id ?? "");
  const frame = Buffer.allocUnsafe(MIN_FINAL_FRAME_BYTES + idBytes.length + payload.length);
  let at = frame.writeUInt8(FRAME_TYPES.final, FRAME_HEAD_BYTES);
  at = frame.writeUIntBE(seq, at, 6);
  at = frame.writeUIntBE(atMs, at, 6);
  return withId(frame, at, idBytes, payload);
}

/** What a bad length, but nothing else, made of a frame. */
export function encodeAgain(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length);
  frame.set(payload, FRAME_HEAD_BYTES);
  return sealed(frame);
}

export const idFits = (id: string): boolean => id !== "" && Buffer.byteLength(id) <= MAX_ID_BYTES;

/** The payload that starts `at` a frame's beginning claims; null where no frame can have that length, or not here. */
export function claimedPayload(bytes: Buffer, at: number): Buffer | null {
  if (bytes.length - at < FRAME_HEAD_BYTES) return null;
  const length = bytes.readUInt32BE(at);
  const start = at + FRAME_HEAD_BYTES;
  if (length === 0 || length > MAX_FRAME_PAYLOAD_BYTES || length > bytes.length - start) return null;
  return bytes.subarray(start, start + length);
}

/** Whether `payload` has the checksum that the frame at `at` names, whatever length it names. */
export const checksumFits = (bytes: Buffer, at: number, payload: Buffer): boolean =>
  payload.length > 0 && isType(payload[0]) && crc32c(payload) === bytes.readUInt32BE(at + 4);

/** Null where the checksum is right and yet this is none of ours. Parts of it are views of `payload`. */
export function parsePayload(payload: Buffer): Frame | null {
  switch (payload[0]) {
    case FRAME_TYPES.header:
      return parseHeader(payload);
    case FRAME_TYPES.intent:
      return parseIntent("intent", payload);
    case FRAME_TYPES.loss:
      return parseIntent("loss", payload);
    case FRAME_TYPES.final:
      return parseFinal(payload);
    default:
      return null;
  }
}

function parseHeader(payload: Buffer): Frame | null {
  if (payload.length !== HEADER_PAYLOAD_BYTES || !payload.subarray(1, 1 + MAGIC.length).equals(MAGIC)) return null;
  const at = 1 + MAGIC.length;
  const hex = payload.toString("hex", at, at + 16);
  const instanceId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  return {
    type: "header",
    instanceId,
    segment: payload.readUIntBE(at + 16, 6),
    firstSeq: payload.readUIntBE(at + 22, 6),
  };
}

function parseIntent(type: "intent" | "loss", payload: Buffer): Frame | null {
  const rest = afterId(payload, 1);
  return rest === null ? null : { type, id: payload.toString("utf8", 2, rest), payload: payload.subarray(rest) };
}

function parseFinal(payload: Buffer): Frame | null {
  if (payload.length < FINAL_FIELDS_BYTES) return null;
  const rest = afterId(payload, FINAL_FIELDS_BYTES - 1);
  if (rest === null) return null;
  const id = payload.toString("utf8", FINAL_FIELDS_BYTES, rest);
  return {
    type: "final",
    seq: payload.readUIntBE(1, 6),
    atMs: payload.readUIntBE(7, 6),
    id: id === "" ? null : id,
    payload: payload.subarray(rest),
  };
}

/** Where the id ends whose length stands at `at`. */
function afterId(payload: Buffer, at: number): number | null {
  const length = payload[at];
  if (length === undefined) return null;
  const end = at + 1 + length;
  return end <= payload.length ? end : null;
}

function withId(frame: Buffer, at: number, id: Buffer, payload: Uint8Array): Buffer {
  const idAt = frame.writeUInt8(id.length, at);
  frame.set(id, idAt);
  frame.set(payload, idAt + id.length);
  return sealed(frame);
}

function sealed(frame: Buffer): Buffer {
  const payload = frame.subarray(FRAME_HEAD_BYTES);
  frame.writeUInt32BE(payload.length, 0);
  frame.writeUInt32BE(crc32c(payload), 4);
  return frame;
}

const isType = (type: number | undefined): boolean =>
  type === FRAME_TYPES.header || type === FRAME_TYPES.intent || type === FRAME_TYPES.final || type === FRAME_TYPES.loss;
