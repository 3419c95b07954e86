import type { FindingGroup } from "../../core/finding.ts";
import type { CompiledPolicy } from "../compiled.ts";
import { type SignalBody, STRENGTH_NAMES } from "../document.ts";

/**
 * Things that a scanner may find which the same signals look for, so that only whether one of them is found can matter.
 * Two lists share the words that they share: a longer one is found wherever the shorter is.
 */
export type ElementClass = {
  /** For each policy the ids of its signals that look for them, in its order. */
  readonly signals: readonly (readonly string[])[];
};

type Strength = (typeof STRENGTH_NAMES)[number];

/** What the scanner takes where the policy says nothing, for its threshold and for a pattern's strength. */
const USUAL_STRENGTH: Strength = "medium";

export function elementClasses(policies: readonly CompiledPolicy[]): readonly ElementClass[] {
  const codes = new Set(policies.flatMap(({ signals }) => signals.flatMap((signal) => [...signal.codes])));
  const users = new Map<string, string[][]>();
  for (const [side, policy] of policies.entries()) {
    for (const { id, codes: named, groups } of policy.signals) {
      for (const element of elementsOf(policy, [...named], [...groups], codes)) {
        const lists = users.get(element) ?? policies.map(() => []);
        lists[side]?.push(id);
        users.set(element, lists);
      }
    }
  }
  const classes = new Map([...users.values()].map((signals) => [JSON.stringify(signals), { signals }] as const));
  return [...classes].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, found]) => found);
}

function elementsOf(
  policy: CompiledPolicy,
  named: readonly string[],
  groups: readonly FindingGroup[],
  known: ReadonlySet<string>,
): ReadonlySet<string> {
  const ofGroups = groups.flatMap((group) => [
    ...ofCode(policy, `${group}.`),
    ...[...known].filter((code) => prefixOf(code) === group).flatMap((code) => ofCode(policy, code)),
    ...(group === "keyword" || group === "pattern" ? ofAll(policy, group) : []),
  ]);
  return new Set([...named.flatMap((code) => ofCode(policy, code)), ...ofGroups]);
}

/** A code that ends with a dot stands for the codes of its group that no policy names. */
function ofCode(policy: CompiledPolicy, code: string): readonly string[] {
  const { signals = {}, scan } = policy.document;
  const group = prefixOf(code);
  const name = code.slice(group.length + 1);
  if (group === "keyword") return words(Object.hasOwn(signals, name) ? signals[name] : undefined);
  if (group === "pattern") {
    return Object.values(signals).flatMap((body) => patterns(policy, body, (id) => id === name));
  }
  if (group === "scan") return [`code ${code}`];
  if (scan?.detectors === false) return [];
  return atLeast(thresholdOf(policy)).map((strength) => `code ${code} ${strength}`);
}

function ofAll(policy: CompiledPolicy, group: "keyword" | "pattern"): readonly string[] {
  const bodies = Object.values(policy.document.signals ?? {});
  return bodies.flatMap((body) => (group === "keyword" ? words(body) : patterns(policy, body, () => true)));
}

/** Only what the scanner surely reads alike counts as the same word. */
const words = (body: SignalBody | undefined): readonly string[] =>
  (body?.keywords ?? []).map((word) => `word ${word.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase())}`);

function patterns(policy: CompiledPolicy, body: SignalBody, isMeant: (id: string) => boolean): readonly string[] {
  const reported = atLeast(thresholdOf(policy));
  return (body.patterns ?? [])
    .filter(({ id, strength = USUAL_STRENGTH }) => isMeant(id) && reported.includes(strength))
    .map(({ pattern, keywords }) => `pattern ${JSON.stringify([pattern, keywords.toSorted()])}`);
}

const prefixOf = (code: string): string => code.split(".", 1)[0] ?? "";

const thresholdOf = ({ document }: CompiledPolicy): Strength => document.scan?.threshold ?? USUAL_STRENGTH;

/** Each strength of a match is an element of its own, so that a lower threshold finds all that a higher one does. */
const atLeast = (threshold: Strength): readonly Strength[] => STRENGTH_NAMES.slice(STRENGTH_NAMES.indexOf(threshold));
