import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CHAT_ROLES, type ChatRequest, NO_SAMPLING, type Part, type Task } from "../../../src/core/chat.ts";
import { BUDGET_EXCEEDED, KEYWORD } from "../../../src/core/finding.ts";
import { MAX_PLACES_PER_CODE } from "../../../src/scan/collector.ts";
import type { CompiledScan } from "../../../src/scan/compile.ts";
import { scan } from "../../../src/scan/scan.ts";
import { scanFor } from "../../support/compiled-scan.ts";
import { chatRequest, chatTask, requestOf } from "../../support/deps.ts";

const found = (request: ChatRequest, compiled: CompiledScan) =>
  scan(request, compiled).map(({ code, path }) => ({ code, path }));

const finds = (keyword: string, text: string) => found(chatRequest(text), scanFor([keyword])).length === 1;

describe("scan", () => {
  test.each(CHAT_ROLES)("looks into messages of the %s", (role) => {
    const messages = [
      { role: "user" as const, content: "nothing here" },
      { role, content: "the Secret is out" },
      { role: "user" as const, content: "nothing here either" },
    ];
    expect(found(chatRequest("", { messages }), scanFor(["secret"]))).toEqual([
      { code: KEYWORD, path: "/messages/1/content" },
    ]);
  });

  test.each([
    ["secret", "SECRET"],
    ["Secret", "sEcReT"],
    ["secret", "ｓｅｃｒｅｔ"],
    ["secret", "𝐬𝐞𝐜𝐫𝐞𝐭"],
    ["ﬁle", "FILE"],
    ["straße", "STRASSE"],
    ["STRASSE", "straße"],
    ["ΟΔΟΣ", "οδοσ"],
    ["οδος", "ΟΔΟΣΑ"],
    ["café", "CAFE\u0301"],
    ["straße", "STRAẞE"],
    ["project falcon", "Project\n  FALCON"],
    ["project\tfalcon", "project\u3000falcon"],
    ["ΐota", "\u03aa\u0301OTA"],
    ["ﷺ", "صلى الله عليه وسلم"],
  ])("takes %j and %j as the same", (keyword, text) => {
    expect(finds(keyword, `before ${text} after`)).toBe(true);
  });

  test("finds a phrase inside a word, since a compound can be as telling", () => {
    expect(finds("konto", "Bankkontonummer")).toBe(true);
  });

  test("does not find what is not there", () => {
    expect(finds("secret", "secre t")).toBe(false);
  });

  test("finds nothing without keywords, and blank keywords match nothing", () => {
    expect(found(chatRequest("anything"), scanFor([]))).toEqual([]);
    expect(found(chatRequest("anything"), scanFor(["", "  "]))).toEqual([]);
  });

  test.each(["a\u0301\u0323", "\u3099", "ｶ\uff9e\uff9f"])("reads through endless marks %j in no time", (unit) => {
    const endless = `x${unit.slice(1).repeat(500_000) || unit.repeat(500_000)}`;
    expect(found(chatRequest(`${endless} secret`), scanFor(["secret"]))).toContainEqual({
      code: KEYWORD,
      path: "/messages/0/content",
    });
  });

  test("reads letters that stand for many", () => {
    expect(finds("secret", `${"\ufdfa".repeat(100)} secret`)).toBe(true);
  });

  test("reads text with as many marks as writing has", () => {
    expect(finds("secret", `${"e\u0301\u0323\u0308".repeat(10_000)} secret`)).toBe(true);
  });

  test("says where, never what", () => {
    const findings = found(chatRequest("alpha and beta"), scanFor(["alpha", "beta", "ALPHA"]));
    expect(findings).toEqual([{ code: KEYWORD, path: "/messages/0/content" }]);
  });
});

/** Where "secret" is found in a body; what the body means does not matter for that. */
const pathsIn = (body: object): string[] =>
  found(requestOf(chatTask([]), body), scanFor(["secret"])).map(({ code, path }) => {
    expect(code).toBe("keyword");
    return path;
  });

