import { QUANTITIES } from "../condition.ts";
import type { Faults } from "../faults.ts";
import { entriesOf, type SourceNode, textsOf, under } from "../source-node.ts";
import type { AtomAt, Facts } from "./facts.ts";
import { checkProvidersDefined, checkSignalsDefined, notDefined } from "./undefined.ts";

export function checkConditions(facts: Facts, faults: Faults): void {
  for (const atom of facts.atoms) checkAtom(atom, facts, faults);
}

function checkAtom({ key, value }: AtomAt, facts: Facts, faults: Faults): void {
  if (key === "signal") checkSignalsDefined(textsOf(value), facts.signals, faults);
  else if (key === "requested_provider") checkProvidersDefined(textsOf(value), facts.providers, faults);
  else if (key === "labels") checkLabels(value, facts, faults);
  else if (QUANTITIES.some((name) => name === key)) checkRange(value, faults);
}

export function checkLabels(labels: SourceNode | undefined, facts: Facts, faults: Faults): void {
  for (const [label, { key, value }] of entriesOf(labels)) {
    const known = facts.labels.get(label);
    if (known === undefined && labels !== undefined) {
      faults.ofKey(labels, label, key, notDefined("undefined_label", "label", label, facts.labels.keys()));
    }
    for (const { text, node } of textsOf(value)) {
      if (known === undefined || known.has(text)) continue;
      faults.reference(node, notDefined("undefined_label_value", `value of this label`, text, known));
    }
  }
}

function checkRange(range: SourceNode, faults: Faults): void {
  const from = numberOf(under(range, "at_least"));
  const to = numberOf(under(range, "at_most"));
  if (from !== null && to !== null && from > to) {
    faults.reference(range, { code: "empty_range", message: `Nothing is at least ${from} and at most ${to}.` });
  } else if (from === 0 && under(range, "at_most") === undefined) {
    faults.warning(range, { code: "endless_range", message: "Everything is at least 0; this never matters." });
  }
}

const numberOf = (node: SourceNode | undefined): number | null =>
  node?.kind === "scalar" && typeof node.value === "number" ? node.value : null;
