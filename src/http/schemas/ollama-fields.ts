import { type ObjectOptions, type TProperties, type TSchema, Type } from "@sinclair/typebox";
import type { JsonObject } from "../../core/json.ts";
import { MODEL_NAME_PATTERN } from "../../core/models.ts";
import { nullable } from "./literals.ts";

/** Ollama's server reads null as a field that is not given, and its Go client sends null for empty lists and maps. */
export const optional = <T extends TSchema>(schema: T) => Type.Optional(nullable(schema));

/** Says that more fields may stand there: where a schema is silent, Elysia takes it for closed. */
export const open = <T extends TProperties>(fields: T, options: ObjectOptions = {}) =>
  Type.Object(fields, { ...options, additionalProperties: true });

/** `title` is what a refusal says was expected. */
export const text = Type.String({ title: "a string" });
export const flag = Type.Boolean({ title: "true or false" });
export const number = Type.Number({ title: "a number" });
export const integer = Type.Integer({ title: "an integer" });
export const object = Type.Unsafe<JsonObject>(open({}, { title: "an object" }));

export const OllamaModelName = Type.String({
  title: "a model name of at most 128 letters, digits and ._:/@+-",
  pattern: MODEL_NAME_PATTERN,
  description: "`auto`, `<provider>/<model>` or a model's name; `:latest` is understood where no tag is given.",
});

/** What of Ollama's options the gateway reads; every other one goes to Ollama as it is. */
export const OllamaOptions = open(
  {
    temperature: optional(number),
    top_p: optional(number),
    seed: optional(integer),
    stop: optional(Type.Array(Type.String(), { title: "a list of strings" })),
    num_predict: optional(integer),
    presence_penalty: optional(number),
    frequency_penalty: optional(number),
  },
  { title: "an object" },
);

/** `json`, a JSON Schema, or empty for none. */
export const OllamaFormat = Type.Union([
  Type.String({ title: "json", pattern: "^(json)?$" }),
  object,
  Type.Null({ title: "null" }),
]);

export const OllamaThink = Type.Union([flag, text, Type.Null({ title: "null" })]);

export const OllamaImages = Type.Array(Type.String(), { title: "a list of base64 strings" });

/** What chat and generate have in common. */
export const OLLAMA_ASKING = {
  model: OllamaModelName,
  stream: optional(flag),
  format: Type.Optional(OllamaFormat),
  options: optional(OllamaOptions),
  think: Type.Optional(OllamaThink),
  logprobs: optional(flag),
  top_logprobs: optional(Type.Integer({ title: "an integer from 0 to 20", minimum: 0, maximum: 20 })),
};
