import type { AnswerFormat, ChatTask, ToolDefinition } from "../../core/chat.ts";
import { isJsonObject } from "../../core/json.ts";
import type { OpenAiChatBody, OpenAiTool } from "../schemas/openai-chat.ts";
import { needed } from "./openai-fields.ts";
import { toToolDefinition } from "./tool-definition.ts";
import { arrayOf, carried, type FieldRule, objectOf, only, uncarried } from "./untranslated.ts";

/** Tools of other types are in `untranslated`. */
export function toTools(tools: readonly OpenAiTool[]): ToolDefinition[] {
  return tools.flatMap((tool, index) => {
    if (tool.type !== "function") return [];
    return [toToolDefinition(needed(tool.function, `tools[${index}].function`, "for a tool of the type function"))];
  });
}

export const toolsRule: FieldRule = arrayOf(
  objectOf({
    type: only("function"),
    function: objectOf({ name: carried, description: carried, parameters: carried, strict: carried }),
    custom: uncarried,
  }),
);

export function toToolChoice(choice: OpenAiChatBody["tool_choice"]): ChatTask["toolChoice"] {
  if (choice === undefined || choice === null || typeof choice === "string") return choice ?? null;
  if (choice.type !== "function") return null;
  return { name: needed(choice.function, "tool_choice.function", "for a choice of the type function").name };
}

const namedChoice = objectOf({
  type: only("function"),
  function: objectOf({ name: carried }),
  custom: uncarried,
  allowed_tools: uncarried,
});

export const toolChoiceRule: FieldRule = (value, field) => (typeof value === "string" ? [] : namedChoice(value, field));

/** Null for text, and for a format that is in `untranslated`. */
export function toFormat(format: OpenAiChatBody["response_format"]): AnswerFormat | null {
  if (format?.type === "json_object") return { kind: "json" };
  if (format?.type !== "json_schema") return null;
  const { name, schema, strict } = needed(
    format.json_schema,
    "response_format.json_schema",
    "for a format of the type json_schema",
  );
  if (schema === undefined || schema === null) return null;
  return { kind: "json_schema", name: name ?? null, schema, strict: strict ?? null };
}

const jsonSchema = objectOf({ name: carried, schema: carried, strict: carried, description: uncarried });

export const formatRule: FieldRule = objectOf({
  type: only("text", "json_object", "json_schema"),
  // OpenAI takes a format without a schema; what that asks for is its own to say.
  json_schema: (value, field) => {
    const untranslated = jsonSchema(value, field);
    return isJsonObject(value) && isJsonObject(value["schema"]) ? untranslated : [field];
  },
  schema: uncarried,
});
