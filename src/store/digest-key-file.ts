import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "../core/result.ts";
import { flush } from "./flush.ts";

const FILE_NAME = "prompt-digest.key";
const KEY_BYTES = 32;

export type KeyFileFailure = { readonly message: string };

/**
 * The digest key of `dataDir`, generated when there is none. Lost, no digest in the rows can be compared with a prompt
 * again; so it is flushed before it is used.
 */
export function loadOrCreateDigestKey(dataDir: string): Result<Uint8Array, KeyFileFailure> {
  const path = join(dataDir, FILE_NAME);
  try {
    if (!existsSync(path)) createKeyFile(dataDir, path);
    const secret = Buffer.from(readFileSync(path, "utf8").trim(), "base64");
    return secret.length === KEY_BYTES
      ? ok(secret)
      : err({
          message: `${path} does not hold ${KEY_BYTES} bytes in base64. Restore it, or move it away to have another made.`,
        });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    return err({ message: `${path} cannot be read or made (${code}).` });
  }
}

/**
 * Written beside and linked into place, so that the name never holds half a key and the first of two processes wins.
 * The directory is flushed too: a key whose name a power failure takes away is lost.
 */
function createKeyFile(dataDir: string, path: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const partial = `${path}.${crypto.randomUUID()}.partial`;
  try {
    const key = Buffer.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES))).toString("base64");
    writeFileSync(partial, `${key}\n`, { mode: 0o600, flag: "wx", flush: true });
    linkSync(partial, path);
    flush(dataDir);
  } catch (cause) {
    const lost = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    if (!lost) throw cause;
  } finally {
    rmSync(partial, { force: true });
  }
}