describe("every text of a body", () => {
  test.each([
    [
      "a part of a message",
      { messages: [{ content: [{ type: "text", text: "a secret" }] }] },
      "/messages/0/content/0/text",
    ],
    [
      "the description of a tool",
      { tools: [{ function: { name: "f", description: "the secret" } }] },
      "/tools/0/function/description",
    ],
    [
      "the name of a tool's parameter",
      { tools: [{ function: { parameters: { properties: { secret_name: { type: "string" } } } } }] },
      "/tools/0/function/parameters/properties/secret_name",
    ],
    [
      "a choice of a tool's parameter",
      { tools: [{ function: { parameters: { properties: { p: { enum: ["a", "secret"] } } } } }] },
      "/tools/0/function/parameters/properties/p/enum/1",
    ],
    [
      "the arguments of a call in the OpenAI protocol",
      { messages: [{ tool_calls: [{ function: { name: "f", arguments: '{"q":"secret"}' } }] }] },
      "/messages/0/tool_calls/0/function/arguments",
    ],
    [
      "the arguments of a call in the Ollama protocol",
      { messages: [{ tool_calls: [{ function: { name: "f", arguments: { q: ["secret"] } } }] }] },
      "/messages/0/tool_calls/0/function/arguments/q/0",
    ],
    ["the result of a call", { messages: [{ role: "tool", content: "secret" }] }, "/messages/0/content"],
    ["the name of who speaks", { messages: [{ role: "user", name: "secret", content: "" }] }, "/messages/0/name"],
    [
      "the schema of an answer",
      { response_format: { json_schema: { name: "x", schema: { title: "Secret" } } } },
      "/response_format/json_schema/schema/title",
    ],
    ["what stops an answer", { stop: ["secret"] }, "/stop/0"],
    ["what stops an answer of Ollama's", { options: { stop: ["x", "secret"] } }, "/options/stop/1"],
    ["the user", { user: "secret@example.org" }, "/user"],
    ["a value of metadata", { metadata: { ticket: "SECRET-1" } }, "/metadata/ticket"],
    ["a name in metadata", { metadata: { secret: "1" } }, "/metadata/secret"],
    ["a text to continue", { prompt: "secret" }, "/prompt"],
    ["what follows it", { prompt: "", suffix: "secret" }, "/suffix"],
    ["one of many texts", { input: ["x", "y", "secret"] }, "/input/2"],
    ["a field that nobody here knows", { x_new: { deep: [{ list: ["a", ["secret"]] }] } }, "/x_new/deep/0/list/1/0"],
    ["the name of such a field", { "x secret": 1 }, "/x secret"],
    ["a name with the signs of a pointer", { "a/b~c": { d: "secret" } }, "/a~1b~0c/d"],
    [
      "an address",
      { messages: [{ content: [{ link: { url: "https://secret.example/" } }] }] },
      "/messages/0/content/0/link/url",
    ],
    ["a model that is not the request's own", { tools: [{ model: "secret" }] }, "/tools/0/model"],
  ])("is looked through: %s", (_name, body, path) => {
    expect(pathsIn(body)).toEqual([path]);
  });

  test.each(['{"q":"s\\u0065cret"}', '{"q":"\\u0053ECRET"}', "s\\u0065cret"])(
    "is read where it is JSON inside a string: %s",
    (text) => {
      expect(pathsIn({ messages: [{ tool_calls: [{ function: { arguments: text } }] }] })).toHaveLength(1);
    },
  );

  test.each([
    ["project/falcon", '{"p":"project\\/falcon"}'],
    ['the "box"', '{"p":"the \\"box\\""}'],
    ["back\\slash", '{"p":"back\\\\slash"}'],
  ])("is read where its signs are escaped: %s", (keyword, text) => {
    expect(found(requestOf(chatTask([]), { text }), scanFor([keyword]))).toHaveLength(1);
  });

  test("is read as one where a phrase is broken over parts, or over an escaped line end", () => {
    const parts: Part[] = [
      { kind: "text", text: "project" },
      { kind: "text", text: "falcon" },
    ];
    const compiled = scanFor(["project falcon"]);
    const body = { messages: [{ role: "user", content: parts.map((part) => ({ type: "text", ...part })) }] };
    expect(found(requestOf(chatTask([{ role: "user", content: parts }]), body), compiled)).toMatchObject([
      { code: KEYWORD },
    ]);
    expect(found(requestOf(chatTask([]), { a: '{"q":"project\\nfalcon"}' }), compiled)).toHaveLength(1);
  });

  test("is found each where it stands", () => {
    expect(pathsIn({ a: "secret", b: { secret: "no", c: ["secret", "x", "a SECRET"] }, d: "x" })).toEqual([
      "/a",
      "/b/secret",
      "/b/c/0",
      "/b/c/2",
    ]);
  });

  test("is the model's name too, which is a client's words like any other", () => {
    expect(pathsIn({ model: "secret-model:8b", messages: [] })).toEqual(["/model"]);
  });

  test.each([
    [{ account: 4711991 }, "/account"],
    [{ tools: [{ function: { parameters: { enum: [1, 4711991] } } }] }, "/tools/0/function/parameters/enum/1"],
    [
      { messages: [{ tool_calls: [{ function: { arguments: { n: -4711991.5 } } }] }] },
      "/messages/0/tool_calls/0/function/arguments/n",
    ],
  ])("is a number, as it is written: %j", (body, path) => {
    const findings = found(requestOf(chatTask([]), body), scanFor(["4711991"]));
    expect(findings).toEqual([{ code: KEYWORD, path }]);
  });

  test.each(["user", "content", "type", "function", "string", "model", "system"])(
    "is not the protocol's own word %s, which is in every request",
    (word) => {
      const tool = { type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } };
      const messages = [
        { role: "system", content: "be kind" },
        { role: "user", content: [{ type: "text", text: "hello" }] },
      ];
      const body = { model: "m", messages, tools: [tool], user: "u" };
      const compiled = scanFor([word]);
      expect(found(requestOf(chatTask([]), body), compiled)).toEqual([]);
      const said = { ...body, messages: [{ role: "user", content: `the ${word} said` }] };
      expect(found(requestOf(chatTask([]), said), compiled)).toEqual([{ code: KEYWORD, path: "/messages/0/content" }]);
      expect(found(requestOf(chatTask([]), { ...body, x: { role: `${word}!` } }), compiled)).toHaveLength(1);
    },
  );

  test.each(["s\u200becret", "sec\u00adret", "se\u2060cr\ufe0fet", "secret\u{e0001}"])(
    "is read without what nobody sees in it: %j",
    (text) => {
      expect(pathsIn({ text })).toEqual(["/text"]);
    },
  );

  test("is read through escapes upon escapes, and not for ever", () => {
    let text = JSON.stringify({ a: "s\u0065cret" }).replace("e", "\\u0065");
    for (let level = 0; level < 3; level++) text = JSON.stringify({ body: text });
    expect(pathsIn({ text })).toEqual(["/text"]);
    const endless = { text: `${"\\".repeat(100_000)}u0041` };
    expect(found(requestOf(chatTask([]), endless), scanFor(["x"]))).toEqual([{ code: BUDGET_EXCEEDED, path: "/text" }]);
  });

  test("is read as one where it stands side by side, and told where the parts meet", () => {
    expect(pathsIn({ input: ["the top", "secret"] })).toEqual(["/input/1"]);
    const findings = scan(requestOf(chatTask([]), { input: ["project", "falcon", "x"] }), scanFor(["project falcon"]));
    expect(findings).toEqual([{ code: KEYWORD, path: "/input", view: "joined", count: 1 }]);
  });

  test.each([
    ["texts", { input: Array.from({ length: 200_001 }, () => "a") }],
    ["numbers", { x: Array.from({ length: 200_001 }, () => 1) }],
    ["escapes", { x: "\\".repeat(200_001) }],
  ])("is unscannable where there are more %s than can be read in moments", (_what, body) => {
    expect(found(requestOf(chatTask([]), body), scanFor(["secret"]))).toMatchObject([{ code: BUDGET_EXCEEDED }]);
  });

  test.each([
    ["of a prediction", { prediction: { content: [{ text: "sec" }, { text: "ret" }] } }],
    ["of what was thought", { messages: [{ reasoning_details: [{ text: "sec" }, { type: "x" }, { text: "ret" }] }] }],
    [
      "with a kind between them",
      {
        input: [
          { type: "input_text", text: "sec" },
          { type: "input_text", text: "ret" },
        ],
      },
    ],
  ])("is read as one where a word is broken over texts %s", (_what, body) => {
    expect(pathsIn(body)).toHaveLength(1);
  });

  test("is read as one over a prompt and its suffix", () => {
    const task: Task = { kind: "completion", prompt: "a sec", suffix: "ret", sampling: NO_SAMPLING };
    const request = requestOf(task, { prompt: "a sec", suffix: "ret" });
    expect(found(request, scanFor(["secret"]))).toEqual([{ code: KEYWORD, path: "" }]);
  });

  test.each(["sec\u0000ret", "sec\u007fret", "sec\ufff9ret", '{"a":"sec\\u0000ret"}', '{"a":"sec\\bret"}'])(
    "is read without control characters: %j",
    (text) => {
      expect(pathsIn({ text })).toEqual(["/text"]);
    },
  );

  test.each(["the\u0085top", "the\u200btop", "the\u00a0top", "the\ftop"])("is read with any space: %j", (text) => {
    expect(found(requestOf(chatTask([]), { text }), scanFor(["the top"]))).toHaveLength(1);
  });

  test("takes moments, however marks are parted and however deep text lies", () => {
    const parted = `a${`${"\u0301\u0316".repeat(15)}\u200d`.repeat(100_000)} secret`;
    let deep: unknown = ["\ufdfa".repeat(1_000_000), "secret"];
    for (let level = 0; level < 50; level++) deep = [deep, "y"];
    for (const body of [{ text: parted }, { deep }]) {
      expect(found(requestOf(chatTask([]), body), scanFor(["secret"]))).toContainEqual(
        expect.objectContaining({ code: KEYWORD }),
      );
    }
  });

  test("is told of no more often than a decision needs", () => {
    const body = { input: Array.from({ length: 1_000 }, () => "secret") };
    expect(pathsIn(body)).toHaveLength(MAX_PLACES_PER_CODE);
  });

  test("is not what is no text", () => {
    expect(pathsIn({ temperature: 1, stream: true, stop: null, n: [1, 2], metadata: {} })).toEqual([]);
  });

  test("is more than can be read by itself, wherever it is, and the rest is scanned all the same", () => {
    const endless = `${"\\".repeat(100_000)}u0041`;
    const body = { tools: [{ function: { description: endless } }], user: "secret" };
    const findings = found(requestOf(chatTask([]), body), scanFor(["secret"]));
    expect(findings).toContainEqual({ code: BUDGET_EXCEEDED, path: "/tools/0/function/description" });
    expect(findings).toContainEqual({ code: KEYWORD, path: "/user" });
  });

  test("is too deep to be read beyond what any route lets in", () => {
    let body = {};
    for (let level = 0; level < 50_000; level++) body = { a: body };
    expect(scan({ body, task: null }, scanFor(["secret"]))).toEqual([
      { code: BUDGET_EXCEEDED, path: "", view: "raw", count: 1 },
    ]);
  });

  test("is found wherever a walk of the parsed body finds a string", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(), (value, at) => {
        let count = 0;
        const planted: unknown = JSON.parse(JSON.stringify(value), (_key, item) =>
          typeof item === "string" && count++ === at % 7 ? "a secret" : item,
        );
        expect(pathsIn({ planted }).length > 0).toBe(/secret/i.test(JSON.stringify(planted)));
      }),
    );
  });
});
