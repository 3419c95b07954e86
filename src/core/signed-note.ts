import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { err, ok, type Result } from "./result.ts";

/**
 * Text signed by one or more keys: C2SP signed-note (https://c2sp.org/signed-note) with Ed25519, and keys in the form of
 * Go's `sumdb/note`. A text means nothing until `openNote` has verified it.
 */
export type Note = {
  /** Ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
};

/** Key name and id together say which key signed, and how. The id is no hash to rely on: 32 bits are soon found again. */
export type NoteSignature = {
  readonly keyName: string;
  readonly keyId: number;
  /** As the algorithm of the key makes it, without the key id that stands before it on the line. */
  readonly signature: Uint8Array;
};

/** A key that is trusted. Those of other algorithms can stand beside Ed25519's. */
export type NoteVerifier = {
  readonly keyName: string;
  readonly keyId: number;
  /** Whether the signature is this key's of `text`, in UTF-8. Never throws. */
  readonly verifies: (text: Uint8Array, signature: Uint8Array) => boolean;
};

export type NoteSigner = {
  readonly keyName: string;
  readonly keyId: number;
  /** What others verify its signatures by: `<name>+<hex of the key id>+<base64 of the public key>`. */
  readonly verifierKey: string;
  readonly sign: (text: Uint8Array) => Uint8Array;
};

/** `message` is a full sentence and quotes neither note nor key. */
export type NoteFault = {
  readonly code: "malformed" | "too_large" | "invalid_key" | "unsigned" | "bad_signature" | "ambiguous_key";
  readonly message: string;
};

/** Bounds of what is read and written; in bytes of UTF-8, and as many signatures as Go's reader takes. */
export const MAX_NOTE_BYTES = 1_000_000;
export const MAX_NOTE_SIGNATURES = 100;
const MAX_KEY_LENGTH = 1_000;

const ED25519 = 0x01;
const ED25519_KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const SIGNATURE_MARK = "\u2014 ";
const SIGNER_KEY_MARK = "PRIVATE+KEY+";
/** What RFC 8410 puts before the seed of an Ed25519 key in PKCS #8. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a note must not have.
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
/** A name stands between the blanks of a line and between the plus signs of a key. */
const NAME = /^[^\p{White_Space}+]+$/u;
const isKeyName = (name: string): boolean => NAME.test(name) && name.isWellFormed() && !CONTROL.test(name);

/** Reads what stands in a note and verifies nothing. `message` is the whole file, a byte-order mark included. */
export function parseNote(message: string): Result<Note, NoteFault> {
  const unfit = unfitText(message);
  if (unfit !== null) return err(unfit);
  // The text may have empty lines; the last one of the message parts it from the signatures.
  const end = message.lastIndexOf("\n\n");
  if (end < 0) return malformed("A note has an empty line and signatures after its text.");
  const lines = message.slice(end + 2).split("\n");
  // What follows the newline of the last line.
  if (lines.pop() !== "" || lines.length === 0) return malformed("A note ends in lines of signatures.");
  if (lines.length > MAX_NOTE_SIGNATURES) {
    return err({ code: "too_large", message: `A note has at most ${MAX_NOTE_SIGNATURES} signatures.` });
  }
  const signatures: NoteSignature[] = [];
  for (const [index, line] of lines.entries()) {
    const signature = parseSignature(line);
    if (signature === null) return malformed(`Line ${index + 1} of the signatures is none.`);
    signatures.push(signature);
  }
  return ok({ text: message.slice(0, end + 1), signatures });
}

/** What `parseNote` reads again, of a note that it or `signNote` gave. */
export const formatNote = ({ text, signatures }: Note): string =>
  `${text}\n${signatures.map(formatSignature).join("")}`;

/**
 * The text and the signatures of it by known keys, each verified. Those of unknown keys are ignored, even where they
 * share a name or an id with a known one. One that a known key did not make fails the whole note, whatever else stands
 * in it; so does a note that no known key signed.
 */
export function openNote(message: string, known: readonly NoteVerifier[]): Result<Note, NoteFault> {
  const parsed = parseNote(message);
  if (!parsed.ok) return parsed;
  const { text, signatures } = parsed.value;
  const bytes = Buffer.from(text);
  const verified: NoteSignature[] = [];
  for (const signature of signatures) {
    const [verifier, ...others] = known.filter((key) => isOf(signature, key));
    if (verifier === undefined) continue;
    if (others.length > 0) {
      return err({ code: "ambiguous_key", message: "Two of the known keys share their name and their id." });
    }
    if (!verifier.verifies(bytes, signature.signature)) {
      return err({ code: "bad_signature", message: "A signature of the note is not of its text by the key it names." });
    }
    verified.push(signature);
  }
  if (verified.length === 0) return err({ code: "unsigned", message: "No known key signed the note." });
  return ok({ text, signatures: verified });
}

/** Adds a signature of each signer after those that the note has; one by the same key is replaced. */
export function signNote({ text, signatures }: Note, signers: readonly NoteSigner[]): Result<Note, NoteFault> {
  const unfit = unfitText(text) ?? (text.endsWith("\n") ? null : fault("The text of a note ends in a newline."));
  if (unfit !== null) return err(unfit);
  const bytes = Buffer.from(text);
  const kept = signatures.filter((signature) => !signers.some((signer) => isOf(signature, signer)));
  const added = signers.map(({ keyName, keyId, sign }) => ({ keyName, keyId, signature: sign(bytes) }));
  const note: Note = { text, signatures: [...kept, ...added] };
  const readable = parseNote(formatNote(note));
  return readable.ok ? ok(note) : readable;
}

/** `<name>+<8 hex digits of the key id>+<base64 of 0x01 and the 32 bytes of the public key>`. */
export function parseVerifierKey(key: string): Result<NoteVerifier, NoteFault> {
  const parts = partsOfKey(key);
  if (parts === null) return invalidKey("A verifier key is written as NAME+ID+KEY.");
  const { keyName, keyId, material } = parts;
  const isOurs = material[0] === ED25519 && material.length === 1 + ED25519_KEY_BYTES;
  if (!isOurs) return invalidKey("The verifier key is none of Ed25519.");
  if (keyIdOf(keyName, material) !== keyId) return invalidKey("The verifier key does not have the id that it names.");
  const publicKey = publicKeyOf(material.subarray(1));
  if (publicKey === null) return invalidKey("The verifier key is none of Ed25519.");
  return ok({ keyName, keyId, verifies: (text, signature) => verify(null, text, publicKey, signature) });
}

/** `PRIVATE+KEY+<name>+<8 hex digits of the key id>+<base64 of 0x01 and the 32 bytes of the seed>`. Secret. */
export function parseSignerKey(key: string): Result<NoteSigner, NoteFault> {
  const parts = key.startsWith(SIGNER_KEY_MARK) ? partsOfKey(key.slice(SIGNER_KEY_MARK.length)) : null;
  if (parts === null) return invalidKey("A signer key is written as PRIVATE+KEY+NAME+ID+KEY.");
  const { keyName, keyId, material } = parts;
  if (material[0] !== ED25519 || material.length !== 1 + ED25519_KEY_BYTES) {
    return invalidKey("The signer key is none of Ed25519.");
  }
  const signer = signerOf(keyName, material.subarray(1));
  return signer.keyId === keyId ? ok(signer) : invalidKey("The signer key does not have the id that it names.");
}

/** Both forms of the key that 32 random bytes make. The first is secret. */
export function keysOfSeed(
  keyName: string,
  seed: Uint8Array,
): Result<{ readonly signerKey: string; readonly verifierKey: string }, NoteFault> {
  if (!isKeyName(keyName)) {
    return invalidKey("The name of a key has no blanks, no control characters and no plus sign.");
  }
  if (seed.length !== ED25519_KEY_BYTES) throw new Error("a seed of Ed25519 has 32 bytes");
  const { keyId, verifierKey } = signerOf(keyName, seed);
  const signerKey = `${SIGNER_KEY_MARK}${formatKey(keyName, keyId, seed)}`;
  return signerKey.length > MAX_KEY_LENGTH
    ? invalidKey("The name of the key is too long.")
    : ok({ signerKey, verifierKey });
}

function signerOf(keyName: string, seed: Uint8Array): NoteSigner {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: "der", type: "pkcs8" });
  const publicBytes = bytesOfPublicKey(createPublicKey(privateKey));
  const keyId = keyIdOf(keyName, Buffer.concat([Uint8Array.of(ED25519), publicBytes]));
  return {
    keyName,
    keyId,
    verifierKey: formatKey(keyName, keyId, publicBytes),
    sign: (text) => sign(null, text, privateKey),
  };
}

