import { type Static, Type } from "@sinclair/typebox";
import { literals, nullable } from "./literals.ts";
import { AnyJson, AnyObject, given, OPEN, OpenAiModel } from "./openai-common.ts";

const MAX_ITEMS = 2_048;
const MAX_PARTS = 2_048;
const MAX_TOOLS = 1_024;
const MAX_INCLUDES = 16;

const TextFormat = Type.Object(
  {
    type: Type.String({ description: "`text`, `json_object` or `json_schema`." }),
    name: given.string("With the type `json_schema`: a name for it."),
    schema: Type.Optional(nullable(AnyObject("With the type `json_schema`: the JSON Schema of the answer."))),
    strict: given.boolean("Hold the answer to the schema."),
  },
  { ...OPEN, title: "an object" },
);

const TextSettings = Type.Object(
  { format: Type.Optional(nullable(TextFormat)), verbosity: given.string("`medium` only.") },
  { ...OPEN, title: "an object" },
);

const Reasoning = Type.Object(
  {
    effort: given.string("`none`, `low`, `medium` or `high`."),
    summary: given.string("`auto` or `detailed`: the thinking is shown as the model shows it."),
    generate_summary: given.string("The old name of `summary`."),
    context: given.string("`auto` only."),
    mode: given.string("`standard` only."),
  },
  { ...OPEN, title: "an object" },
);

const ToolChoice = Type.Union(
  [
    Type.Literal("auto"),
    Type.Literal("none"),
    Type.Literal("required"),
    Type.Object({ type: Type.String(), name: given.string("The function's.") }, { ...OPEN, title: "an object" }),
    Type.Null(),
  ],
  { description: "Named functions are `{type: function, name}`." },
);

/**
 * `POST /v1/responses` is always translated: what a provider gets is the meaning of the fields, never the body. So a
 * field that is not listed is refused by its name.
 */
export const OpenAiResponsesBody = Type.Object(
  {
    model: Type.Optional(nullable(OpenAiModel)),
    input: Type.Union(
      [
        Type.String({ title: "a string" }),
        Type.Array(AnyObject("A message, function_call, function_call_output or reasoning item."), {
          minItems: 1,
          maxItems: MAX_ITEMS,
          title: `an array of 1 to ${MAX_ITEMS} items`,
        }),
      ],
      { description: "All of the conversation: none is stored here." },
    ),
    instructions: given.string("A system message before the input."),
    tools: Type.Optional(
      nullable(
        Type.Array(AnyObject("A function; no other type of tool."), {
          maxItems: MAX_TOOLS,
          title: `an array of at most ${MAX_TOOLS} tools`,
        }),
      ),
    ),
    tool_choice: Type.Optional(ToolChoice),
    parallel_tool_calls: given.boolean("With tools, false only where the provider speaks OpenAI."),
    text: Type.Optional(nullable(TextSettings)),
    reasoning: Type.Optional(nullable(Reasoning)),
    max_output_tokens: given.integer("The most tokens to make."),
    temperature: given.number("OpenAI takes 0 to 2."),
    top_p: given.number("OpenAI takes 0 to 1."),
    top_logprobs: given.integer("How many likely tokens to give at each place; OpenAI takes 0 to 20."),
    include: Type.Optional(
      nullable(
        Type.Array(Type.String(), { maxItems: MAX_INCLUDES, title: `an array of at most ${MAX_INCLUDES} strings` }),
      ),
    ),
    store: given.boolean("False, which is the default here: no response is stored."),
    stream: given.boolean("Answer by server-sent events."),
    truncation: given.string("`disabled` only."),
    service_tier: given.string("`auto` or `default`."),
    background: given.boolean("False only."),
    previous_response_id: given.string("Null only: no response is stored."),
    conversation: Type.Optional(AnyJson("Null only: no conversation is stored.")),
    metadata: Type.Optional(nullable(AnyObject("Book-keeping of the client's; changes no answer."))),
    user: given.string("Book-keeping of the client's; changes no answer."),
    safety_identifier: given.string("Book-keeping of the client's; changes no answer."),
    prompt_cache_key: given.string("Book-keeping of the client's; changes no answer."),
    prompt_cache_options: Type.Optional(nullable(AnyObject("`mode` and `ttl`, which change no answer."))),
  },
  {
    ...OPEN,
    description:
      "OpenAI's response, without storage: each request holds the whole conversation. Tools are functions. Fields that are not listed are refused by name.",
    examples: [
      { model: "auto", input: "Say hello in five words." },
      {
        model: "auto",
        stream: true,
        store: false,
        instructions: "Be brief.",
        input: [
          { role: "user", content: [{ type: "input_text", text: "What is the weather in Lisbon?" }] },
          { type: "function_call", call_id: "call_1", name: "get_weather", arguments: '{"city":"Lisbon"}' },
          { type: "function_call_output", call_id: "call_1", output: "21 degrees" },
        ],
        tools: [
          {
            type: "function",
            name: "get_weather",
            parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
          },
        ],
      },
    ],
  },
);
export type OpenAiResponsesBody = Static<typeof OpenAiResponsesBody>;

const Parts = (description: string) =>
  Type.Union([
    Type.String({ title: "a string" }),
    Type.Array(AnyObject(description), { maxItems: MAX_PARTS, title: "an array of content parts" }),
  ]);

export const MessageItem = Type.Object({
  role: literals(["user", "assistant", "system", "developer"]),
  content: Parts("An input_text, output_text, refusal or input_image."),
});

export const FunctionCallItem = Type.Object({
  call_id: Type.String({ minLength: 1 }),
  name: Type.String({ minLength: 1 }),
  arguments: Type.String(),
});

export const FunctionCallOutputItem = Type.Object({
  call_id: Type.String({ minLength: 1 }),
  output: Parts("An input_text."),
});

export const ReasoningItem = Type.Object({
  id: given.string("As this gateway gave it."),
  summary: Type.Array(Type.Object({ type: Type.Literal("summary_text"), text: Type.String() })),
});

export const TextPart = Type.Object({ text: Type.String() });
export const RefusalPart = Type.Object({ refusal: Type.String() });
export const ImagePart = Type.Object({ image_url: Type.String({ description: "A base64 data URL." }) });

export const FunctionTool = Type.Object({
  name: Type.String({ minLength: 1 }),
  description: given.string("What the function does."),
  parameters: Type.Optional(nullable(AnyObject("JSON Schema of the arguments."))),
  strict: given.boolean("Hold the arguments to the schema."),
});
