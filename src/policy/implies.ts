import type { Condition } from "./condition.ts";

/**
 * Whether `conclusion` holds of every request of which `premise` holds, as far as their forms show it: true is always
 * right, false only says that nothing was seen. `analyse` knows exactly, and takes longer.
 */
export function impliesByForm(premise: Condition, conclusion: Condition): boolean {
  if (JSON.stringify(premise) === JSON.stringify(conclusion)) return true;
  if (premise.kind === "any") return premise.of.every((part) => impliesByForm(part, conclusion));
  if (conclusion.kind === "all") return conclusion.of.every((part) => impliesByForm(premise, part));
  if (premise.kind === "all" && premise.of.some((part) => impliesByForm(part, conclusion))) return true;
  return conclusion.kind === "any" && conclusion.of.some((part) => impliesByForm(premise, part));
}
