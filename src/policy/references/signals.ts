import { FINDING_GROUPS, OWN_GROUPS } from "../../core/finding.ts";
import type { Faults } from "../faults.ts";
import { quoted } from "../quoted.ts";
import { entriesOf, itemsOf, type SourceNode, type TextAt, textsOf, textUnder, under } from "../source-node.ts";
import { didYouMean } from "../suggest.ts";
import type { Facts } from "./facts.ts";

const BUILT_IN_GROUPS: readonly string[] = FINDING_GROUPS.filter((name) => name !== "scan" && !OWN_GROUPS.has(name));

/** `knownCodes` are those of the built-in detectors; null where nobody can say. */
export function checkSignals({ root }: Facts, knownCodes: ReadonlySet<string> | null, faults: Faults): void {
  const detectorsAreOff = isFalse(under(root, "scan", "detectors"));
  const patterns = new Set<string>();
  for (const { value: signal } of entriesOf(under(root, "signals")).values()) {
    for (const code of textsOf(under(signal, "detectors"))) checkCode(code, knownCodes, faults);
    for (const pattern of itemsOf(under(signal, "patterns")))
      checkPatternId(textUnder(pattern, "id"), patterns, faults);
    if (detectorsAreOff) checkWaiting(signal, faults);
  }
}

const isFalse = (node: SourceNode | undefined): boolean => node?.kind === "scalar" && node.value === false;

function checkCode({ text, node }: TextAt, knownCodes: ReadonlySet<string> | null, faults: Faults): void {
  const group = text.split(".", 1)[0] ?? "";
  if (OWN_GROUPS.has(group)) {
    const message = `${quoted(text)} is no built-in detector: keywords and patterns are found by the signal that has them.`;
    faults.reference(node, { code: "unknown_detector", message });
  } else if (group === text && BUILT_IN_GROUPS.includes(group)) {
    const message = `${quoted(text)} is a group of detectors.`;
    faults.reference(node, { code: "unknown_detector", message, suggestion: 'name it under "groups"' });
  } else if (!(knownCodes?.has(text) ?? BUILT_IN_GROUPS.includes(group))) {
    const suggestion = () => (knownCodes === null ? null : didYouMean(text, knownCodes));
    faults.reference(node, { code: "unknown_detector", message: `There is no detector ${quoted(text)}.`, suggestion });
  }
}

function checkPatternId(id: TextAt | undefined, patterns: Set<string>, faults: Faults): void {
  if (id === undefined) return;
  if (patterns.has(id.text)) {
    const message = `Another pattern has the id ${quoted(id.text)}; ids of patterns are unique over all signals.`;
    faults.reference(id.node, { code: "duplicate_id", message });
  }
  patterns.add(id.text);
}

function checkWaiting(signal: SourceNode, faults: Faults): void {
  const codes = textsOf(under(signal, "detectors"));
  const groups = textsOf(under(signal, "groups")).filter(({ text }) => !OWN_GROUPS.has(text));
  const [first] = [...codes, ...groups];
  if (first === undefined) return;
  const message = 'Nothing of this is ever found: "scan" turns the built-in detectors off.';
  faults.warning(first.node, { code: "detectors_off", message });
}
