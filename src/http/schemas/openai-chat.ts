import { type Static, Type } from "@sinclair/typebox";
import { literals } from "./literals.ts";
import { AnyJson, AnyObject, given, OPEN, OpenAiModel, SamplingFields, StreamFields } from "./openai-common.ts";

const MAX_MESSAGES = 2_048;
const MAX_PARTS = 2_048;
const MAX_TOOL_CALLS = 1_024;
const MAX_TOOLS = 1_024;

export const OPENAI_ROLES = ["system", "developer", "user", "assistant", "tool", "function"] as const;

export const OpenAiPart = Type.Object(
  {
    type: Type.String({ description: "`text`, `image_url`, `refusal`; others only where the provider speaks OpenAI." }),
    text: given.string("With the type `text`."),
    refusal: given.string("With the type `refusal`."),
    image_url: Type.Optional(
      Type.Object(
        {
          url: Type.String({ description: "A base64 data URL; http(s) only where the provider speaks OpenAI." }),
          detail: given.string("`auto` or `high`, or others where the provider speaks OpenAI."),
        },
        OPEN,
      ),
    ),
  },
  OPEN,
);
export type OpenAiPart = Static<typeof OpenAiPart>;

export const OpenAiToolCall = Type.Object(
  {
    id: Type.String(),
    type: given.string("`function`, which is the default; others only where the provider speaks OpenAI."),
    function: Type.Optional(
      Type.Object(
        { name: Type.String(), arguments: Type.String({ description: "A JSON object, as text." }) },
        { ...OPEN, description: "With the type `function`." },
      ),
    ),
  },
  OPEN,
);
export type OpenAiToolCall = Static<typeof OpenAiToolCall>;

export const OpenAiMessage = Type.Object(
  {
    role: literals(OPENAI_ROLES),
    content: Type.Optional(
      Type.Union([
        Type.String({ title: "a string" }),
        Type.Array(OpenAiPart, { maxItems: MAX_PARTS, title: "an array of content parts" }),
        Type.Null(),
      ]),
    ),
    name: given.string("On a message of the role `tool`, the function's; on others only for OpenAI."),
    refusal: given.string("On a message of the role `assistant`."),
    reasoning_content: given.string("What an assistant message shows of its thinking."),
    reasoning: given.string("The same, as some servers call it."),
    tool_calls: Type.Optional(
      Type.Union([
        Type.Array(OpenAiToolCall, { maxItems: MAX_TOOL_CALLS, title: "an array of tool calls" }),
        Type.Null(),
      ]),
    ),
    tool_call_id: given.string("On a message of the role `tool`: the call that it answers."),
  },
  OPEN,
);
export type OpenAiMessage = Static<typeof OpenAiMessage>;

export const OpenAiTool = Type.Object(
  {
    type: Type.String({ description: "`function`; others only where the provider speaks OpenAI." }),
    function: Type.Optional(
      Type.Object(
        {
          name: Type.String({ minLength: 1 }),
          description: given.string("What the function does."),
          parameters: Type.Optional(Type.Union([AnyObject("JSON Schema of the arguments."), Type.Null()])),
          strict: given.boolean("Hold the arguments to the schema."),
        },
        OPEN,
      ),
    ),
  },
  OPEN,
);
export type OpenAiTool = Static<typeof OpenAiTool>;

const ToolChoice = Type.Union(
  [
    Type.Literal("auto"),
    Type.Literal("none"),
    Type.Literal("required"),
    Type.Object(
      { type: Type.String(), function: Type.Optional(Type.Object({ name: Type.String() }, OPEN)) },
      { ...OPEN, title: "an object that names a function" },
    ),
    Type.Null(),
  ],
  { description: "Named functions are `{type: function, function: {name}}`." },
);

const ResponseFormat = Type.Object(
  {
    type: Type.String({ description: "`text`, `json_object` or `json_schema`." }),
    json_schema: Type.Optional(
      Type.Object(
        {
          name: given.string("A name for the schema."),
          schema: Type.Optional(Type.Union([AnyObject("JSON Schema of the answer."), Type.Null()])),
          strict: given.boolean("Hold the answer to the schema."),
        },
        OPEN,
      ),
    ),
  },
  { ...OPEN, title: "an object" },
);

export const OpenAiChatBody = Type.Object(
  {
    model: OpenAiModel,
    messages: Type.Array(OpenAiMessage, { minItems: 1, maxItems: MAX_MESSAGES }),
    ...SamplingFields,
    max_completion_tokens: given.integer("The most tokens to make; wins over max_tokens."),
    logprobs: given.boolean("Give the log probability of each token."),
    top_logprobs: given.integer("How many likely tokens to give at each place; OpenAI takes 0 to 20."),
    tools: Type.Optional(
      Type.Union([Type.Array(OpenAiTool, { maxItems: MAX_TOOLS, title: "an array of tools" }), Type.Null()]),
    ),
    tool_choice: Type.Optional(ToolChoice),
    parallel_tool_calls: given.boolean("With tools, false only where the provider speaks OpenAI."),
    response_format: Type.Optional(Type.Union([ResponseFormat, Type.Null()])),
    reasoning_effort: given.string("`none`, `low`, `medium`, `high`; others only where the provider speaks OpenAI."),
    n: given.integer("1; more only where the provider speaks OpenAI."),
    metadata: Type.Optional(AnyJson("Book-keeping of the client's; changes no answer.")),
    user: given.string("Book-keeping of the client's; changes no answer."),
    ...StreamFields,
  },
  {
    ...OPEN,
    description:
      "OpenAI's chat completion. Fields that are not listed reach a provider that speaks OpenAI as they are; for any other the request is refused by the field's name.",
    examples: [
      { model: "auto", messages: [{ role: "user", content: "Say hello in five words." }] },
      {
        model: "auto",
        stream: true,
        stream_options: { include_usage: true },
        messages: [
          { role: "developer", content: "Be brief." },
          { role: "user", content: [{ type: "text", text: "What is the weather in Lisbon?" }] },
        ],
        tools: [
          {
            type: "function",
            function: {
              name: "get_weather",
              parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
            },
          },
        ],
      },
    ],
  },
);
export type OpenAiChatBody = Static<typeof OpenAiChatBody>;
