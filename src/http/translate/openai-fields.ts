import { OTHER_LIMIT_FIELDS, STANDARD_LIMIT_FIELDS } from "../../core/output-limit-fields.ts";
import { STEERING_FIELDS } from "../../gateway/plan.ts";
import { MAY_HOLD_TOKENS, MEDIA } from "../../scan/opaque.ts";
import { Refusal } from "../problem.ts";
import { bookkeeping, carried, empty, type FieldRules, objectOf, only, uncarried, wholly } from "./untranslated.ts";

/** A value that the schema leaves open, for it depends on another field. */
export function needed<T>(value: T | null | undefined, field: string, condition: string): T {
  if (value !== null && value !== undefined) return value;
  throw new Refusal("request.invalid_field", `${field} must be given ${condition}.`, { field });
}

/** Fields of OpenAI's that serve the client's or the provider's own book-keeping. */
const BOOKKEEPING_RULES: FieldRules = {
  user: bookkeeping,
  safety_identifier: bookkeeping,
  metadata: bookkeeping,
  prompt_cache_key: bookkeeping,
  prompt_cache_options: bookkeeping,
  prompt_cache_retention: bookkeeping,
  store: only(false),
  service_tier: only("auto", "default"),
};

/**
 * What others here look for in a body by its name. No task carries any of it, unless a surface's own rules say so; it is
 * listed so that it does not come in disguise, past whoever looks for it.
 */
export const LOOKED_FOR_RULES: FieldRules = Object.fromEntries(
  [...STEERING_FIELDS, ...STANDARD_LIMIT_FIELDS, ...OTHER_LIMIT_FIELDS, ...MAY_HOLD_TOKENS, ...MEDIA].map((name) => [
    name,
    uncarried,
  ]),
);

/** Fields that chat and completions share. */
export const GENERATION_RULES: FieldRules = {
  ...LOOKED_FOR_RULES,
  ...BOOKKEEPING_RULES,
  model: carried,
  stream: carried,
  stream_options: wholly(bookkeeping, objectOf({ include_usage: carried, include_obfuscation: bookkeeping })),
  temperature: carried,
  top_p: carried,
  seed: carried,
  stop: carried,
  max_tokens: carried,
  frequency_penalty: carried,
  presence_penalty: carried,
  logit_bias: empty,
  n: only(1),
};
