import { describe, expect, test } from "bun:test";
import type { TObject } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import fc from "fast-check";
import type { JsonObject } from "../../../../src/core/json.ts";
import type { SurfaceTranslation } from "../../../../src/http/surface.ts";
import { ollamaChat } from "../../../../src/http/translate/ollama-chat.ts";
import { ollamaEmbed, ollamaEmbeddings } from "../../../../src/http/translate/ollama-embed.ts";
import { ollamaGenerate } from "../../../../src/http/translate/ollama-generate.ts";
import { openaiChat } from "../../../../src/http/translate/openai-chat.ts";
import { openaiCompletions } from "../../../../src/http/translate/openai-completions.ts";
import { openaiEmbeddings } from "../../../../src/http/translate/openai-embeddings.ts";
import {
  arrayOf,
  bookkeeping,
  carried,
  carriedIf,
  empty,
  type FieldRule,
  type FieldRules,
  objectOf,
  only,
  uncarried,
  untranslatedFields,
  wholly,
} from "../../../../src/http/translate/untranslated.ts";
import { invalid } from "../../../../src/http/validation.ts";
import { refusalOf } from "./ollama-support.ts";

/** What a route does with a body once it is read. */
function surface<S extends TObject>({ body: schema, toRequest }: SurfaceTranslation<S>, least: JsonObject) {
  const compiled = TypeCompiler.Compile(schema);
  return {
    names: Object.keys(schema.properties),
    least: { model: "auto", ...least },
    request: (body: JsonObject) => {
      if (compiled.Check(body)) return toRequest(body);
      throw invalid(compiled.Errors(body).First());
    },
  };
}

const PNG = "iVBORw0KGgoAAAANSUhEUg==";
const HELLO = { role: "user", content: "Hello" };
const SURFACES = {
  "openai chat": surface(openaiChat, { messages: [HELLO] }),
  "openai completions": surface(openaiCompletions, { prompt: "Hello" }),
  "openai embeddings": surface(openaiEmbeddings, { input: "Hello" }),
  "ollama chat": surface(ollamaChat, { messages: [HELLO] }),
  "ollama generate": surface(ollamaGenerate, { prompt: "Hello" }),
  "ollama embed": surface(ollamaEmbed, { input: "Hello" }),
  "ollama embeddings": surface(ollamaEmbeddings, { prompt: "Hello" }),
} as const;
type SurfaceName = keyof typeof SURFACES;
const SURFACE_NAMES = Object.keys(SURFACES).filter((name): name is SurfaceName => Object.hasOwn(SURFACES, name));

const requestOf = (name: SurfaceName, fields: JsonObject) =>
  SURFACES[name].request({ ...SURFACES[name].least, ...fields });
const disguisedIn = (field: string) => ({
  code: "request.unknown_field" as const,
  field,
  message: `${field} has a field whose name differs only in letter case from one of this route.`,
});

