import { DEFAULT_RULE } from "../../core/decision.ts";
import { BUDGET_EXCEEDED, OPAQUE_PART } from "../../core/finding.ts";
import type { Faults } from "../faults.ts";
import { quoted } from "../quoted.ts";
import { pathOf, type SourceNode, type TextAt, textsOf, textUnder, under } from "../source-node.ts";
import type { Facts } from "./facts.ts";
import { checkProvidersDefined } from "./undefined.ts";

/** Reasons that the gateway gives by itself, and a policy may give too. */
export const SHARED_REASONS: readonly string[] = [BUDGET_EXCEEDED, OPAQUE_PART];
/** What the gateway's own codes begin with; a row must not say what the gateway never did. */
const RESERVED = /^(request|provider|policy|audit|gateway|scan)(\.|$)/;

export function checkRules(facts: Facts, faults: Faults): void {
  const rules = [...facts.rules, ...facts.shadow].map(({ node }) => node);
  for (const rule of facts.fallback === undefined ? rules : [...rules, facts.fallback]) {
    checkEffect(rule, faults);
    checkProvidersDefined(textsOf(under(rule, "route")), facts.providers, faults);
    checkReason(textUnder(rule, "reason"), faults);
  }
  for (const { node } of facts.constraints) checkReason(textUnder(node, "reason"), faults);
  checkIds(facts, faults);
}

function checkEffect(rule: SourceNode, faults: Faults): void {
  if (rule.kind !== "mapping") return;
  if (under(rule, "route") === undefined && under(rule, "deny") === undefined) {
    faults.reference(rule, { code: "route_or_deny", message: 'A rule needs "route" or "deny".' });
  } else checkNotBoth(rule, faults);
}

/** Of a rule, or of what a test expects of one. */
export function checkNotBoth(rule: SourceNode, faults: Faults): void {
  const deny = under(rule, "deny");
  if (deny === undefined || under(rule, "route") === undefined) return;
  faults.reference(deny, { code: "route_or_deny", message: 'It is either "route" or "deny", not both.' });
}

function checkReason(reason: TextAt | undefined, faults: Faults): void {
  if (reason === undefined || SHARED_REASONS.includes(reason.text) || !RESERVED.test(reason.text)) return;
  const message = `${quoted(reason.text)} looks like one of the gateway's own codes.`;
  faults.reference(reason.node, { code: "reserved_reason", message, suggestion: "begin it with another word" });
}

/** Constraints, rules and shadow rules share their names, since decisions and rows name all of them. */
function checkIds({ constraints, rules, shadow }: Facts, faults: Faults): void {
  const first = new Map<string, SourceNode>();
  for (const { id } of [...constraints, ...rules, ...shadow]) {
    if (id === undefined) continue;
    const known = first.get(id.text);
    if (id.text === DEFAULT_RULE || id.text in Object.prototype) {
      const message = `The id ${quoted(id.text)} is taken.`;
      faults.reference(id.node, { code: "reserved_name", message });
    } else if (known !== undefined) {
      const message = `The id ${quoted(id.text)} stands at ${pathOf(known)} already; constraints, rules and shadow rules share their ids.`;
      faults.reference(id.node, { code: "duplicate_id", message });
    } else first.set(id.text, id.node);
  }
}
