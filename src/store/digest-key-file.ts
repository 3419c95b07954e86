import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "../core/result.ts";
import { codeOf, createOnce } from "./durable-file.ts";

const FILE_NAME = "prompt-digest.key";
const KEY_BYTES = 32;
const MAX_KEYS = 100;

export type KeyFileFailure = { readonly message: string };

/**
 * The digest keys of `dataDir`, one of them generated when there is none: the one in use first, then those of before, a
 * line each. A key that is lost leaves digests in the rows that cannot be compared with a prompt again; so it is flushed
 * before it is used.
 */
export function loadOrCreateDigestKeys(
  dataDir: string,
): Result<readonly [Uint8Array, ...Uint8Array[]], KeyFileFailure> {
  const path = join(dataDir, FILE_NAME);
  try {
    if (!existsSync(path)) createOnce(path, `${newDigestKey()}\n`);
    return parseKeys(path, readFileSync(path, "utf8"));
  } catch (cause) {
    return err({ message: `${path} cannot be read or made (${codeOf(cause)}).` });
  }
}

/** A new key as a line of the file, or of `AUDIT_DIGEST_KEY`, has it. Secret. */
export const newDigestKey = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES))).toString("base64");

function parseKeys(path: string, text: string): Result<readonly [Uint8Array, ...Uint8Array[]], KeyFileFailure> {
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "").map((line) => Uint8Array.from(Buffer.from(line, "base64")));
  const [first, ...others] = keys;
  if (first === undefined || keys.length > MAX_KEYS || keys.some(({ length }) => length !== KEY_BYTES)) {
    const expected = `1 to ${MAX_KEYS} lines of ${KEY_BYTES} bytes in base64`;
    return err({ message: `${path} does not hold ${expected}. Restore it, or move it away to have another made.` });
  }
  return ok([first, ...others]);
}
