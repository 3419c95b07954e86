/** Where something stands in the policy file; lines and columns count from 1, columns in UTF-16 code units. */
export type Position = { readonly line: number; readonly column: number; readonly length: number };

/**
 * What is wrong, or looks wrong, with a policy file. `message` is a full sentence for a person at a terminal. It may name
 * keys, ids and codes of the file, never a keyword, a pattern or the value of an environment variable.
 */
export type Fault = {
  readonly severity: "error" | "warning";
  /** A stable code for programs, such as `unknown_key`. */
  readonly code: string;
  readonly message: string;
  /** JSON Pointer (RFC 6901) into the file; empty for the file as a whole. */
  readonly path: string;
  readonly position: Position;
  /** What was probably meant, as in `did you mean "signals"?`; null where nothing is near. */
  readonly suggestion: string | null;
};
