import { writeFileSync } from "node:fs";
import { err, ok, type Result } from "../../core/result.ts";
import { codeOf } from "../../store/durable-file.ts";
import type { Failure } from "./failed-report.ts";

/** Writes a secret: for its owner alone from the first moment on, and never in the place of another file. */
export function writeNew(path: string, text: string): Result<void, Pick<Failure, "code" | "message">> {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: "wx", flush: true });
    return ok(undefined);
  } catch (cause) {
    const code = codeOf(cause);
    return code === "EEXIST"
      ? err({ code: "file_exists", message: `${path} is there already, and is not overwritten.` })
      : err({ code: "unwritable_file", message: `${path} cannot be written (${code}).` });
  }
}
