import { describe, expect, test } from "bun:test";
import type { ChatRequest, Part, Task } from "../../../src/core/chat.ts";
import { KEYWORD, OPAQUE_PART } from "../../../src/core/finding.ts";
import type { CompiledScan } from "../../../src/scan/compile.ts";
import { scan } from "../../../src/scan/scan.ts";
import { scanFor } from "../../support/compiled-scan.ts";
import { chatTask, requestOf } from "../../support/deps.ts";

const found = (request: ChatRequest, compiled: CompiledScan) =>
  scan(request, compiled).map(({ code, path }) => ({ code, path }));

const TEXT: Part = { kind: "text", text: "what is this?" };
const IMAGE: Part = { kind: "image", mediaType: "image/png", base64: "aGk=" };
const OTHER: Part = { kind: "other", original: { type: "input_audio" } };
const EMBEDDING: Task = { kind: "embedding", inputs: [], dimensions: null };

describe.each([
  ["with keywords", scanFor(["secret"])],
  ["without keywords", scanFor([])],
])("content that is no text, %s,", (_name, compiled) => {
  const opaqueIn = (...contents: readonly (string | readonly Part[])[]) => {
    const messages = contents.map((content) => ({ role: "user" as const, content }));
    return found(requestOf(chatTask(messages), { messages: [] }), compiled);
  };
  const tokensIn = (body: object) => found(requestOf(EMBEDDING, body), compiled);

  test.each([
    ["an image", [IMAGE]],
    ["an image beside text", [TEXT, IMAGE]],
    ["a part that only the client's protocol has", [TEXT, OTHER]],
    ["many parts", [IMAGE, OTHER, IMAGE]],
  ])("is found once for its message: %s", (_what, parts) => {
    expect(opaqueIn("hello", [TEXT], parts, "bye")).toEqual([{ code: OPAQUE_PART, path: "/messages/2/content" }]);
  });

  test.each(["system", "assistant", "tool"] as const)("is found in messages of the %s", (role) => {
    expect(found(requestOf(chatTask([{ role, content: [IMAGE] }]), {}), compiled)).toEqual([
      { code: OPAQUE_PART, path: "/messages/0/content" },
    ]);
  });

  test.each([
    [{ messages: [{ content: "look", images: ["aGk="] }] }, "/messages/0/images"],
    [{ messages: [{ content: "x" }, { content: "hear", audio: { id: "a" } }] }, "/messages/1/audio"],
    [{ messages: [{ content: [{ type: "text", text: "x", new: "data:application/pdf;base64,aGk=" }] }] }, ""],
    [{ messages: [{ content: [{ type: "text", text: "x", input_audio: { data: "UklGR" } }] }] }, "/messages/0/content"],
    [
      { messages: [{ content: [{ type: "text", text: "x", image_url: { url: "https://a/b.png" } }] }] },
      "/messages/0/content",
    ],
    [{ messages: [{ content: [{ type: "file", file: { file_id: "f" } }] }] }, "/messages/0/content"],
    [{ input: [{ type: "message", content: [{ type: "input_image", file_id: "f" }] }] }, "/input/0/content"],
    [{ images: ["aGk="] }, "/images"],
    [{ input_ids: [1, 2] }, "/input_ids"],
    [{ messages: [{ content: [{ type: "text", text: "x", inline_data: { data: "aGk=" } }] }] }, "/messages/0/content"],
    [{ prompt_embeds: "AAAA" }, "/prompt_embeds"],
    [{ x_unknown: { deep: ["DATA:image/png;base64,aGk="] } }, ""],
  ])("is found where only the body has it: %j", (body, path) => {
    expect(found(requestOf(chatTask([]), body), compiled)).toEqual([{ code: OPAQUE_PART, path }]);
  });

  test("is not where names are the client's own", () => {
    const schema = { properties: { file: { type: "string" }, image: {} } };
    const body = {
      audio: { voice: "alloy" },
      tools: [{ function: { name: "f", parameters: schema } }],
      response_format: { json_schema: { schema } },
      metadata: { file: "a" },
      messages: [{ role: "assistant", tool_calls: [{ function: { name: "f", arguments: { file: "a" } } }] }],
    };
    expect(found(requestOf(chatTask([]), body), compiled)).toEqual([]);
  });

  test("is not an empty list of images, nor a word about data", () => {
    const body = { messages: [{ content: "data: a,b", images: [], audio: null }], user: "data:none" };
    expect(found(requestOf(chatTask([]), body), compiled)).toEqual([]);
  });

  test("is not a part of text", () => {
    expect(opaqueIn([TEXT], [TEXT, TEXT], "hello", [])).toEqual([]);
  });

  test.each([
    [{ input: [1, 2, 3] }, "/input"],
    [{ input: [[1, 2], [3]] }, "/input"],
    [{ input: ["text", [1]] }, "/input"],
    [{ prompt: [15, 3] }, "/prompt"],
    [{ prompt: [[15], [3]] }, "/prompt"],
    [{ context: [1, 2, 3] }, "/context"],
  ])("is found where tokens stand for text: %j", (body, path) => {
    expect(tokensIn(body)).toEqual([{ code: OPAQUE_PART, path }]);
  });

  test.each([
    { input: "text" },
    { input: ["text", "more"] },
    { input: [] },
    { input: 5 },
    { prompt: null },
    { context: [] },
    { logit_bias: { "50256": -100 } },
    { dimensions: 256, messages: [1] },
  ])("is not found in %j", (body) => {
    expect(tokensIn(body)).toEqual([]);
  });
});

test("a request can be sensitive and hold what is no text", () => {
  const request = requestOf(chatTask([{ role: "user", content: [TEXT, IMAGE] }]), { user: "secret", input: [1] });
  expect(found(request, scanFor(["secret"])).toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
    { code: OPAQUE_PART, path: "/input" },
    { code: OPAQUE_PART, path: "/messages/0/content" },
    { code: KEYWORD, path: "/user" },
  ]);
});
