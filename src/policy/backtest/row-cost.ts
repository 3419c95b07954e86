import type { Decision, ProviderId } from "../../core/decision.ts";
import type { Features } from "../../core/features.ts";
import type { DecidablePolicy } from "../compiled.ts";
import { BEYOND_ANY_BOUND, priceOf, reportedCostMicros } from "../cost.ts";
import type { DecidedRow } from "./decided-row.ts";

/** An answer as one policy would have it: by whom, under which bound. */
export type Answer = {
  readonly policy: DecidablePolicy;
  readonly features: Features;
  readonly provider: ProviderId;
  readonly model: string;
  readonly maxOutputTokens: Decision["effects"]["maxOutputTokens"];
};

/**
 * What an answer costs, in micro-USD, by the tokens that were reported for the request, else by estimate; null where no
 * price is known, or no number of tokens. A bound of the policy holds for reported tokens, too.
 */
export function costOfAnswer(answer: Answer, usage: DecidedRow["usage"]): number | null {
  const { policy, features, model, maxOutputTokens } = answer;
  const provider = policy.providers.find(({ id }) => id === answer.provider);
  if (provider === undefined) return null;
  const price = priceOf(provider, model, features);
  const reported = reportedTokens(features, usage);
  if (reported === null) return bounded(reportedCostMicros(price, features, maxOutputTokens));
  const bound = maxOutputTokens === null ? null : maxOutputTokens * features.choices;
  const asReported = { ...features, promptTokens: reported.input, maxOutputTokens: reported.output, choices: 1 };
  return bounded(reportedCostMicros(price, asReported, bound));
}

/** Embeddings have no output to report. */
export function reportedTokens(
  { task }: Features,
  { promptTokens, completionTokens }: DecidedRow["usage"],
): { readonly input: number; readonly output: number } | null {
  const output = completionTokens ?? (task === "embedding" ? 0 : null);
  return promptTokens === null || output === null ? null : { input: promptTokens, output };
}

const bounded = (micros: number | null): number | null => (micros === BEYOND_ANY_BOUND ? null : micros);
