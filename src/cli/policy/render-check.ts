import type { CaseResult } from "../../policy/cases.ts";
import type { CompiledPolicy } from "../../policy/compiled.ts";
import { counted, rows } from "../command/text.ts";

export type Checked = {
  readonly file: string;
  readonly policy: CompiledPolicy;
  readonly cases: readonly CaseResult[];
  readonly isSound: boolean;
};

/** What a policy is made of. `rules` are those beside the default. */
export const countsOf = ({ providers, signals, constraints, rules, shadow }: CompiledPolicy) => ({
  providers: providers.length,
  signals: signals.length,
  constraints: constraints.length,
  rules: rules.length,
  shadow: shadow.length,
});

/** For a terminal; what is wrong stands elsewhere. */
export function renderCheck({ file, policy, cases, isSound }: Checked): string {
  const { providers, signals, constraints, rules, shadow } = countsOf(policy);
  const failed = cases.filter(({ passed }) => !passed).length;
  const parts = [
    counted(providers, "provider"),
    counted(signals, "signal"),
    counted(constraints, "constraint"),
    `${counted(rules, "rule")} and the default`,
    ...(shadow === 0 ? [] : [counted(shadow, "shadow rule")]),
  ];
  return [
    `${file} is ${isSound ? "sound" : "not sound"}.`,
    "",
    ...rows([
      ["name", policy.name],
      ["version", String(policy.version)],
      ["hash", policy.hash],
      ["has", parts.join(", ")],
      [
        "tests",
        cases.length === 0 ? "none" : failed === 0 ? `all ${cases.length} pass` : `${failed} of ${cases.length} fail`,
      ],
    ]),
    "",
  ].join("\n");
}
