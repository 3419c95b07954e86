/** Something sensitive in a request: what kind and where; never the text itself. */
export type Finding = {
  /** `unscannable` is text that the scanner gives up on, which counts as sensitive (I1). */
  readonly code: "keyword" | "unscannable";
  /** Where in the request, as a JSON Pointer (RFC 6901), for example `/messages/0/content`. */
  readonly path: string;
};
