import { type Static, Type } from "@sinclair/typebox";
import { flag, OLLAMA_ASKING, OllamaImages, object, open, optional, text } from "./ollama-fields.ts";

const MAX_MESSAGES = 2_048;

export const OllamaToolCall = open({
  id: optional(text),
  function: open({ name: Type.String(), arguments: optional(object) }),
});
export type OllamaToolCall = Static<typeof OllamaToolCall>;

export const OllamaMessage = open({
  /** Ollama's templates may know more roles than the four that the gateway does, and case does not count. */
  role: Type.String({ minLength: 1 }),
  content: optional(text),
  thinking: optional(text),
  images: optional(OllamaImages),
  tool_calls: optional(Type.Array(OllamaToolCall, { title: "a list of tool calls" })),
  tool_name: optional(text),
  tool_call_id: optional(text),
});
export type OllamaMessage = Static<typeof OllamaMessage>;

export const OllamaTool = open({
  type: optional(text),
  function: open({
    name: Type.String({ minLength: 1 }),
    description: optional(text),
    parameters: optional(object),
    strict: optional(flag),
  }),
});

/** `POST /api/chat`. Without messages it asks for nothing but that the model is loaded, or unloaded. */
export const OllamaChatBody = open(
  {
    ...OLLAMA_ASKING,
    messages: optional(
      Type.Array(OllamaMessage, { title: `a list of at most ${MAX_MESSAGES} messages`, maxItems: MAX_MESSAGES }),
    ),
    tools: optional(Type.Array(OllamaTool, { title: "a list of functions" })),
  },
  { examples: [{ model: "auto", messages: [{ role: "user", content: "Say hello in five words." }], stream: false }] },
);
export type OllamaChatBody = Static<typeof OllamaChatBody>;
