import type { DecideBody } from "../../http/schemas/decide.ts";
import { printable } from "../../policy/render-faults.ts";
import { counted, paragraph, rows } from "../command/text.ts";
import { effectWords } from "./effect-words.ts";
import { renderFeatures } from "./render-features.ts";

/** What is said of a dry run beside what the gateway itself would say of it. */
export type Explained = {
  readonly body: DecideBody;
  /** Sentences on how far a running gateway may know more. */
  readonly notes: readonly string[];
};

type Row = readonly [name: string, text: string];

/** For a terminal: first where the request goes, then why. Names and numbers, never a text of the request. */
export function renderExplain({ body, notes }: Explained): string {
  const sections: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ["", rows(whyRows(body))],
    ["Constraints", rows(body.constraints.map(constraintRow))],
    ["Rules", rows(ruleRows(body))],
    ["Providers", rows(providerRows(body))],
    ["Rules that are only watched", rows(body.shadow.map(shadowRow))],
    ["The request, as policy sees it", rows(renderFeatures(body))],
    ["", notes.flatMap((note) => paragraph(note))],
  ];
  return [
    ...paragraph(outcomeOf(body)),
    ...sections.flatMap(([title, lines]) =>
      lines.length === 0 ? [] : ["", ...(title === "" ? [] : [title]), ...lines],
    ),
    "",
  ].join("\n");
}

function outcomeOf({ candidates, error }: DecideBody): string {
  const [first, ...others] = candidates.map(({ provider, zone, model }) => `${provider} (${model}, zone ${zone})`);
  if (error === null && first !== undefined) {
    return `Goes to ${[first, ...others].join(", or else to ")}.`;
  }
  return `Refused: ${error?.code}. ${printable(error?.message ?? "")}`;
}

function whyRows({ policy, rule, rules, reason_codes: reasons, ...body }: DecideBody): readonly Row[] {
  const matched = rules.find(({ id }) => id === rule);
  const because = matched === undefined || matched.because.length === 0 ? "" : `, since ${wordsOf(matched)}`;
  const cost = body.estimated_cost_micros;
  return [
    ["by", rule === "default" ? "the default, since no rule holds" : `rule ${rule}${because}`],
    ["reasons", reasons.join(", ")],
    ...(cost === null ? [] : [["cost", `${cost} micro-USD by estimate`] as const]),
    ...effectRows(body.effects),
    ["policy", `${policy.name}, version ${policy.version}`],
    ["hash", policy.hash],
  ];
}

function effectRows({ limits, delivery, attempts }: DecideBody["effects"]): readonly Row[] {
  const words = effectWords({
    maxOutputTokens: limits.max_output_tokens,
    maxEstimatedCostMicros: limits.max_estimated_cost_micros,
    delivery,
    attempts: {
      deadlineMs: attempts.deadline_ms,
      timeoutMs: attempts.timeout_ms,
      connectTimeoutMs: attempts.connect_timeout_ms,
      firstTokenTimeoutMs: attempts.first_token_timeout_ms,
      idleTimeoutMs: attempts.idle_timeout_ms,
      retries: attempts.retries,
      maxTargets: attempts.max_targets,
    },
  });
  return words.length === 0 ? [] : [["effects", words.join("; ")]];
}

function constraintRow({ id, forbids, held, certain, ...constraint }: DecideBody["constraints"][number]): Row {
  if (!held) return [`-    ${id}`, wordsOf(constraint)];
  const forbidden = [
    ...forbids.zones.map((zone) => `zone ${zone}`),
    ...forbids.providers.map((provider) => `provider ${provider}`),
    ...forbids.models.map((model) => `model ${model}`),
  ];
  const doubt = certain ? "" : "; it holds as long as that is not certainly false";
  return [`held ${id}`, `forbids ${forbidden.join(", ")}, since ${wordsOf(constraint)}${doubt}`];
}

/** Up to the one that decided: those behind it nobody asks. */
function ruleRows({ rules }: DecideBody): readonly Row[] {
  const asked = rules.filter(({ reached }) => reached);
  const rest = rules.length - asked.length;
  return [
    ...asked.map((rule): Row => {
      const does = rule.outcome === "deny" ? "denies" : "routes";
      if (!rule.matched) return [`-    ${rule.id}`, wordsOf(rule)];
      return [`yes  ${rule.id}`, `${does}${rule.because.length === 0 ? " all that is left" : ` where ${rule.when}`}`];
    }),
    ...(rest === 0 ? [] : [["", `${counted(rest, "rule")} after it, the default among them: not asked`] as const]),
  ];
}

function providerRows({ candidates, excluded }: DecideBody): readonly Row[] {
  return [
    ...candidates.map(
      ({ provider, zone, model, estimated_cost_micros: cost }, index): Row => [
        `${index + 1}.   ${provider}`,
        `${model}, zone ${zone}${cost === null ? "" : `, ${cost} micro-USD by estimate`}`,
      ],
    ),
    ...excluded.map(({ provider, by, why }): Row => [`-    ${provider}`, `${by}: ${why}`]),
  ];
}

function shadowRow({ rule, outcome, provider, differs }: DecideBody["shadow"][number]): Row {
  const would = outcome === "deny" ? "would deny" : `would go to ${provider} first`;
  return [`     ${rule}`, `${would}; ${differs ? "that is something else" : "that is the same"}`];
}

const wordsOf = ({
  because,
  when,
}: {
  readonly because: DecideBody["rules"][number]["because"];
  readonly when: string;
}) => (because.length === 0 ? when : because.map(({ words }) => words).join(", and "));