describe("a rule says what of a field is untranslated", () => {
  test.each<[string, FieldRule, JsonObject, string[]]>([
    ["carried", carried, { a: 1, b: { c: 2 } }, []],
    ["bookkeeping", bookkeeping, { a: 1, b: { c: 2 } }, []],
    ["uncarried", uncarried, { a: 1, b: false }, ["a", "b"]],
    ["carriedIf", carriedIf((value) => value === 1), { a: 1, b: 2 }, ["b"]],
    ["only", only("x", false), { a: "x", b: false, c: 0 }, ["c"]],
    ["empty", empty, { a: {}, b: [], c: [1], d: { x: 1 }, e: "", f: 0 }, ["c", "d", "e", "f"]],
    ["objectOf", objectOf({ x: carried, y: uncarried }), { a: { z: 1, y: 2, x: 3 }, b: "x" }, ["a.z", "a.y", "b"]],
    [
      "objectOf by the object",
      objectOf(({ x }): FieldRules => (x === 1 ? { x: carried } : { x: uncarried })),
      { a: { x: 1 }, b: { x: 2 } },
      ["b.x"],
    ],
    ["arrayOf", arrayOf(only(1)), { a: [1, 2, 1, 3], b: 1 }, ["a[1]", "a[3]", "b"]],
    ["wholly", wholly(uncarried, objectOf({ x: carried })), { a: { x: 1, y: 2 }, b: 1 }, ["a", "b"]],
  ])("%s", (_, rule, object, names) => {
    const rules = Object.fromEntries(Object.keys(object).map((key) => [key, rule]));
    expect(untranslatedFields(object, rules)).toEqual(names);
  });

  test("and a field without a rule is, by a name that may be told, once and in order; null is not given", () => {
    const rules = { a: arrayOf(objectOf({})), b: carried };
    const object = {
      zzz: 1,
      "My secret": 1,
      b: 1,
      Other: 1,
      a: [{ "Not Safe": 1, Unsafe: 2, x: null }, { x: 1 }],
      c: null,
      "Not safe either": null,
      constructor: 1,
      y: { b: 1 },
    };
    expect(untranslatedFields(object, rules)).toEqual(["zzz", "body", "a[0]", "a[1].x", "constructor", "y"]);
    expect(untranslatedFields(JSON.parse('{"__proto__":1}'), rules)).toEqual(["body"]);
  });

  test.each<[string, FieldRules, JsonObject]>([
    ["body", { known: carried }, { Known: 1 }],
    ["body", { known: uncarried }, { known: 1, KNOWN: null }],
    ["body", { task: carried }, { "ta\u017f\u212a": 1 }],
    ["a", { a: objectOf({ x: carried }) }, { a: { X: 1 } }],
    ["a[1].b", { a: arrayOf(objectOf({ b: objectOf({ x: carried }) })) }, { a: [{ b: {} }, { b: { X: 1 } }] }],
    ["a", { a: wholly(bookkeeping, objectOf({ x: carried })) }, { a: { X: 1 } }],
  ])("but a field in disguise is refused, in %s: %#", (field, rules, object) => {
    expect(refusalOf(() => untranslatedFields(object, rules))).toEqual(disguisedIn(field));
  });
});

/** Every spelling of a name that Go's decoder takes for it, but for the name itself. */
function disguises(name: string): fc.Arbitrary<string> {
  const spellings = [...name].map((letter) => {
    const folded = { s: ["\u017f"], k: ["\u212a"] }[letter] ?? [];
    return fc.constantFrom(letter, letter.toUpperCase(), ...folded);
  });
  return fc
    .tuple(...spellings)
    .map((letters) => letters.join(""))
    .filter((spelling) => spelling !== name);
}

