import { DEFAULT_RULE } from "../../core/decision.ts";
import type { Fault, Position } from "../fault.ts";
import type { Analysis } from "./analysis.ts";

/** What an analysis may find wrong; further codes are in `fault-codes.ts`. Never reused for another meaning. */
export const ANALYSIS_FAULT_CODES = {
  unreachable_rule: "No request ever gets to the rule and matches it.",
  dead_route: "Wherever the rule decides, nobody of its route is left to ask.",
  redundant_rule: "Without the rule every request would go the same way, for the same reasons.",
  idle_constraint: "The constraint never holds.",
  idle_shadow_rule: "The shadow rule never matches, or nobody of its route is ever left to ask.",
  analysis_incomplete: "The analysis ended at its bound, so more may be wrong than it says.",
} as const;
type Code = keyof typeof ANALYSIS_FAULT_CODES;

/**
 * What a reviewer has to know of an analysis. Errors: rules that can do nothing, for they look like protection that is not
 * there. The rest works as it is written and is a warning.
 */
export function analysisFaults(analysis: Analysis, positionOf: (path: string) => Position): readonly Fault[] {
  const fault = (severity: Fault["severity"], code: Code, path: string, message: string): Fault => ({
    severity,
    code,
    message,
    path,
    position: positionOf(path),
    suggestion: null,
  });
  const { unreachable, deadRoutes, redundant, idleConstraints, idleShadow, complete, maxNodes } = analysis;
  return [
    ...unreachable.map(({ rule, path, coveredBy }) =>
      fault("error", "unreachable_rule", path, `The rule "${rule}" is never reached: ${whyUnreached(coveredBy)}.`),
    ),
    ...deadRoutes.flatMap(({ rule, path, always, constraints }) =>
      always ? [fault("error", "dead_route", path, `${subject(rule)} can never route: ${whyDead(constraints)}.`)] : [],
    ),
    ...redundant.flatMap(({ rule, path, insteadBy, changesReasons }) => {
      const message = `Without the rule "${rule}" ${named(insteadBy)} would decide the same, for the same reason.`;
      return changesReasons ? [] : [fault("warning", "redundant_rule", path, message)];
    }),
    // One that forbids what no rule routes to is a guard behind the rules, and a good one: the analysis notes it.
    ...idleConstraints.flatMap(({ constraint, path, why }) =>
      why === "never_holds"
        ? [fault("warning", "idle_constraint", path, `The constraint "${constraint}" ${WHY_IDLE[why]}.`)]
        : [],
    ),
    ...idleShadow.map(({ rule, path, why }) =>
      fault("warning", "idle_shadow_rule", path, `The shadow rule "${rule}" ${WHY_IDLE[why]}.`),
    ),
    ...(complete ? [] : [fault("warning", "analysis_incomplete", "", incomplete(maxNodes))]),
  ];
}

const WHY_IDLE = {
  never_holds: "never holds: its condition contradicts itself",
  forbids_nothing: "forbids nothing: wherever it holds, no rule routes to what it forbids",
  dead_route: "can never route: wherever it holds, nobody of its route is left to ask",
} as const;

const subject = (rule: string): string => (rule === DEFAULT_RULE ? "The default" : `The rule "${rule}"`);

const whyUnreached = (coveredBy: readonly string[]): string =>
  coveredBy.length === 0
    ? "its condition contradicts itself"
    : `${named(coveredBy)} before it ${verb(coveredBy)} all that it asks for`;

const verb = (rules: readonly string[]): string => (rules.length === 1 ? "takes" : "take");

const whyDead = (constraints: readonly string[]): string => {
  if (constraints.length === 0) return "none of its providers can do what the request needs";
  const who = listed(constraints.length === 1 ? "the constraint" : "the constraints", constraints);
  return `wherever it decides, ${who} ${constraints.length === 1 ? "leaves" : "leave"} nobody of its route to ask`;
};

const named = (rules: readonly string[]): string => {
  const others = rules.filter((rule) => rule !== DEFAULT_RULE);
  const parts = others.length === 0 ? [] : [listed(others.length === 1 ? "the rule" : "the rules", others)];
  return [...parts, ...(others.length < rules.length ? ["the default"] : [])].join(" and ");
};

const listed = (noun: string, ids: readonly string[]): string => `${noun} ${ids.map((id) => `"${id}"`).join(", ")}`;

const incomplete = (maxNodes: number): string =>
  `The analysis ended at its bound of ${maxNodes} nodes: what it says is proven, but more may be wrong.`;