/** The first four bytes of SHA-256 over the name, a newline, the algorithm and the public key; big-endian. */
function keyIdOf(keyName: string, algorithmAndKey: Uint8Array): number {
  return createHash("sha256").update(`${keyName}\n`).update(algorithmAndKey).digest().readUInt32BE(0);
}

function formatKey(keyName: string, keyId: number, key: Uint8Array): string {
  const material = Buffer.concat([Uint8Array.of(ED25519), key]);
  return `${keyName}+${keyId.toString(16).padStart(8, "0")}+${material.toString("base64")}`;
}

/** Shared by both kinds of keys; null where the text is none. Base64 has plus signs too, names have none. */
function partsOfKey(key: string): { keyName: string; keyId: number; material: Buffer } | null {
  if (key.length > MAX_KEY_LENGTH) return null;
  const [keyName = "", id = "", ...rest] = key.split("+");
  const material = decodeBase64(rest.join("+"));
  if (!isKeyName(keyName) || !/^[0-9a-f]{8}$/.test(id) || material === null) return null;
  return { keyName, keyId: Number.parseInt(id, 16), material };
}

/** Null for bytes that are no point of the curve where the library says so; one it lets pass verifies nothing. */
function publicKeyOf(bytes: Uint8Array): KeyObject | null {
  try {
    const x = Buffer.from(bytes).toString("base64url");
    return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  } catch {
    return null;
  }
}

