import type { ChatMessage, Part } from "../../core/chat.ts";
import type { JsonObject } from "../../core/json.ts";
import {
  FunctionCallItem,
  FunctionCallOutputItem,
  ImagePart,
  MessageItem,
  type OpenAiResponsesBody,
  ReasoningItem,
  RefusalPart,
  TextPart,
} from "../schemas/openai-responses.ts";
import { Conversation } from "./openai-responses-conversation.ts";
import {
  type FieldRules,
  holder,
  invalidField,
  needsStorage,
  requireTranslatable,
  untranslatable,
} from "./openai-responses-fields.ts";

const messageItem = holder(MessageItem);
const functionCallItem = holder(FunctionCallItem);
const functionCallOutputItem = holder(FunctionCallOutputItem);
const reasoningItem = holder(ReasoningItem);
const textPart = holder(TextPart);
const refusalPart = holder(RefusalPart);
const imagePart = holder(ImagePart);

// Ids and states of items say nothing to a model; `parsed*` is what the SDK's parser adds to the items of an answer,
// which clients send back as they are.
const MESSAGE_FIELDS: FieldRules = { taken: ["type", "role", "content", "id", "status"] };
const CALL_FIELDS: FieldRules = {
  taken: ["type", "call_id", "name", "arguments", "id", "status", "parsed_arguments"],
  onlyAs: { async: [false] },
};
const OUTPUT_FIELDS: FieldRules = { taken: ["type", "call_id", "name", "output", "id", "status"] };
const REASONING_FIELDS: FieldRules = { taken: ["type", "id", "summary", "status"] };
// A mark for the provider's cache changes no answer.
const TEXT_FIELDS: FieldRules = { taken: ["type", "text", "logprobs", "parsed", "prompt_cache_breakpoint"] };
const REFUSAL_FIELDS: FieldRules = { taken: ["type", "refusal", "parsed"] };
const IMAGE_FIELDS: FieldRules = {
  taken: ["type", "image_url", "prompt_cache_breakpoint"],
  onlyAs: { detail: ["auto", "high"] },
};

/** As `openai-responses-object.ts` makes them of request ids. */
const OWN_REASONING_ID = /^rs_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_\d{1,9}$/;

/** The conversation in the gateway's words: the items of one turn of the assistant become one message. */
export function toMessages({ instructions, input }: OpenAiResponsesBody): readonly ChatMessage[] {
  const system: readonly ChatMessage[] =
    instructions === undefined || instructions === null ? [] : [{ role: "system", content: instructions }];
  if (typeof input === "string") return [...system, { role: "user", content: input }];
  const conversation = new Conversation();
  for (const [index, item] of input.entries()) addItem(conversation, item, `/input/${index}`);
  return [...system, ...conversation.messages()];
}

function addItem(conversation: Conversation, item: JsonObject, pointer: string): void {
  switch (item["type"] ?? "message") {
    case "message":
      addMessage(conversation, item, pointer);
      break;
    case "function_call": {
      requireTranslatable(item, pointer, CALL_FIELDS);
      const call = functionCallItem(item, pointer);
      conversation.addCall({ id: call.call_id, name: call.name, arguments: call.arguments });
      break;
    }
    case "function_call_output":
      addCallOutput(conversation, item, pointer);
      break;
    case "reasoning":
      conversation.addThinking(toThinking(item, pointer));
      break;
    case "item_reference":
      throw needsStorage(pointer);
    default:
      throw untranslatable(pointer);
  }
}

function addMessage(conversation: Conversation, item: JsonObject, pointer: string): void {
  requireTranslatable(item, pointer, MESSAGE_FIELDS);
  const { role, content } = messageItem(item, pointer);
  const translated = toContent(content, `${pointer}/content`, "texts and images");
  if (role === "assistant") conversation.addAnswer(translated);
  else conversation.addMessage({ role: role === "developer" ? "system" : role, content: translated });
}

function addCallOutput(conversation: Conversation, item: JsonObject, pointer: string): void {
  requireTranslatable(item, pointer, OUTPUT_FIELDS);
  const { call_id: toolCallId, output } = functionCallOutputItem(item, pointer);
  const toolName = conversation.nameOfCall(toolCallId);
  if (toolName === null) throw invalidField(`${pointer}/call_id`, "No function_call before it has this call_id.");
  conversation.addMessage({
    role: "tool",
    content: toContent(output, `${pointer}/output`, "texts"),
    toolCallId,
    toolName,
  });
}

/**
 * Reasoning is read where all of it is in sight: as this gateway gave it, or without the id (Codex keeps none). Behind
 * another id, or encrypted, stands something that only its maker can read.
 */
function toThinking(item: JsonObject, pointer: string): string {
  requireTranslatable(item, pointer, REASONING_FIELDS);
  const { id, summary } = reasoningItem(item, pointer);
  if (typeof id === "string" && !OWN_REASONING_ID.test(id)) throw untranslatable(`${pointer}/id`);
  return summary.map(({ text }) => text).join("\n");
}

function toContent(
  content: string | readonly JsonObject[],
  pointer: string,
  allowed: "texts" | "texts and images",
): string | readonly Part[] {
  if (typeof content === "string") return content;
  return content.map((part, index) => toPart(part, `${pointer}/${index}`, allowed));
}

function toPart(part: JsonObject, pointer: string, allowed: "texts" | "texts and images"): Part {
  switch (part["type"]) {
    case "input_text":
    case "output_text":
      requireTranslatable(withoutEmptyAnnotations(part), pointer, TEXT_FIELDS);
      return { kind: "text", text: textPart(part, pointer).text };
    case "refusal":
      requireTranslatable(part, pointer, REFUSAL_FIELDS);
      return { kind: "text", text: refusalPart(part, pointer).refusal };
    case "input_image":
      if (allowed === "texts") throw untranslatable(pointer);
      requireTranslatable(part, pointer, IMAGE_FIELDS);
      return toImage(imagePart(part, pointer).image_url, `${pointer}/image_url`);
    default:
      throw untranslatable(pointer);
  }
}

function withoutEmptyAnnotations({ annotations, ...part }: JsonObject): JsonObject {
  const empty = annotations === undefined || (Array.isArray(annotations) && annotations.length === 0);
  return empty ? part : { ...part, annotations: annotations ?? null };
}

function toImage(url: string, pointer: string): Part {
  const head = /^data:(image\/[a-z0-9.+-]+);base64,/i.exec(url);
  if (head?.[1] === undefined) throw untranslatable(pointer);
  const base64 = url.slice(head[0].length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw invalidField(pointer, "Expected base64.");
  return { kind: "image", mediaType: head[1].toLowerCase(), base64 };
}
