/**
 * The protocols' own names, which a client has no choice in and can say nothing by: as keys, and as the values of `role`
 * and `type`. A keyword such as `user` would else stand in every request. As values of any other field they are text.
 */
const NAMES = [
  // Requests.
  ...["model", "messages", "input", "prompt", "suffix", "system", "instructions", "stream", "stream_options"],
  ...["include_usage", "temperature", "top_p", "top_k", "min_p", "seed", "stop", "n", "max_tokens"],
  ...["max_completion_tokens", "max_output_tokens", "frequency_penalty", "presence_penalty", "logprobs"],
  ...["top_logprobs", "logit_bias", "user", "metadata", "store", "service_tier", "response_format", "format"],
  ...["json_schema", "json_object", "schema", "strict", "tools", "tool_choice", "parallel_tool_calls", "functions"],
  ...["function_call", "reasoning", "reasoning_effort", "effort", "summary", "verbosity", "modalities", "dimensions"],
  ...["encoding_format", "truncate", "truncation", "shift", "keep_alive", "options", "num_predict", "num_ctx"],
  ...["repeat_penalty", "raw", "template", "context", "think", "include", "previous_response_id", "conversation"],
  ...["safety_identifier", "prompt_cache_key", "prompt_cache_retention"],
  // Messages, parts, tools.
  ...["role", "content", "name", "refusal", "reasoning_content", "thinking", "images", "tool_calls", "tool_call_id"],
  ...["tool_name", "id", "call_id", "index", "type", "text", "image_url", "url", "detail", "function", "description"],
  ...["parameters", "arguments", "output", "status", "annotations"],
  // Roles and types.
  ...["developer", "assistant", "tool", "message", "input_text", "output_text", "input_image", "function_call_output"],
  // JSON Schema, of which every tool has some.
  ...["object", "array", "string", "number", "integer", "boolean", "null", "properties", "required", "items", "enum"],
  ...["additionalProperties", "title", "$schema", "anyOf", "const", "default"],
] as const;

const VOCABULARY: ReadonlySet<string> = new Set(NAMES);
const CLOSED_FIELDS: ReadonlySet<string> = new Set(["role", "type"]);

export const isProtocolName = (key: string): boolean => VOCABULARY.has(key);

/** Whether a value says nothing but which of the protocol's kinds this is. */
export const isProtocolWord = (key: string, value: unknown): boolean =>
  CLOSED_FIELDS.has(key) && typeof value === "string" && VOCABULARY.has(value);
