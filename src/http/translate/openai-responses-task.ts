import {
  type AnswerFormat,
  type ChatTask,
  EFFORTS,
  NO_SAMPLING,
  type Sampling,
  type ToolDefinition,
} from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import { FunctionTool, type OpenAiResponsesBody } from "../schemas/openai-responses.ts";
import {
  type FieldRules,
  holder,
  invalidField,
  requireTranslatable,
  untranslatable,
} from "./openai-responses-fields.ts";
import { toMessages } from "./openai-responses-input.ts";
import { toToolDefinition } from "./tool-definition.ts";

const functionTool = holder(FunctionTool);

const TEXT_FIELDS: FieldRules = { taken: ["format"], onlyAs: { verbosity: ["medium"] } };
const FORMAT_FIELDS: FieldRules = { taken: ["type", "name", "schema", "strict"] };
const REASONING_FIELDS: FieldRules = {
  taken: ["effort"],
  onlyAs: {
    // What a model shows of its thinking is given whole, so nothing makes it concise.
    summary: ["auto", "detailed"],
    generate_summary: ["auto", "detailed"],
    context: ["auto"],
    mode: ["standard"],
  },
};
const TOOL_FIELDS: FieldRules = {
  taken: ["type", "name", "description", "parameters", "strict"],
  onlyAs: { async: [false], defer_loading: [false] },
};
const TOOL_CHOICE_FIELDS: FieldRules = { taken: ["type", "name"] };

const LOGPROBS = "message.output_text.logprobs";
/** Asked for by clients that keep reasoning items themselves. The items made here have nothing encrypted to include. */
const ENCRYPTED_REASONING = "reasoning.encrypted_content";

export function toTask(body: OpenAiResponsesBody): ChatTask {
  return {
    kind: "chat",
    messages: toMessages(body),
    tools: (body.tools ?? []).map((tool, index) => toTool(tool, `/tools/${index}`)),
    toolChoice: toToolChoice(body.tool_choice ?? null),
    parallelToolCalls: body.parallel_tool_calls ?? null,
    format: toFormat(body.text ?? {}),
    sampling: toSampling(body),
    thinking: toThinking(body.reasoning ?? {}),
  };
}

function toTool(tool: JsonObject, pointer: string): ToolDefinition {
  if (tool["type"] !== "function") throw untranslatable(`${pointer}/type`);
  requireTranslatable(tool, pointer, TOOL_FIELDS);
  return toToolDefinition(functionTool(tool, pointer));
}

function toToolChoice(choice: NonNullable<OpenAiResponsesBody["tool_choice"]> | null): ChatTask["toolChoice"] {
  if (choice === null || typeof choice === "string") return choice;
  if (choice.type !== "function") throw untranslatable("/tool_choice");
  requireTranslatable(choice, "/tool_choice", TOOL_CHOICE_FIELDS);
  if (typeof choice.name !== "string") throw invalidField("/tool_choice/name", "Expected the name of a function.");
  return { name: choice.name };
}

function toFormat(text: NonNullable<OpenAiResponsesBody["text"]>): AnswerFormat | null {
  requireTranslatable(text, "/text", TEXT_FIELDS);
  const format = text.format ?? { type: "text" };
  requireTranslatable(format, "/text/format", FORMAT_FIELDS);
  switch (format.type) {
    case "text":
      return null;
    case "json_object":
      return { kind: "json" };
    case "json_schema": {
      const { name, schema, strict } = format;
      if (schema === undefined || schema === null) throw invalidField("/text/format/schema", "Expected a JSON Schema.");
      return { kind: "json_schema", name: name ?? null, schema, strict: strict ?? null };
    }
    default:
      throw untranslatable("/text/format/type");
  }
}

function toSampling(body: OpenAiResponsesBody): Sampling {
  const include = body.include ?? [];
  const unknown = include.findIndex((value) => value !== LOGPROBS && value !== ENCRYPTED_REASONING);
  if (unknown !== -1) throw untranslatable(`/include/${unknown}`);
  const topLogprobs = body.top_logprobs ?? 0;
  const logprobs = include.includes(LOGPROBS) || topLogprobs > 0;
  return {
    ...NO_SAMPLING,
    temperature: body.temperature ?? null,
    topP: body.top_p ?? null,
    maxTokens: body.max_output_tokens ?? null,
    logprobs: logprobs ? true : null,
    topLogprobs: logprobs ? (body.top_logprobs ?? null) : null,
  };
}

function toThinking(reasoning: NonNullable<OpenAiResponsesBody["reasoning"]>): ChatTask["thinking"] {
  requireTranslatable(reasoning, "/reasoning", REASONING_FIELDS);
  const effort = reasoning.effort ?? null;
  if (effort === null) return null;
  const known = EFFORTS.find((candidate) => candidate === effort);
  if (known === undefined) throw untranslatable("/reasoning/effort");
  return known;
}
