import type { Faults } from "../faults.ts";
import { type SourceNode, under } from "../source-node.ts";
import type { Facts } from "./facts.ts";

/** What ends with the request's deadline, and how many milliseconds one of it is. */
const WITHIN_DEADLINE = [
  ["timeout_seconds", 1_000],
  ["connect_timeout_ms", 1],
  ["first_token_timeout_ms", 1],
] as const;

/** Warns of limits of one call that the deadline of the whole request would end first. */
export function checkAttempts({ rules, shadow, fallback }: Facts, faults: Faults): void {
  const nodes = [...rules, ...shadow].map(({ node }) => node);
  for (const rule of fallback === undefined ? nodes : [...nodes, fallback])
    checkLimits(under(rule, "attempts"), faults);
}

function checkLimits(attempts: SourceNode | undefined, faults: Faults): void {
  const deadline = numberOf(under(attempts, "deadline_seconds"));
  if (deadline === null) return;
  for (const [key, inMs] of WITHIN_DEADLINE) {
    const written = under(attempts, key);
    const limit = numberOf(written);
    if (written === undefined || limit === null || limit * inMs <= deadline * 1_000) continue;
    const message = "The deadline of the request ends this first.";
    faults.warning(written, { code: "beyond_deadline", message, suggestion: `raise "deadline_seconds"` });
  }
}

const numberOf = (node: SourceNode | undefined): number | null =>
  node?.kind === "scalar" && typeof node.value === "number" ? node.value : null;
