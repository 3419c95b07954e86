/** What lists of keywords and patterns may be called: their findings have codes made of it. */
export const ID = /^[a-z][a-z0-9_]{0,63}$/;

/** `message` says what to change. It quotes no keyword and no pattern, and no id but a good one. */
export type ScanFault = {
  readonly message: string;
  /** The list of keywords or the pattern that it is about; null where that has no good id, or where it is about all. */
  readonly id: string | null;
  /** What of it is to be changed, where one part alone is. */
  readonly part?: ScanFaultPart;
};
/** The keywords of a list, the regular expression of a pattern, or the keywords of a pattern. */
export type ScanFaultPart = "list" | "pattern" | "pattern_keywords";
