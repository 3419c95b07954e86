import { err, ok, type Result } from "../core/result.ts";

/** Which policy it is: `hash` is of what it says, name and version are what its writers call it. */
export type PolicyIdentity = { readonly name: string; readonly version: number; readonly hash: string };

/** How a policy stands to the newest one that was in force. */
export type Succession = {
  readonly kind: "first" | "same" | "newer" | "edited" | "other_name" | "older";
  /** For the log; null where there is nothing to say. */
  readonly note: string | null;
};

/** `message` is a full sentence for the log and the terminal. */
export type SuccessionFault = { readonly code: "version_goes_back"; readonly message: string };

/**
 * Whether a policy may follow the newest known one (null: there is none). A lower version under the same name is an old
 * file that came back by mistake, or was put back by somebody who should not, so it is refused unless `isForced`.
 * Another name is another line of versions. The same version may say something else: its hash tells the two apart.
 */
export function mayFollow(
  next: PolicyIdentity,
  newest: PolicyIdentity | null,
  isForced: boolean,
): Result<Succession, SuccessionFault> {
  if (newest === null) return ok({ kind: "first", note: null });
  if (next.name !== newest.name) {
    return ok({ kind: "other_name", note: `It is called ${next.name}; the one before it was ${newest.name}.` });
  }
  if (next.version > newest.version) return ok({ kind: "newer", note: null });
  if (next.version === newest.version) {
    if (next.hash === newest.hash) return ok({ kind: "same", note: null });
    return ok({ kind: "edited", note: `It says something else than before under the same version, ${next.version}.` });
  }
  const steps = `from ${newest.version} back to ${next.version}`;
  if (isForced) return ok({ kind: "older", note: `The version goes ${steps}, as it was forced to.` });
  return err({
    code: "version_goes_back",
    message: `The version of ${next.name} would go ${steps}. Give the file a higher version, or force it.`,
  });
}
