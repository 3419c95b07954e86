import { type ChatRequest, PLAIN_CHAT } from "../../core/chat.ts";
import { wishOf } from "../../core/models.ts";
import { OllamaChatBody } from "../schemas/ollama-chat.ts";
import type { SurfaceTranslation } from "../surface.ts";
import { messagesOf, messagesRule } from "./ollama-messages.ts";
import { chatRecord, wholeRecord } from "./ollama-record.ts";
import { ASKING_RULES, formatOf, samplingOf, thinkingOf } from "./ollama-request.ts";
import { OllamaStream } from "./ollama-stream.ts";
import { toToolDefinition } from "./tool-definition.ts";
import {
  arrayOf,
  carried,
  carriedIf,
  type FieldRules,
  objectOf,
  uncarried,
  untranslatedFields,
} from "./untranslated.ts";

/** `POST /api/chat`. */
export const ollamaChat: SurfaceTranslation<typeof OllamaChatBody> = {
  body: OllamaChatBody,
  toRequest,
  toAnswer: (answer, context) => wholeRecord(answer, context, chatRecord),
  toStream: (context) => new OllamaStream(chatRecord, context),
};

const toolRule = objectOf({
  type: carriedIf((value) => value === "function" || value === ""),
  function: objectOf({ name: carried, description: carried, parameters: carried, strict: carried }),
  items: uncarried,
});

const RULES: FieldRules = { ...ASKING_RULES, messages: messagesRule, tools: arrayOf(toolRule) };

function toRequest(body: OllamaChatBody): ChatRequest {
  const untranslated = untranslatedFields(body, RULES);
  return {
    surface: "ollama_chat",
    body,
    task: {
      ...PLAIN_CHAT,
      kind: "chat",
      messages: messagesOf(body.messages ?? []),
      tools: (body.tools ?? []).map((tool) => toToolDefinition(tool.function)),
      format: formatOf(body.format),
      sampling: samplingOf(body),
      thinking: thinkingOf(body.think),
    },
    wish: wishOf(body.model),
    streamed: body.stream ?? true,
    untranslated,
  };
}
