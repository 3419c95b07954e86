import { BUDGET_EXCEEDED, OPAQUE_PART } from "../../core/finding.ts";
import type { Diagram } from "./diagram.ts";
import type { Study } from "./study.ts";

/** Where each reason is among those that are given. */
export function reasonRegions({ axes, policy, reading, outcomes, reaches }: Study): ReadonlyMap<string, Diagram> {
  const { regions } = axes;
  const certain = policy.constraints.map(({ when }) => reading.where(when, "certain"));
  const uncertain = regions.any(outcomes.held.map((held, index) => regions.without(held, certain[index] ?? held)));
  const isOpaque = reading.where({ kind: "flag", flag: "opaque_content" }, "certain");
  const given: readonly (readonly [string, Diagram])[] = [
    ...policy.constraints.flatMap(({ reason }, index) => {
      const region = certain[index];
      return region === undefined ? [] : [[reason, region] as const];
    }),
    [BUDGET_EXCEEDED, regions.and(uncertain, reading.where({ kind: "flag", flag: "scan_incomplete" }, "certain"))],
    ...(policy.opaqueIsSensitive ? [[OPAQUE_PART, regions.and(uncertain, isOpaque)] as const] : []),
    ...reaches.map(({ rule, decides }) => [rule.reason, decides] as const),
  ];
  const byReason = Map.groupBy(given, ([reason]) => reason);
  return new Map([...byReason].map(([reason, parts]) => [reason, regions.any(parts.map(([, region]) => region))]));
}
