/** Something sensitive in a request: what kind and where; never the text itself. */
export type Finding = {
  /**
   * `unscannable` is text that the scanner gives up on, `opaque` is content that is no text: an image, audio, a file,
   * token numbers. Nobody knows that they are harmless (I1).
   */
  readonly code: "keyword" | "unscannable" | "opaque";
  /** Where in the body, as a JSON Pointer (RFC 6901), for example `/messages/0/content`. */
  readonly path: string;
};
