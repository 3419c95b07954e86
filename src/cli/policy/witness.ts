import type { Decision } from "../../core/decision.ts";
import type { Features } from "../../core/features.ts";
import { recordFeatures } from "../../core/recorded-features.ts";
import { counted } from "../command/text.ts";

/** A request that shows what is said, with what a policy decides of it. */
export type Shown = { readonly features: Features; readonly decision: Decision };

export const witnessJson = ({ features, decision }: Shown) => ({
  features: recordFeatures(features),
  decision: decisionJson(decision),
});

export const decisionJson = ({ candidates, denial, rule, constraints, reasonCodes }: Decision) => ({
  decision: denial === null ? ("route" as const) : ("deny" as const),
  code: denial,
  rule,
  reason_codes: reasonCodes,
  constraints: constraints.map(({ id }) => id),
  candidates,
});

/** `local, or else cloud, by rule short`; `denied (policy.denied), by rule secrets`. */
export function decisionWords({ candidates, denial, rule }: Decision): string {
  const where = denial === null ? candidates.map(({ provider }) => provider).join(", or else ") : `denied (${denial})`;
  return `${where}, by ${rule === "default" ? "the default" : `rule ${rule}`}`;
}

/** A request in one line, with what of it is out of the ordinary. */
export function requestWords(features: Features): string {
  const { promptTokens, maxOutputTokens, choices, labels } = features;
  return [
    `${features.task} by ${features.surface}`,
    ...modelWords(features),
    counted(features.messageCount, "message"),
    counted(features.promptChars, "character"),
    ...(promptTokens === null ? [] : [counted(promptTokens, "token")]),
    ...(maxOutputTokens === null ? [] : [`at most ${counted(maxOutputTokens, "token")} of output`]),
    ...(choices === 1 ? [] : [`${choices} answers`]),
    ...(features.streamed ? ["streamed"] : []),
    ...(features.hasTools ? ["tools"] : []),
    ...(features.hasImages ? ["images"] : []),
    ...(features.opaqueContent ? ["content that is no text"] : []),
    ...(features.scanIncomplete ? ["text that the scanner gave up on"] : []),
    ...(features.signals.length === 0 ? [] : [`signals ${features.signals.join(" ")}`]),
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  ].join(", ");
}

function modelWords({ wish, model, requestedProvider, offeredBy }: Features): readonly string[] {
  const asked = requestedProvider === null ? [] : [`asked of ${requestedProvider}`];
  if (wish === "auto") return asked;
  if (wish === "other") return ["a model that nobody knows", ...asked];
  return [`model ${model}`, ...asked, `to be had of ${offeredBy.length === 0 ? "nobody" : offeredBy.join(" ")}`];
}
