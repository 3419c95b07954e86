import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CHAT_ROLES, NO_SAMPLING, type Part, type Task } from "../../../src/core/chat.ts";
import { fold } from "../../../src/scan/fold.ts";
import { compileScan, scan } from "../../../src/scan/scan.ts";
import { chatRequest, chatTask, requestOf } from "../../support/deps.ts";

const finds = (keyword: string, text: string) => scan(chatRequest(text), compileScan([keyword])).length === 1;

describe("scan", () => {
  test.each(CHAT_ROLES)("looks into messages of the %s", (role) => {
    const messages = [
      { role: "user" as const, content: "nothing here" },
      { role, content: "the Secret is out" },
      { role: "user" as const, content: "nothing here either" },
    ];
    expect(scan(chatRequest("", { messages }), compileScan(["secret"]))).toEqual([
      { code: "keyword", path: "/messages/1/content" },
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
    expect(scan(chatRequest("anything"), compileScan([]))).toEqual([]);
    expect(scan(chatRequest("anything"), compileScan(["", "  "]))).toEqual([]);
  });

  test("takes every letter and all its forms as the same", () => {
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
      if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
      const letter = String.fromCodePoint(codePoint);
      const folded = fold(letter);
      for (const form of [letter.toLowerCase(), letter.toUpperCase(), letter.normalize("NFKD"), folded ?? ""]) {
        if (fold(form) !== folded) throw new Error(`U+${codePoint.toString(16)} is not as its form ${form}`);
      }
    }
  });

  test.each(["a\u0301\u0323", "\u3099", "ｶ\uff9e\uff9f"])(
    "gives up on endless marks %j instead of taking for ever",
    (unit) => {
      const endless = `x${unit.slice(1).repeat(500_000) || unit.repeat(500_000)}`;
      expect(scan(chatRequest(endless), compileScan(["secret"]))).toEqual([
        { code: "unscannable", path: "/messages/0/content" },
      ]);
    },
  );

  test("gives up on a long text of letters that stand for many, and reads a short one", () => {
    expect(scan(chatRequest("\ufdfa".repeat(100_000)), compileScan(["secret"]))).toMatchObject([
      { code: "unscannable" },
    ]);
    expect(finds("secret", `${"\ufdfa".repeat(100)} secret`)).toBe(true);
  });

  test("reads text with as many marks as writing has", () => {
    expect(finds("secret", `${"e\u0301\u0323\u0308".repeat(10_000)} secret`)).toBe(true);
  });

  test("says where, never what", () => {
    const findings = scan(chatRequest("alpha and beta"), compileScan(["alpha", "beta", "ALPHA"]));
    expect(findings).toEqual([{ code: "keyword", path: "/messages/0/content" }]);
  });
});

/** Where "secret" is found in a body; what the body means does not matter for that. */
const pathsIn = (body: object): string[] =>
  scan(requestOf(chatTask([]), body), compileScan(["secret"])).map(({ code, path }) => {
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
    expect(scan(requestOf(chatTask([]), { text }), compileScan([keyword]))).toHaveLength(1);
  });

  test("is read as one where a phrase is broken over parts, or over an escaped line end", () => {
    const parts: Part[] = [
      { kind: "text", text: "project" },
      { kind: "text", text: "falcon" },
    ];
    const compiled = compileScan(["project falcon"]);
    const body = { messages: [{ role: "user", content: parts.map((part) => ({ type: "text", ...part })) }] };
    expect(scan(requestOf(chatTask([{ role: "user", content: parts }]), body), compiled)).toMatchObject([
      { code: "keyword" },
    ]);
    expect(scan(requestOf(chatTask([]), { a: '{"q":"project\\nfalcon"}' }), compiled)).toHaveLength(1);
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
    const findings = scan(requestOf(chatTask([]), body), compileScan(["4711991"]));
    expect(findings).toEqual([{ code: "keyword", path }]);
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
      const compiled = compileScan([word]);
      expect(scan(requestOf(chatTask([]), body), compiled)).toEqual([]);
      const said = { ...body, messages: [{ role: "user", content: `the ${word} said` }] };
      expect(scan(requestOf(chatTask([]), said), compiled)).toEqual([{ code: "keyword", path: "/messages/0/content" }]);
      expect(scan(requestOf(chatTask([]), { ...body, x: { role: `${word}!` } }), compiled)).toHaveLength(1);
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
    expect(scan(requestOf(chatTask([]), endless), compileScan(["x"]))).toEqual([
      { code: "unscannable", path: "/text" },
    ]);
  });

  test("is read as one where it stands side by side, and told where the parts meet", () => {
    expect(pathsIn({ input: ["the top", "secret"] })).toEqual(["/input/1"]);
    const findings = scan(
      requestOf(chatTask([]), { input: ["project", "falcon", "x"] }),
      compileScan(["project falcon"]),
    );
    expect(findings).toEqual([{ code: "keyword", path: "/input" }]);
  });

  test.each([
    ["texts", { input: Array.from({ length: 200_001 }, () => "a") }],
    ["numbers", { x: Array.from({ length: 200_001 }, () => 1) }],
    ["escapes", { x: "\\".repeat(200_001) }],
  ])("is unscannable where there are more %s than can be read in moments", (_what, body) => {
    expect(scan(requestOf(chatTask([]), body), compileScan(["secret"]))).toMatchObject([{ code: "unscannable" }]);
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
    expect(scan(request, compileScan(["secret"]))).toEqual([{ code: "keyword", path: "/prompt" }]);
  });

  test.each(["sec\u0000ret", "sec\u007fret", "sec\ufff9ret", '{"a":"sec\\u0000ret"}', '{"a":"sec\\bret"}'])(
    "is read without control characters: %j",
    (text) => {
      expect(pathsIn({ text })).toEqual(["/text"]);
    },
  );

  test.each(["the\u0085top", "the\u200btop", "the\u00a0top", "the\ftop"])("is read with any space: %j", (text) => {
    expect(scan(requestOf(chatTask([]), { text }), compileScan(["the top"]))).toHaveLength(1);
  });

  test("takes moments, however marks are parted and however deep text lies", () => {
    const parted = `a${`${"\u0301\u0316".repeat(15)}\u200d`.repeat(100_000)}`;
    let deep: unknown = ["\ufdfa".repeat(1_000_000), "x"];
    for (let level = 0; level < 50; level++) deep = [deep, "y"];
    for (const body of [{ text: parted }, { deep }]) {
      expect(scan(requestOf(chatTask([]), body), compileScan(["secret"]))).toMatchObject([{ code: "unscannable" }]);
    }
  });

  test("is told of no more often than a decision needs", () => {
    const body = { input: Array.from({ length: 1_000 }, () => "secret") };
    expect(pathsIn(body)).toHaveLength(64);
  });

  test("is not what is no text", () => {
    expect(pathsIn({ temperature: 1, stream: true, stop: null, n: [1, 2], metadata: {} })).toEqual([]);
  });

  test("is unscannable by itself, wherever it is, and the rest is scanned all the same", () => {
    const endless = `x${"\u0301".repeat(100)}`;
    const body = { tools: [{ function: { description: endless } }], user: "secret", [endless]: 1 };
    expect(scan(requestOf(chatTask([]), body), compileScan(["secret"]))).toEqual([
      { code: "unscannable", path: "/tools/0/function/description" },
      { code: "keyword", path: "/user" },
      { code: "unscannable", path: `/${endless}` },
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

const TEXT: Part = { kind: "text", text: "what is this?" };
const IMAGE: Part = { kind: "image", mediaType: "image/png", base64: "aGk=" };
const OTHER: Part = { kind: "other", original: { type: "input_audio" } };
const EMBEDDING: Task = { kind: "embedding", inputs: [], dimensions: null };

describe.each([
  ["with keywords", compileScan(["secret"])],
  ["without keywords", compileScan([])],
])("content that is no text, %s,", (_name, compiled) => {
  const opaqueIn = (...contents: readonly (string | readonly Part[])[]) => {
    const messages = contents.map((content) => ({ role: "user" as const, content }));
    return scan(requestOf(chatTask(messages), { messages: [] }), compiled);
  };
  const tokensIn = (body: object) => scan(requestOf(EMBEDDING, body), compiled);

  test.each([
    ["an image", [IMAGE]],
    ["an image beside text", [TEXT, IMAGE]],
    ["a part that only the client's protocol has", [TEXT, OTHER]],
    ["many parts", [IMAGE, OTHER, IMAGE]],
  ])("is found once for its message: %s", (_what, parts) => {
    expect(opaqueIn("hello", [TEXT], parts, "bye")).toEqual([{ code: "opaque", path: "/messages/2/content" }]);
  });

  test.each(["system", "assistant", "tool"] as const)("is found in messages of the %s", (role) => {
    expect(scan(requestOf(chatTask([{ role, content: [IMAGE] }]), {}), compiled)).toEqual([
      { code: "opaque", path: "/messages/0/content" },
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
    expect(scan(requestOf(chatTask([]), body), compiled)).toEqual([{ code: "opaque", path }]);
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
    expect(scan(requestOf(chatTask([]), body), compiled)).toEqual([]);
  });

  test("is not an empty list of images, nor a word about data", () => {
    const body = { messages: [{ content: "data: a,b", images: [], audio: null }], user: "data:none" };
    expect(scan(requestOf(chatTask([]), body), compiled)).toEqual([]);
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
    expect(tokensIn(body)).toEqual([{ code: "opaque", path }]);
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
  expect(scan(request, compileScan(["secret"])).toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
    { code: "opaque", path: "/input" },
    { code: "opaque", path: "/messages/0/content" },
    { code: "keyword", path: "/user" },
  ]);
});
