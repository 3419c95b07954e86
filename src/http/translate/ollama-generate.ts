import { type ChatMessage, type ChatRequest, PLAIN_CHAT } from "../../core/chat.ts";
import { wishOf } from "../../core/models.ts";
import { OllamaGenerateBody } from "../schemas/ollama-generate.ts";
import type { SurfaceTranslation } from "../surface.ts";
import { contentWith } from "./ollama-images.ts";
import { generateRecord, wholeRecord } from "./ollama-record.ts";
import { ASKING_RULES, formatOf, samplingOf, thinkingOf } from "./ollama-request.ts";
import { OllamaStream } from "./ollama-stream.ts";
import { carried, carriedIf, type FieldRules, uncarried, untranslatedFields } from "./untranslated.ts";

/** `POST /api/generate`: Ollama too puts the prompt into the model's chat template, so it is a chat of one turn. */
export const ollamaGenerate: SurfaceTranslation<typeof OllamaGenerateBody> = {
  body: OllamaGenerateBody,
  toRequest,
  toAnswer: (answer, context) => wholeRecord(answer, context, generateRecord),
  toStream: (context) => new OllamaStream(generateRecord, context),
};

const unused = carriedIf((value) => value === "" || value === false || (Array.isArray(value) && value.length === 0));

const RULES: FieldRules = {
  ...ASKING_RULES,
  prompt: carried,
  system: carried,
  images: carried,
  // What only a model behind Ollama's own template can do, and what only a model that draws.
  suffix: unused,
  template: unused,
  context: unused,
  raw: unused,
  width: uncarried,
  height: uncarried,
  steps: uncarried,
};

function toRequest(body: OllamaGenerateBody): ChatRequest {
  const untranslated = untranslatedFields(body, RULES);
  return {
    surface: "ollama_generate",
    body,
    task: {
      ...PLAIN_CHAT,
      kind: "chat",
      messages: messagesOf(body),
      format: formatOf(body.format),
      sampling: samplingOf(body),
      thinking: thinkingOf(body.think),
    },
    wish: wishOf(body.model),
    streamed: body.stream ?? true,
    untranslated,
  };
}

/** None where the prompt is empty: then Ollama only loads or unloads the model, whatever else stands there. */
function messagesOf({ prompt, system, images }: OllamaGenerateBody): ChatMessage[] {
  if (prompt === undefined || prompt === null || prompt === "") return [];
  const user: ChatMessage = { role: "user", content: contentWith(prompt, images ?? [], "images") };
  return system === undefined || system === null || system === ""
    ? [user]
    : [{ role: "system", content: system }, user];
}
