import { type Checkpoint, openCheckpoint, parseCheckpoint } from "../audit/checkpoint.ts";
import { err, ok, type Result } from "../core/result.ts";
import { type NoteVerifier, parseNote } from "../core/signed-note.ts";
import type { LogFailure, LogHead } from "./log-world.ts";

/** What the next checkpoint must follow from. */
export type Footing = {
  readonly head: LogHead;
  /** The newest one in the database, verified; null before the first. */
  readonly newest: Checkpoint | null;
  /** The one outside, verified, where it is of this log; null where there is none, or one of another log. */
  readonly outside: Checkpoint | null;
  /** The checkpoint outside that is of another log; null where there is none. */
  readonly foreign: Checkpoint | null;
};

const REMEDY = "docs/how-to/recover-from-a-rollback.md says what to do";

/**
 * Whether what the database says of the log may be built on. The error says why not, and that is for a person to
 * resolve. `verifiers` has our own key first.
 */
export function judgeLog(
  head: LogHead | null,
  outside: { readonly path: string; readonly note: string | null },
  origin: string,
  verifiers: readonly NoteVerifier[],
): Result<Footing, LogFailure> {
  if (head === null) return refuse("The database has lost the state of the log");
  const newest = judgeNewest(head, verifiers);
  if (!newest.ok) return newest;
  const kept = judgeOutside(outside, origin, verifiers);
  if (!kept.ok) return kept;
  if (head.nextIndex < head.treeSize) {
    return refuse(`The database has sequenced ${head.nextIndex} leaves, and its tree has ${head.treeSize}`);
  }
  const known = kept.value.outside;
  if (known !== null && known.size > head.nextIndex) {
    return refuse(
      `The database has ${head.nextIndex} leaves, and the checkpoint in ${outside.path} is of ${known.size}: the database was set back, or leaves were taken from it`,
    );
  }
  return ok({ head, newest: newest.value, ...kept.value });
}

function judgeNewest(
  { treeSize, checkpoint }: LogHead,
  verifiers: readonly NoteVerifier[],
): Result<Checkpoint | null, LogFailure> {
  if (checkpoint === null) {
    return treeSize === 0 ? ok(null) : refuse(`The tree has ${treeSize} leaves, and no checkpoint of it is there`);
  }
  const opened = openCheckpoint(checkpoint.note, verifiers);
  if (!opened.ok && (opened.error.code === "unsigned" || opened.error.code === "foreign_origin")) {
    return refuse(
      "The newest checkpoint is signed by a key that is neither the one in use nor one of AUDIT_LOG_OLD_KEYS",
      "give this gateway the key of the log",
    );
  }
  if (!opened.ok) return refuse(`The newest checkpoint does not verify: ${withoutStop(opened.error.message)}`);
  const { size, rootHash } = opened.value;
  if (size !== checkpoint.size || size !== treeSize) {
    return refuse(`The newest checkpoint is of ${size} leaves, and the tree has ${treeSize}`);
  }
  return Buffer.from(rootHash).equals(checkpoint.rootHash)
    ? ok(opened.value)
    : refuse("The newest checkpoint stands beside another root than the one that was signed");
}

function judgeOutside(
  { path, note }: { readonly path: string; readonly note: string | null },
  origin: string,
  verifiers: readonly NoteVerifier[],
): Result<Pick<Footing, "outside" | "foreign">, LogFailure> {
  if (note === null) return ok({ outside: null, foreign: null });
  const parsed = parseNote(note);
  const said = parsed.ok ? parseCheckpoint(parsed.value.text) : parsed;
  if (!said.ok) return refuse(`What stands in ${path} is no checkpoint`);
  // Under a new name the log begins anew, with all that the database has.
  if (said.value.origin !== origin) return ok({ outside: null, foreign: said.value });
  const opened = openCheckpoint(note, verifiers);
  return opened.ok
    ? ok({ outside: opened.value, foreign: null })
    : refuse(`The checkpoint in ${path} does not verify: ${withoutStop(opened.error.message)}`);
}

const withoutStop = (sentence: string): string => sentence.replace(/\.$/, "");

export const refuse = (why: string, remedy = REMEDY) => err<LogFailure>({ message: `${why}; ${remedy}.` });