describe("no field of a body comes in disguise", () => {
  test.each(SURFACE_NAMES)("%s: whatever field it is and however it is spelt", (name) => {
    const { least, names, request } = SURFACES[name];
    const field = fc.constantFrom(...names).chain((known) => disguises(known));
    fc.assert(
      fc.property(field, fc.constantFrom<(string | null)[]>("other", null), (disguise, value) => {
        expect(refusalOf(() => request({ ...least, [disguise]: value }))).toEqual(disguisedIn("body"));
        expect(refusalOf(() => request({ [disguise]: value, ...least }))).toEqual(disguisedIn("body"));
      }),
      { numRuns: 200 },
    );
  });

  test.each(SURFACE_NAMES)("%s: nor without the field itself", (name) => {
    const { least, request } = SURFACES[name];
    const { model, ...rest } = least;
    expect(refusalOf(() => request({ Model: model, ...rest }))).toMatchObject({
      code: "request.invalid_field",
      field: "model",
    });
  });

  const message = (fields: JsonObject) => ({ messages: [{ ...HELLO, ...fields }] });
  const part = (fields: JsonObject) => ({ messages: [{ role: "user", content: [fields] }] });
  const answered = (fields: JsonObject) => ({ messages: [{ role: "assistant", content: "Hi", ...fields }] });
  const called = (call: JsonObject) => answered({ tool_calls: [{ id: "1", ...call }] });
  const text = { type: "text", text: "a" };
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } };
  const fn = { name: "f", arguments: "{}" };

  test.each<[SurfaceName, string, JsonObject]>([
    ["openai chat", "body", { Model: "gpt-oss:120b-cloud" }],
    ["openai chat", "body", { "\u017ftream": true }],
    ["openai chat", "body", { MESSAGES: [HELLO] }],
    ["openai chat", "body", { Audio: {} }],
    ["openai chat", "body", { Functions: [] }],
    ["openai chat", "body", { Documents: [] }],
    ["openai chat", "body", { Prediction: {} }],
    ["openai chat", "stream_options", { stream_options: { Include_Usage: false } }],
    ["openai chat", "messages[0]", message({ Content: "b" })],
    ["openai chat", "messages[0]", message({ Role: "system" })],
    ["openai chat", "messages[0]", message({ Images: [PNG] })],
    ["openai chat", "messages[0]", message({ Tool_Calls: [] })],
    ["openai chat", "messages[0]", { messages: [{ role: "user", Content: "b" }] }],
    ["openai chat", "messages[0]", { messages: [{ role: "tool", content: "b", Tool_Call_ID: "1" }] }],
    ["openai chat", "messages[0]", answered({ Reasoning: "Hm." })],
    ["openai chat", "messages[0]", { messages: [{ role: "assistant", Content: "b" }] }],
    ["openai chat", "messages[0].content[0]", part({ ...text, Image_URL: { url: "https://example.com/a.png" } })],
    ["openai chat", "messages[0].content[0]", part({ ...text, TEXT: "b" })],
    ["openai chat", "messages[0].content[0]", part({ type: "text", TEXT: "b" })],
    ["openai chat", "messages[0].content[0]", part({ ...text, Type: "image_url" })],
    ["openai chat", "messages[0].content[0]", part({ ...image, Text: "b" })],
    ["openai chat", "messages[0].content[0]", part({ type: "file", file: {}, Text: "b" })],
    [
      "openai chat",
      "messages[0].content[0]",
      answered({ content: [{ type: "refusal", refusal: "No.", Refusal: "" }] }),
    ],
    [
      "openai chat",
      "messages[0].content[0].image_url",
      part({ type: "image_url", image_url: { ...image.image_url, URL: "https://example.com/a.png" } }),
    ],
    [
      "openai chat",
      "messages[0].content[0].image_url",
      part({ ...text, image_url: { url: "a", Url: "https://example.com/a.png" } }),
    ],
    ["openai chat", "messages[0].tool_calls[0]", called({ function: fn, Function: fn })],
    ["openai chat", "messages[0].tool_calls[0].function", called({ function: { ...fn, Arguments: '{"a":1}' } })],
    [
      "openai chat",
      "messages[0].tool_calls[0].function",
      message({ tool_calls: [{ id: "1", function: { ...fn, NAME: "g" } }] }),
    ],
    ["openai chat", "tools[0]", { tools: [{ type: "function", function: { name: "f" }, Function: { name: "g" } }] }],
    ["openai chat", "tools[0].function", { tools: [{ type: "function", function: { name: "f", Parameters: {} } }] }],
    ["openai chat", "tool_choice.function", { tool_choice: { type: "function", function: { name: "f", Name: "g" } } }],
    ["openai chat", "response_format", { response_format: { type: "text", Type: "json_object" } }],
    ["openai chat", "response_format", { response_format: { type: "json_object", JSON_Schema: {} } }],
    [
      "openai chat",
      "response_format.json_schema",
      { response_format: { type: "json_schema", json_schema: { name: "a", Schema: {} } } },
    ],
    ["openai completions", "body", { Prompt: "b" }],
    ["openai completions", "body", { STREAM: true }],
    ["openai completions", "stream_options", { stream_options: { INCLUDE_USAGE: true } }],
    ["openai embeddings", "body", { Input: "b" }],
    ["openai embeddings", "body", { Encoding_Format: "float" }],
    ["ollama chat", "body", { Model: "gpt-oss:120b-cloud" }],
    ["ollama chat", "body", { MESSAGES: [HELLO] }],
    ["ollama chat", "body", { "me\u017f\u017fages": [HELLO] }],
    ["ollama chat", "body", { "thin\u212a": true }],
    ["ollama chat", "body", { Model: null }],
    ["ollama chat", "options", { options: { Temperature: 2 } }],
    ["ollama chat", "options", { options: { top_k: 1, Top_K: 2 } }],
    ["ollama chat", "messages[0]", message({ Images: [PNG] })],
    [
      "ollama chat",
      "messages[0].tool_calls[0].function",
      answered({ tool_calls: [{ function: { name: "a", Name: "b" } }] }),
    ],
    [
      "ollama chat",
      "messages[0].tool_calls[0].function",
      message({ tool_calls: [{ function: { name: "a", Arguments: {} } }] }),
    ],
    ["ollama chat", "tools[0].function", { tools: [{ function: { name: "a", Parameters: {} } }] }],
    ["ollama generate", "body", { Prompt: "Hi" }],
    ["ollama generate", "body", { Images: [PNG] }],
    ["ollama embed", "body", { Input: "b" }],
    ["ollama embed", "options", { options: { Num_Ctx: 1 } }],
    ["ollama embeddings", "body", { PROMPT: "b" }],
  ])("%s: in %s, %j", (name, field, fields) => {
    expect(refusalOf(() => requestOf(name, fields))).toEqual(disguisedIn(field));
  });

  const SCHEMA = { type: "object", Type: "x", properties: { Model: {}, model: {} }, Properties: {} };
  test.each<[SurfaceName, JsonObject]>([
    ["openai chat", { metadata: { Model: "a", model: "b", Stream: "c" }, prompt_cache_options: { Mode: "x" } }],
    ["openai chat", { tools: [{ type: "function", function: { name: "f", parameters: SCHEMA } }] }],
    ["openai chat", { response_format: { type: "json_schema", json_schema: { name: "a", schema: SCHEMA } } }],
    ["openai chat", called({ function: { name: "f", arguments: '{"Name":"a"}', parsed_arguments: { Name: "a" } } })],
    ["openai chat", answered({ parsed: { Role: "x", Content: "y" } })],
    ["ollama chat", { format: SCHEMA }],
    ["ollama chat", { tools: [{ function: { name: "f", parameters: SCHEMA } }] }],
    ["ollama chat", answered({ tool_calls: [{ function: { name: "f", arguments: { Name: "a", name: "b" } } }] })],
  ])("%s: and keys of the client's own are free, %j", (name, fields) => {
    expect(requestOf(name, fields)).toMatchObject({ body: fields, untranslated: [] });
  });

  test.each<[SurfaceName, JsonObject, string[]]>([
    ["openai chat", { logit_bias: { Model: 1, "50256": -100 } }, ["logit_bias"]],
    [
      "openai chat",
      { audio: { Voice: "a" }, prediction: { type: "content", content: "x" }, documents: [{ text: "x" }] },
      ["audio", "prediction", "documents"],
    ],
    ["openai chat", { functions: [{ name: "f" }], reasoning: { effort: "low" } }, ["functions", "reasoning"]],
    ["openai chat", message({ audio: { id: "x" }, images: [PNG] }), ["messages[0].audio", "messages[0].images"]],
    ["openai chat", part({ ...text, file: { file_id: "f" } }), ["messages[0].content[0].file"]],
    ["openai chat", part({ type: "video", video: "x", Video: "y" }), ["messages[0].content[0].type"]],
    [
      "openai chat",
      { Chat_Template: "x", modelVersion: "x", stream_options: { Other: true } },
      ["body", "modelVersion"],
    ],
    ["openai completions", { logprobs: 1, Echoes: 1 }, ["logprobs", "body"]],
    ["ollama generate", { width: 1, height: 1, steps: 1 }, ["width", "height", "steps"]],
    ["ollama chat", { tools: [{ function: { name: "f" }, items: [] }] }, ["tools[0].items"]],
  ])("%s: and what is unknown or uncarried under a name of its own is kept, %j", (name, fields, untranslated) => {
    expect(requestOf(name, fields)).toMatchObject({ body: fields, untranslated });
  });
});
