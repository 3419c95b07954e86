import type { CompiledPolicy } from "../../policy/compiled.ts";
import type { Change, ChangedTraffic, Check, PolicyDiff } from "../../policy/diff.ts";
import { bullet, paragraph, traffic } from "../command/text.ts";
import { effectWords } from "./effect-words.ts";
import { decisionWords, requestWords } from "./witness.ts";

type Named = { readonly file: string; readonly policy: CompiledPolicy };

export type Compared = {
  readonly old: Named;
  readonly new: Named;
  readonly diff: PolicyDiff;
  /** Those that were asked for. */
  readonly checks: readonly Check[];
};

/** For a terminal: checks first, then what changes, and last how far it goes. */
export function renderDiff({ old, new: now, diff, checks }: Compared): string {
  const sections: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ["Checks", checks.flatMap((check) => checkLines(check, diff))],
    ["Requests that go another way", changeLines(diff)],
    ["Requests that go the same way for other reasons", reasonLines(diff)],
    ["Names that stand for something else, or are called in another way", definitionLines(diff)],
  ];
  return [
    `old: ${nameOf(old)}`,
    `new: ${nameOf(now)}`,
    ...sections.flatMap(([title, lines]) => (lines.length === 0 ? [] : ["", title, ...lines])),
    "",
    ...paragraph(closing(diff)),
    "",
  ].join("\n");
}

const nameOf = ({ file, policy }: Named): string => `${file} (${policy.name}, version ${policy.version})`;

const PROVEN: Readonly<Record<Check, string>> = {
  no_new_cloud: "no request that was kept local, or denied, can leave the local zone now",
  no_new_deny: "no request that was let go is denied now",
};

function checkLines(check: Check, { checks }: PolicyDiff): readonly string[] {
  const name = check.replaceAll("_", "-");
  const result = checks[check];
  switch (result.result) {
    case "proven":
      return bullet(`${name}: proven, ${PROVEN[check]}`);
    case "undecided":
      return bullet(`${name}: not proven; the proof ended at its bound, or needs prices that nobody knows`);
    case "counterexample":
      return [...bullet(`${name}: NOT so for requests like these`), ...changedLines(result)];
  }
}

function changeLines({ changes, moreChanges }: PolicyDiff): readonly string[] {
  return [
    ...changes.flatMap(({ from, to, ...changed }) => [
      ...bullet(`${outcomeWords(from)} -> ${outcomeWords(to)}`),
      ...changedLines(changed),
    ]),
    ...(moreChanges ? bullet("and more") : []),
  ];
}

function outcomeWords(outcome: Change["from"]): string {
  if (outcome.denial !== null) return `denied (${outcome.denial})`;
  const route = outcome.candidates.map(({ provider, zone }) => `${provider} (zone ${zone})`).join(", or else ");
  return [route, ...effectWords(outcome.effects)].join("; ");
}

const reasonLines = ({ reasonChanges }: PolicyDiff): readonly string[] =>
  reasonChanges.flatMap(({ reason, change, ...changed }) => [
    ...bullet(`${reason} is ${change === "added" ? "given now" : "given no longer"}`),
    ...changedLines(changed),
  ]);

const changedLines = ({ witness, ...described }: ChangedTraffic): readonly string[] => [
  ...traffic(described),
  ...bullet(`for example ${exampleWords(witness)}`, 4),
];

/** Which models a provider has may differ, where a name stands for another server now. */
function exampleWords({ old, new: now }: ChangedTraffic["witness"]): string {
  const [before, after] = [requestWords(old.features), requestWords(now.features)];
  const request = before === after ? after : `${after} (to the old policy: ${before})`;
  return `${request}: ${decisionWords(old.decision)} -> ${decisionWords(now.decision)}`;
}

const definitionLines = ({ definitions }: PolicyDiff): readonly string[] =>
  definitions.flatMap(({ path, from, to }) => bullet(`${path}: ${JSON.stringify(from)} -> ${JSON.stringify(to)}`));

function closing({ complete, changes, reasonChanges, nodes, maxNodes }: PolicyDiff): string {
  if (!complete) {
    return `The comparison ended at its bound of ${maxNodes} nodes: what it says is proven, but more may differ.`;
  }
  const same =
    changes.length + reasonChanges.length === 0 ? "Every request goes the same way, for the same reasons. " : "";
  return `${same}The comparison is complete: it holds for every request there could be (${nodes} nodes).`;
}
