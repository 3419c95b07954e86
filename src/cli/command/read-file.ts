import { open } from "node:fs/promises";
import { err, type Result } from "../../core/result.ts";
import { readText } from "../read-text.ts";

/** What stands for standard input where a file is asked for. */
export const STANDARD_INPUT = "-";

/**
 * Reads a file, a pipe or standard input as text. The error is a sentence for a person that names the file, as it was
 * given, and nothing of what is in it.
 */
export async function readTextFile(path: string, maxBytes: number): Promise<Result<string, string>> {
  try {
    const read = await (path === STANDARD_INPUT ? readText(Bun.stdin.stream(), maxBytes) : readOpened(path, maxBytes));
    if (read.ok) return read;
    const name = nameOf(path);
    return err(
      read.error === "too_large" ? `${name} is larger than ${maxBytes} bytes.` : `${name} is no text in UTF-8.`,
    );
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (typeof code !== "string") throw error;
    return err(sentenceOf(path, code));
  }
}

const MAX_KEY_BYTES = 10_000;

export const readKeyFile = (path: string): Promise<Result<string, string>> => readTextFile(path, MAX_KEY_BYTES);

export const nameOf = (path: string): string => (path === STANDARD_INPUT ? "standard input" : path);

/** As a stream: a pipe, such as a shell's `<(...)`, has no size to ask for. */
async function readOpened(path: string, maxBytes: number) {
  const file = await open(path, "r");
  try {
    return await readText(file.createReadStream({ autoClose: false }), maxBytes);
  } finally {
    await file.close();
  }
}

function sentenceOf(path: string, code: string): string {
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return `There is no file ${path}.`;
    case "EISDIR":
      return `${path} is a directory.`;
    case "EACCES":
    case "EPERM":
      return `${path} may not be read by this user.`;
    default:
      return `${path} cannot be read (${code}).`;
  }
}
