import canonicalize from "canonicalize";
import { type JsonObject, type JsonValue, parseJsonObject } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import { decodeBase64, type NoteVerifier } from "../core/signed-note.ts";
import { type Checkpoint, type CheckpointFault, openCheckpoint, parseHash, parseSize } from "./checkpoint.ts";
import { verifyInclusion } from "./merkle.ts";
import { leafHash } from "./record.ts";

/**
 * That a record stands in a log: C2SP tlog-proof (https://c2sp.org/tlog-proof) with the record itself as its extra data,
 * so that nothing but the keys of the log is needed to verify it.
 */
export type Receipt = {
  /** The record in its canonical form, of which the leaf is made. */
  readonly record: Uint8Array;
  readonly index: number;
  /** The sibling of the leaf first. */
  readonly proof: readonly Uint8Array[];
  /** The note, verbatim. */
  readonly checkpoint: string;
};

export type VerifiedReceipt = {
  readonly record: JsonObject;
  readonly index: number;
  readonly checkpoint: Checkpoint & { readonly keyIds: readonly number[] };
};

/** `message` is a full sentence and quotes nothing of the receipt. */
export type ReceiptFault = {
  readonly code:
    | CheckpointFault["code"]
    | "malformed_receipt"
    | "receipt_too_large"
    | "not_included"
    | "malformed_record";
  readonly message: string;
};

/** A file of more is none. The record may take most of it. */
export const MAX_RECEIPT_BYTES = 1_000_000;
/** As many as a tree can be high whose size is a safe integer. */
const MAX_PROOF_HASHES = 53;
/** Objects and lists within each other, the record itself among them; far more than the format has. */
const MAX_RECORD_DEPTH = 16;

const HEADER = "c2sp.org/tlog-proof@v1";
const EXTRA = "extra ";
const INDEX = "index ";

/** What `parseReceipt` reads again. */
export function formatReceipt({ record, index, proof, checkpoint }: Receipt): string {
  const lines = [HEADER, `${EXTRA}${toBase64(record)}`, `${INDEX}${index}`, ...proof.map(toBase64)];
  return `${lines.join("\n")}\n\n${checkpoint}`;
}

/** Reads what stands in a receipt and verifies nothing. `text` is the whole file. */
export function parseReceipt(text: string): Result<Receipt, ReceiptFault> {
  if (Buffer.byteLength(text) > MAX_RECEIPT_BYTES) {
    return err({ code: "receipt_too_large", message: `A receipt has at most ${MAX_RECEIPT_BYTES} bytes.` });
  }
  const end = text.indexOf("\n\n");
  const [header, extra = "", index = "", ...proof] = text.slice(0, Math.max(end, 0)).split("\n");
  if (header !== HEADER) return malformed("The first line of a receipt is `c2sp.org/tlog-proof@v1`.");
  const record = extra.startsWith(EXTRA) ? decodeBase64(extra.slice(EXTRA.length)) : null;
  if (record === null) return malformed("The second line of a receipt is `extra` and the record in Base64.");
  const leafIndex = index.startsWith(INDEX) ? parseSize(index.slice(INDEX.length)) : null;
  if (leafIndex === null) return malformed("The third line of a receipt is `index` and that of the leaf.");
  const hashes = proof.map(parseHash);
  if (!hashes.every((hash) => hash !== null) || hashes.length > MAX_PROOF_HASHES) {
    return malformed("The lines after the index are hashes of 32 bytes in Base64.");
  }
  return ok({ record, index: leafIndex, proof: hashes, checkpoint: text.slice(end + 2) });
}

/**
 * That a known key of the log signed a checkpoint of a tree in which the record is the leaf at its index. What the record
 * says is the log's word: the receipt shows that it has been the same since the checkpoint was signed.
 */
export function verifyReceipt(text: string, verifiers: readonly NoteVerifier[]): Result<VerifiedReceipt, ReceiptFault> {
  const receipt = parseReceipt(text);
  if (!receipt.ok) return receipt;
  const { record, index, proof } = receipt.value;
  const checkpoint = openCheckpoint(receipt.value.checkpoint, verifiers);
  if (!checkpoint.ok) return checkpoint;
  const { size, rootHash } = checkpoint.value;
  if (!verifyInclusion(leafHash(record), index, size, proof, rootHash)) {
    return err({ code: "not_included", message: "The record is not the leaf that the checkpoint has at its index." });
  }
  const read = readRecord(record);
  if (read !== null) return ok({ record: read, index, checkpoint: checkpoint.value });
  return err({ code: "malformed_record", message: "The record is no JSON object in the form of RFC 8785." });
}

/** One text for one value: of two fields of the same name, for example, nobody could say which one counts. */
function readRecord(bytes: Uint8Array): JsonObject | null {
  const record = parseJsonObject(Buffer.from(bytes).toString());
  if (record === null || !isShallow(record, MAX_RECORD_DEPTH)) return null;
  return canonicalBytes(record)?.equals(bytes) === true ? record : null;
}

/** Whoever prints what was verified does so by recursion, and a log can sign anything. */
const isShallow = (value: JsonValue, levels: number): boolean =>
  typeof value !== "object" ||
  value === null ||
  (levels > 0 && Object.values(value).every((one) => isShallow(one, levels - 1)));

/** Null where there is no such form. */
function canonicalBytes(value: JsonObject): Buffer | null {
  try {
    return Buffer.from(canonicalize(value) ?? "");
  } catch {
    return null;
  }
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

const malformed = (message: string) => err<ReceiptFault>({ code: "malformed_receipt", message });
