import { readFile, rename, stat } from "node:fs/promises";
import { err, ok, type Result } from "../core/result.ts";
import { MAX_NOTE_BYTES } from "../core/signed-note.ts";
import { codeOf, replaceFile } from "./durable-file.ts";

/** `message` is a full sentence for the operator. */
export type CheckpointFileFailure = { readonly message: string };

/**
 * The last signed checkpoint, kept where a database that is set back does not take it along. One process writes it, or
 * several that sign the same log. No method throws.
 */
export function openCheckpointFile(path: string) {
  return {
    path,

    /** What stands in it; null where there is no such file. */
    async read(): Promise<Result<string | null, CheckpointFileFailure>> {
      try {
        const { size } = await stat(path);
        if (size > MAX_NOTE_BYTES) return fail(`The checkpoint file ${path} is larger than any checkpoint.`);
        return ok(await readFile(path, "utf8"));
      } catch (cause) {
        const code = codeOf(cause);
        return code === "ENOENT" ? ok(null) : fail(`The checkpoint file ${path} cannot be read (${code}).`);
      }
    },

    /** On ok the note survives a power failure; else the one before may be there, or this one. */
    async replace(note: string): Promise<Result<void, CheckpointFileFailure>> {
      try {
        await replaceFile(path, note);
        return ok(undefined);
      } catch (cause) {
        return fail(`The checkpoint file ${path} cannot be written (${codeOf(cause)}).`);
      }
    },

    /** Keeps what is there under another name: it is evidence of a log that goes on under a new one. */
    async setAside(suffix: string): Promise<Result<void, CheckpointFileFailure>> {
      try {
        await rename(path, `${path}.${suffix}`);
        return ok(undefined);
      } catch (cause) {
        return fail(`The checkpoint file ${path} cannot be renamed (${codeOf(cause)}).`);
      }
    },
  };
}

const fail = (message: string) => err<CheckpointFileFailure>({ message });
