/** What OpenAI itself reads as the most tokens to make. */
export const STANDARD_LIMIT_FIELDS = ["max_tokens", "max_completion_tokens"] as const;
/** What other servers of its protocol read so; to llama-server `n_predict` overrules the rest. */
export const OTHER_LIMIT_FIELDS = ["max_output_tokens", "n_predict", "num_predict", "max_new_tokens"] as const;
