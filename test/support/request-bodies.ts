import type { JsonObject } from "../../src/core/json.ts";

const TOOL = {
  type: "function",
  function: {
    name: "find_orders",
    description: "Finds the orders of a customer.",
    parameters: {
      type: "object",
      title: "Query",
      properties: {
        status: { type: "string", enum: ["open", "sent"], description: "Which ones." },
        limit: { type: "integer", default: 5, examples: [7] },
      },
      required: ["status"],
    },
  },
} as const;

const JSON_SCHEMA = {
  type: "object",
  properties: { answer: { type: "string", const: "yes", pattern: "^y" } },
} as const;

/** Requests as programs send them, with something in every field that can hold a text, a number or a name. */
export const REQUEST_BODIES: Readonly<Record<string, JsonObject>> = {
  "OpenAI chat": {
    model: "gpt-5-mini",
    messages: [
      { role: "system", content: "Be kind." },
      { role: "user", name: "ann", content: "Good morning." },
      {
        role: "user",
        content: [
          { type: "text", text: "One part." },
          { type: "text", text: "Another." },
        ],
      },
      {
        role: "assistant",
        content: null,
        refusal: "no",
        tool_calls: [
          { id: "call_1", type: "function", function: { name: "find_orders", arguments: '{"status":"open"}' } },
        ],
      },
      { role: "tool", tool_call_id: "call_1", content: '[{"order":"chair"}]' },
    ],
    tools: [TOOL],
    tool_choice: { type: "function", function: { name: "find_orders" } },
    response_format: { type: "json_schema", json_schema: { name: "reply", description: "d", schema: JSON_SCHEMA } },
    metadata: { ticket: "chairs", team: "blue" },
    stop: ["END", "STOP"],
    user: "someone",
    prediction: { type: "content", content: "Perhaps this." },
    logit_bias: { word: -100 },
    temperature: 0.5,
    seed: 7,
  },
  "OpenAI completions": { model: "m", prompt: ["Once", "upon"], suffix: "the end", stop: "\n", best_of: 2 },
  "OpenAI responses": {
    model: "m",
    instructions: "Be brief.",
    input: [
      { type: "message", role: "user", content: [{ type: "input_text", text: "Which chairs?" }] },
      { type: "function_call", call_id: "c1", name: "find_orders", arguments: '{"status":"open"}' },
      { type: "function_call_output", call_id: "c1", output: "two" },
    ],
    text: { format: { type: "json_schema", name: "reply", schema: JSON_SCHEMA } },
    metadata: { ticket: "chairs" },
    prompt_cache_key: "k",
  },
  "OpenAI embeddings": { model: "m", input: ["first text", "second text"], user: "someone", dimensions: 256 },
  "Ollama chat": {
    model: "m",
    messages: [
      { role: "system", content: "Be kind." },
      { role: "user", content: "Which chairs?" },
      {
        role: "assistant",
        content: "",
        thinking: "hm",
        tool_calls: [{ function: { name: "find_orders", arguments: { status: "open", nested: { ids: [1, "two"] } } } }],
      },
      { role: "tool", tool_name: "find_orders", content: "two" },
    ],
    tools: [TOOL],
    format: JSON_SCHEMA,
    options: { stop: ["END"], num_predict: 9, x_option: "y" },
    keep_alive: "5m",
  },
  "Ollama generate": {
    model: "m",
    prompt: "Once upon",
    suffix: "the end",
    system: "Be kind.",
    template: "{{ .Prompt }}",
    raw: false,
    options: { seed: 3 },
  },
};
