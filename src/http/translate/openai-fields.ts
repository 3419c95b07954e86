import { Refusal } from "../problem.ts";
import { bookkeeping, carried, empty, type FieldRules, objectOf, only, wholly } from "./untranslated.ts";

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

/** Fields that chat and completions share. */
export const GENERATION_RULES: FieldRules = {
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
