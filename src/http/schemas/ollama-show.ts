import { type Static, Type } from "@sinclair/typebox";
import { MODEL_NAME_PATTERN } from "../../core/models.ts";
import { open, optional } from "./ollama-fields.ts";

/** Ollama's Go client sends both fields, the unused one empty. */
const NameOrNone = Type.String({
  title: "a model name of at most 128 letters, digits and ._:/@+-",
  pattern: `^$|${MODEL_NAME_PATTERN}`,
});

/** `POST /api/show`; `name` is what old clients call `model`. */
export const OllamaShowBody = open(
  { model: optional(NameOrNone), name: optional(NameOrNone) },
  { examples: [{ model: "auto" }] },
);
export type OllamaShowBody = Static<typeof OllamaShowBody>;