const bytesOfPublicKey = (key: KeyObject): Buffer => Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");

function parseSignature(line: string): NoteSignature | null {
  if (!line.startsWith(SIGNATURE_MARK)) return null;
  const blank = line.indexOf(" ", SIGNATURE_MARK.length);
  const keyName = line.slice(SIGNATURE_MARK.length, blank);
  const bytes = blank < 0 ? null : decodeBase64(line.slice(blank + 1));
  if (bytes === null || bytes.length <= KEY_ID_BYTES || !isKeyName(keyName)) return null;
  return { keyName, keyId: bytes.readUInt32BE(0), signature: bytes.subarray(KEY_ID_BYTES) };
}

function formatSignature({ keyName, keyId, signature }: NoteSignature): string {
  const bytes = Buffer.alloc(KEY_ID_BYTES + signature.length);
  bytes.writeUInt32BE(keyId);
  bytes.set(signature, KEY_ID_BYTES);
  return `${SIGNATURE_MARK}${keyName} ${bytes.toString("base64")}\n`;
}

/** Standard Base64 with its padding, and one way only to write the same bytes: nobody can alter a note that holds. */
export function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, "base64");
  return text !== "" && bytes.toString("base64") === text ? bytes : null;
}

const isOf = (signature: NoteSignature, key: Pick<NoteVerifier, "keyName" | "keyId">): boolean =>
  signature.keyName === key.keyName && signature.keyId === key.keyId;

function unfitText(text: string): NoteFault | null {
  // Counted in code units first, which are never more than the bytes.
  if (text.length > MAX_NOTE_BYTES || Buffer.byteLength(text) > MAX_NOTE_BYTES) {
    return { code: "too_large", message: `A note has at most ${MAX_NOTE_BYTES} bytes.` };
  }
  if (!text.isWellFormed()) return fault("A note is text in UTF-8.");
  return CONTROL.test(text) ? fault("A note has no control characters but newlines.") : null;
}

const fault = (message: string): NoteFault => ({ code: "malformed", message });
const malformed = (message: string) => err(fault(message));
const invalidKey = (message: string) => err<NoteFault>({ code: "invalid_key", message });
