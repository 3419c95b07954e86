import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "../core/result.ts";
import {
  keysOfSeed,
  type NoteFault,
  type NoteSigner,
  type NoteVerifier,
  parseSignerKey,
  parseVerifierKey,
} from "../core/signed-note.ts";
import { codeOf, createOnce, replaceFile } from "./durable-file.ts";

/** `message` is a full sentence for the operator and quotes no key. */
export type LogKeyFailure = { readonly message: string };

export type LogKeys = {
  /** Signs checkpoints; its name is the origin of the log. */
  readonly signer: NoteSigner;
  /** Those of before, whose checkpoints are trusted. */
  readonly oldKeys: readonly NoteVerifier[];
  /** The file that a new key was just made in; null where there was one. */
  readonly generatedFile: string | null;
};

const SEED_BYTES = 32;
const NAME_BYTES = 8;
const MAX_KEY_FILE_BYTES = 10_000;

/**
 * The keys of the log. The one that signs is `key`, else what stands in `keyFile`, else in `DATA_DIR/log/signer.key`,
 * which is made where it is not there. What others verify by goes to `DATA_DIR/log/verifier.key`, whichever it is.
 */
export async function loadLogKeys({
  dataDir,
  key,
  keyFile,
  oldKeys,
}: {
  readonly dataDir: string;
  readonly key: string | null;
  readonly keyFile: string | null;
  /** Verifier keys. */
  readonly oldKeys: readonly string[];
}): Promise<Result<LogKeys, LogKeyFailure>> {
  const directory = logDirectory(dataDir);
  const found = key === null ? loadSigner(keyFile, join(directory, "signer.key")) : readSigner(key, "AUDIT_LOG_KEY");
  if (!found.ok) return found;
  const { signer } = found.value;
  const old = readVerifiers(oldKeys.filter((verifierKey) => verifierKey !== signer.verifierKey));
  if (!old.ok) return old;
  const verifierFile = join(directory, "verifier.key");
  try {
    await replaceFile(verifierFile, `${signer.verifierKey}\n`);
  } catch (cause) {
    return err({ message: `${verifierFile} cannot be written (${codeOf(cause)}).` });
  }
  return ok({ ...found.value, oldKeys: old.value });
}

/** Where what belongs to the log lies outside the database. */
export const logDirectory = (dataDir: string): string => join(dataDir, "log");

/** Both forms of a new key. */
export const newLogKey = (name: string): ReturnType<typeof keysOfSeed> =>
  keysOfSeed(name, crypto.getRandomValues(new Uint8Array(SEED_BYTES)));

/** Of a log that nobody gave a name: no two have the same one. */
export const newLogName = (): string =>
  `policy-mesh/${Buffer.from(crypto.getRandomValues(new Uint8Array(NAME_BYTES))).toString("hex")}`;

type Found = Pick<LogKeys, "signer" | "generatedFile">;

function loadSigner(keyFile: string | null, ownFile: string): Result<Found, LogKeyFailure> {
  const path = keyFile ?? ownFile;
  try {
    const isMissing = keyFile === null && !existsSync(path);
    if (isMissing) createOnce(path, `${unwrap(newLogKey(newLogName())).signerKey}\n`);
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > MAX_KEY_FILE_BYTES) return err({ message: `${path} is no file with a key.` });
    const read = readSigner(readFileSync(path, "utf8").trim(), path);
    return read.ok && isMissing ? ok({ ...read.value, generatedFile: path }) : read;
  } catch (cause) {
    const what = keyFile === null ? "made or read" : "read, which AUDIT_LOG_KEY_FILE names";
    return err({ message: `${path} cannot be ${what} (${codeOf(cause)}).` });
  }
}

function readSigner(key: string, where: string): Result<Found, LogKeyFailure> {
  const signer = parseSignerKey(key);
  return signer.ok
    ? ok({ signer: signer.value, generatedFile: null })
    : err({ message: `${where} holds no key for the log. ${signer.error.message}` });
}

function readVerifiers(keys: readonly string[]): Result<readonly NoteVerifier[], LogKeyFailure> {
  const verifiers: NoteVerifier[] = [];
  for (const key of new Set(keys)) {
    const verifier = parseVerifierKey(key);
    if (!verifier.ok) return err({ message: `AUDIT_LOG_OLD_KEYS holds what is none. ${verifier.error.message}` });
    verifiers.push(verifier.value);
  }
  return ok(verifiers);
}

/** A name of our own making is one. */
function unwrap<T>(made: Result<T, NoteFault>): T {
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}
