import { err, ok, type Result } from "../core/result.ts";
import {
  decodeBase64,
  formatNote,
  type NoteFault,
  type NoteSigner,
  type NoteVerifier,
  openNote,
  signNote,
} from "../core/signed-note.ts";
import { HASH_BYTES } from "./merkle.ts";

/**
 * What a log says of its tree: C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint). Its note is signed by a key whose
 * name is the origin.
 */
export type Checkpoint = {
  /** Which log it is of. */
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly rootHash: Uint8Array;
};

/** `message` is a full sentence and quotes nothing of the checkpoint. */
export type CheckpointFault = {
  readonly code: NoteFault["code"] | "malformed_checkpoint" | "foreign_origin";
  readonly message: string;
};

/** The text that is signed. */
export const formatCheckpoint = ({ origin, size, rootHash }: Checkpoint): string =>
  `${origin}\n${size}\n${Buffer.from(rootHash).toString("base64")}\n`;

/** Reads the text of a note, which says nothing before it is verified. Extension lines are let through and ignored. */
export function parseCheckpoint(text: string): Result<Checkpoint, CheckpointFault> {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.length < 3 || lines.includes("")) {
    return malformed("A checkpoint has at least three lines, and no empty one.");
  }
  const [origin = "", size = "", root = ""] = lines;
  const treeSize = parseSize(size);
  if (treeSize === null) return malformed("The second line of a checkpoint is the size of the tree.");
  const rootHash = parseHash(root);
  if (rootHash === null) return malformed("The third line of a checkpoint is the root of the tree in Base64.");
  return ok({ origin, size: treeSize, rootHash });
}

/** The note of a checkpoint, signed by the key of its origin and by no other. */
export function signCheckpoint(
  { size, rootHash }: Omit<Checkpoint, "origin">,
  signer: NoteSigner,
): Result<string, NoteFault> {
  const text = formatCheckpoint({ origin: signer.keyName, size, rootHash });
  const note = signNote({ text, signatures: [] }, [signer]);
  return note.ok ? ok(formatNote(note.value)) : note;
}

/**
 * The checkpoint of a note that known keys signed, one of them a key of its origin: a key that is trusted for one log says
 * nothing of another one. Everything that `openNote` refuses is refused.
 */
export function openCheckpoint(
  note: string,
  verifiers: readonly NoteVerifier[],
): Result<Checkpoint & { readonly keyIds: readonly number[] }, CheckpointFault> {
  const opened = openNote(note, verifiers);
  if (!opened.ok) return opened;
  const checkpoint = parseCheckpoint(opened.value.text);
  if (!checkpoint.ok) return checkpoint;
  const { origin } = checkpoint.value;
  const keyIds = opened.value.signatures.filter(({ keyName }) => keyName === origin).map(({ keyId }) => keyId);
  if (keyIds.length > 0) return ok({ ...checkpoint.value, keyIds });
  return err({ code: "foreign_origin", message: "The checkpoint is of a log that none of the known keys is of." });
}

/** A size or an index as standards on logs write them: decimal, without leading zeros; null where it is none, or unsafe. */
export function parseSize(text: string): number | null {
  const value = /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : null;
  return Number.isSafeInteger(value) ? value : null;
}

/** 32 bytes in standard Base64, of which there is one way to write them; null where it is none. */
export function parseHash(text: string): Buffer | null {
  const hash = decodeBase64(text);
  return hash?.length === HASH_BYTES ? hash : null;
}

const malformed = (message: string) => err<CheckpointFault>({ code: "malformed_checkpoint", message });
