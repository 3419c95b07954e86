/** Something sensitive in a request: what kind, where, how often; never the text itself. */
export type Finding = {
  readonly code: "keyword";
  /** Where in the request, as a JSON Pointer (RFC 6901), for example `/messages/0/content`. */
  readonly path: string;
  readonly count: number;
};
