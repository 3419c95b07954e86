import { Type } from "@sinclair/typebox";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { MODEL_NAME_PATTERN } from "../../core/models.ts";
import { nullable } from "./literals.ts";

/** Objects of the OpenAI protocol stay open: a field that nobody here knows may mean something to the provider. */
export const OPEN = { additionalProperties: true } as const;

export const AnyJson = (description: string) => Type.Unsafe<JsonValue>(Type.Unknown({ description }));
export const AnyObject = (description: string) =>
  Type.Unsafe<JsonObject>(Type.Object({}, { ...OPEN, title: "an object", description }));

/** A field that may be missing or null; both say the same. */
export const given = {
  string: (description: string) => Type.Optional(nullable(Type.String({ title: "a string", description }))),
  number: (description: string) => Type.Optional(nullable(Type.Number({ title: "a number", description }))),
  integer: (description: string) => Type.Optional(nullable(Type.Integer({ title: "an integer", description }))),
  boolean: (description: string) => Type.Optional(nullable(Type.Boolean({ title: "a boolean", description }))),
};

export const OpenAiModel = Type.String({
  title: "a model name of at most 128 letters, digits and ._:/@+-",
  pattern: MODEL_NAME_PATTERN,
  description:
    "`auto` leaves the choice to policy; `<provider>/<model>` or a bare name is a wish, which policy may overrule.",
  examples: ["auto", "openai/gpt-4o-mini", "local/llama3.2"],
});

/** More than OpenAI's four: other servers take more. */
const MAX_STOPS = 16;

/** What chat and completions have in common. Ranges are left to the provider, for servers differ. */
export const SamplingFields = {
  temperature: given.number("OpenAI takes 0 to 2."),
  top_p: given.number("OpenAI takes 0 to 1."),
  seed: given.integer("The same seed gives the same answer, as far as the provider can."),
  // One flat choice, so that an error can list it.
  stop: Type.Optional(
    Type.Union([
      Type.String({ title: "a string" }),
      Type.Array(Type.String(), { maxItems: MAX_STOPS, title: `an array of at most ${MAX_STOPS} strings` }),
      Type.Null(),
    ]),
  ),
  max_tokens: given.integer("The most tokens to make."),
  frequency_penalty: given.number("OpenAI takes -2 to 2."),
  presence_penalty: given.number("OpenAI takes -2 to 2."),
};

export const StreamFields = {
  stream: given.boolean("Answer by server-sent events."),
  stream_options: Type.Optional(
    nullable(
      Type.Object(
        { include_usage: given.boolean("One more event at the end, with the tokens used.") },
        { ...OPEN, title: "an object" },
      ),
    ),
  ),
};
