/** In which reading of the text something was found; `docs/reference/scanner.md` says what each of them undoes. */
export const VIEWS = ["raw", "normalised", "joined", "decoded"] as const;
export type View = (typeof VIEWS)[number];

/** What a finding's code begins with, up to its first dot. A closed set: it is a metric label. */
export const FINDING_GROUPS = ["keyword", "marker", "pattern", "pii", "secret", "evasion", "scan"] as const;
export type FindingGroup = (typeof FINDING_GROUPS)[number];

/** Of what a policy brings itself; all other groups are built in. */
export const OWN_GROUPS: ReadonlySet<string> = new Set(["keyword", "pattern"]);

/** Something sensitive in a request: what kind, where and how often; never the text, its length or its hash. */
export type Finding = {
  /**
   * `keyword`, or `<group>.<kind>` such as `pii.email`. `scan.budget_exceeded` is text that the scanner gives up on,
   * `scan.opaque_part` content that is no text: nobody knows that they are harmless (I1).
   */
  readonly code: string;
  /** Where in the body, as a JSON Pointer (RFC 6901), for example `/messages/0/content`. */
  readonly path: string;
  /** The first reading of this place that shows it. */
  readonly view: View;
  /** How many of them that reading shows. */
  readonly count: number;
};

export const OPAQUE_PART = "scan.opaque_part";
export const BUDGET_EXCEEDED = "scan.budget_exceeded";
export const KEYWORD = "keyword";

export function groupOf(code: string): FindingGroup {
  const name = code.split(".", 1)[0];
  const group = FINDING_GROUPS.find((known) => known === name);
  if (group === undefined) throw new Error("a finding's code begins with no known group");
  return group;
}
