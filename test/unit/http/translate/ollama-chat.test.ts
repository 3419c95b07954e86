import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { NO_SAMPLING } from "../../../../src/core/chat.ts";
import { OllamaChatBody } from "../../../../src/http/schemas/ollama-chat.ts";
import { ollamaChat } from "../../../../src/http/translate/ollama-chat.ts";
import {
  chatRequest,
  contextOf,
  EMPTY_ANSWER,
  HELLO,
  LOAD,
  recordedBody,
  recordedRequest,
  refusalOf,
  shapeOf,
} from "./ollama-support.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUg==";
const user = { role: "user", content: "Hello" };
const messagesOf = (messages: readonly unknown[]) => {
  const { task } = chatRequest({ model: "auto", messages });
  return task.kind === "chat" ? task.messages : null;
};
const leftBehind = (fields: object) => chatRequest({ model: "auto", messages: [user], ...fields }).untranslated;

describe("a chat request", () => {
  test("carries all that both protocols have", () => {
    const body = {
      model: "llama3.2",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "USER", content: "What is it?", images: [PNG] },
        { role: "assistant", content: "A dot.", thinking: "Hm." },
        { role: "user", content: "", images: [PNG] },
      ],
      tools: [
        {
          type: "function",
          function: { name: "look", description: "Looks.", parameters: { type: "object", properties: {} } },
        },
        { type: "function", function: { name: "wait" } },
      ],
      format: { type: "object" },
      think: "low",
      stream: false,
      keep_alive: "5m",
      truncate: false,
      shift: true,
      logprobs: true,
      top_logprobs: 3,
      options: {
        temperature: 0.5,
        top_p: 0.9,
        seed: 7,
        stop: ["END"],
        num_predict: 64,
        presence_penalty: 0.1,
        frequency_penalty: 0.2,
        num_ctx: 4096,
        repeat_penalty: 1,
      },
    };

    expect(chatRequest(body)).toEqual({
      surface: "ollama_chat",
      body,
      task: {
        kind: "chat",
        messages: [
          { role: "system", content: "Be brief." },
          {
            role: "user",
            content: [
              { kind: "text", text: "What is it?" },
              { kind: "image", mediaType: "image/png", base64: PNG },
            ],
          },
          { role: "assistant", content: "A dot.", thinking: "Hm." },
          { role: "user", content: [{ kind: "image", mediaType: "image/png", base64: PNG }] },
        ],
        tools: [
          { name: "look", description: "Looks.", parameters: { type: "object", properties: {} }, strict: null },
          { name: "wait", description: null, parameters: null, strict: null },
        ],
        toolChoice: null,
        parallelToolCalls: null,
        format: { kind: "json_schema", name: null, schema: { type: "object" }, strict: null },
        sampling: {
          temperature: 0.5,
          topP: 0.9,
          seed: 7,
          stop: ["END"],
          maxTokens: 64,
          frequencyPenalty: 0.2,
          presencePenalty: 0.1,
          logprobs: true,
          topLogprobs: 3,
        },
        thinking: "low",
      },
      wish: "llama3.2",
      streamed: false,
      untranslated: [],
    });
  });

  test.each([
    ["nothing", {}],
    [
      "nulls, as Ollama's Go client sends them",
      { messages: null, tools: null, options: null, format: null, think: null },
    ],
    ["empty values", { messages: [], tools: [], options: {}, format: "", logprobs: null, stream: null }],
  ])("may say no more than a model: %s", (_, fields) => {
    expect(chatRequest({ model: "auto", ...fields })).toMatchObject({
      task: {
        kind: "chat",
        messages: [],
        tools: [],
        toolChoice: null,
        parallelToolCalls: null,
        format: null,
        sampling: NO_SAMPLING,
        thinking: null,
      },
      wish: null,
      streamed: true,
      untranslated: [],
    });
  });

  test.each([
    ["auto", null],
    ["auto:latest", null],
    ["llama3.2:latest", "llama3.2:latest"],
    ["openai/gpt-4o:latest", "openai/gpt-4o:latest"],
  ])("wishes by its model's name: %s", (model, wish) => {
    expect<unknown>(chatRequest({ model }).wish).toEqual(wish);
  });

  test.each([
    [{ think: true }, { thinking: "on" }],
    [{ think: false }, { thinking: "none" }],
    [{ think: "high" }, { thinking: "high" }],
    [{ format: "json" }, { format: { kind: "json" } }],
    [{ options: { num_predict: -1 } }, { sampling: NO_SAMPLING }],
    [{ options: { num_predict: -2 } }, { sampling: NO_SAMPLING }],
    [{ options: { num_predict: 0 } }, { sampling: NO_SAMPLING }],
    [{ options: { seed: -1 } }, { sampling: NO_SAMPLING }],
    [{ top_logprobs: 3 }, { sampling: NO_SAMPLING }],
  ])("means by %j what Ollama means by it", (fields, meaning) => {
    expect(chatRequest({ model: "auto", ...fields })).toMatchObject({ task: meaning, untranslated: [] });
  });
});

describe("images of a chat request", () => {
  const head = (bytes: string) => Buffer.from(bytes.padEnd(12, "\0"), "latin1").toString("base64");
  test.each([
    ["\x89PNG\r\n\x1a\n", "image/png"],
    ["\xff\xd8\xff\xe0", "image/jpeg"],
    ["GIF89a", "image/gif"],
    ["RIFF\x10\0\0\0WEBP", "image/webp"],
    ["RIFF\x10\0\0\0WAVE", null],
    ["BM", null],
  ])("are known by their first bytes: %j", (bytes, mediaType) => {
    const base64 = head(bytes);
    expect(messagesOf([{ ...user, content: "", images: [base64] }])).toEqual([
      { role: "user", content: [{ kind: "image", mediaType, base64 }] },
    ]);
  });

  test("may be broken into lines", () => {
    expect(messagesOf([{ ...user, content: "", images: [`${PNG.slice(0, 8)}\r\n${PNG.slice(8)}\n`] }])).toEqual([
      { role: "user", content: [{ kind: "image", mediaType: "image/png", base64: PNG }] },
    ]);
  });

  test.each(["", `data:image/png;base64,${PNG}`, "abc", "ab=c", "not base64!!"])(
    "that Ollama could not read are refused: %j",
    (image) => {
      expect(refusalOf(() => messagesOf([user, { ...user, images: [PNG, image] }]))).toEqual({
        code: "request.invalid_field",
        field: "messages[1].images[1]",
        message: "messages[1].images[1]: Expected an image in base64, without a data URL's head.",
      });
    },
  );
});

describe("tool calls of a conversation", () => {
  const call = (name: string, id?: string) => ({
    ...(id === undefined ? {} : { id }),
    function: { name, arguments: {} },
  });
  const result = (fields: object) => ({ role: "tool", content: "18", ...fields });

  test("get ids where they have none, and results find their calls", async () => {
    expect(chatRequest(await recordedRequest("chat-tool-result"))).toMatchObject({
      task: {
        messages: [
          { role: "user", content: "What is the weather in Lisbon?" },
          {
            role: "assistant",
            content: "",
            toolCalls: [{ id: "call_0", name: "get_weather", arguments: '{"city":"Lisbon"}' }],
          },
          { role: "tool", content: "18 degrees", toolCallId: "call_0", toolName: "get_weather" },
        ],
      },
      untranslated: [],
    });
  });

  test("are answered by id, else by name, else in turn, each once", () => {
    const messages = messagesOf([
      { role: "assistant", tool_calls: [call("a"), call("b"), call("a", "call_1"), call("c")] },
      result({ tool_call_id: "call_1" }),
      result({ tool_name: "c" }),
      result({ tool_name: "renamed" }),
      result({ tool_call_id: "" }),
      result({ tool_name: "a" }),
    ]);
    expect(messages?.[0]?.toolCalls?.map(({ id }) => id)).toEqual(["call_0", "call_2", "call_1", "call_3"]);
    expect(messages?.slice(1)).toEqual([
      { role: "tool", content: "18", toolCallId: "call_1" },
      { role: "tool", content: "18", toolCallId: "call_3", toolName: "c" },
      { role: "tool", content: "18", toolCallId: "call_0", toolName: "renamed" },
      { role: "tool", content: "18", toolCallId: "call_2" },
      { role: "tool", content: "18", toolName: "a" },
    ]);
  });

  test("of a later turn get new ids", () => {
    const turn = [{ role: "assistant", tool_calls: [call("a")] }, result({ tool_name: "a" })];
    expect(
      messagesOf([...turn, ...turn])?.map(({ toolCalls, toolCallId }) => toolCalls?.[0]?.id ?? toolCallId),
    ).toEqual(["call_0", "call_0", "call_1", "call_1"]);
  });
});

describe("what a chat request cannot carry", () => {
  test.each([
    [{ keep_alive: 0, truncate: true, shift: false, stream: true }, []],
    [{ options: { num_ctx: 1, num_keep: 1, use_mmap: null, min_p: 0, typical_p: 1, top_k: null } }, []],
    [
      { options: { top_k: 40, min_p: 0.1, repeat_penalty: 1.1, mirostat: 2, Odd: 1, zzz: 1 } },
      ["options.top_k", "options.min_p", "options.repeat_penalty", "options.mirostat", "options", "options.zzz"],
    ],
    [{ think: "max" }, ["think"]],
    [{ _debug_render_only: true }, ["_debug_render_only"]],
    [{ _debug_render_only: false }, []],
    [{ width: 5, "My secret": 1, "Another one": 2 }, ["width", "body"]],
    [{ tools: [{ type: "web", function: { name: "a", cache: 1 } }] }, ["tools[0].type", "tools[0].function.cache"]],
    [{ messages: [user, { ...user, audio: "x" }] }, ["messages[1].audio"]],
    [{ messages: [{ ...user, role: "control" }] }, ["messages[0].role"]],
    [
      {
        messages: [
          { ...user, thinking: "x", tool_calls: [{ function: { name: "a" } }], tool_name: "a", tool_call_id: "1" },
        ],
      },
      ["messages[0].thinking", "messages[0].tool_calls", "messages[0].tool_name", "messages[0].tool_call_id"],
    ],
    [{ messages: [{ ...user, thinking: "", tool_calls: [], tool_name: "", tool_call_id: null }] }, []],
    [{ messages: [{ role: "assistant", tool_calls: [{ type: "function", function: { name: "a", index: 0 } }] }] }, []],
    [
      { messages: [{ role: "assistant", tool_calls: [{ type: "x", function: { name: "a", note: 1 } }] }] },
      ["messages[0].tool_calls[0].type", "messages[0].tool_calls[0].function.note"],
    ],
  ])("is named, in order: %j", (fields, names) => {
    expect(leftBehind(fields)).toEqual(names);
  });
});

test.each([
  [{}],
  [{ model: null }],
  [{ model: "" }],
  [{ model: "a prompt, not a name" }],
  [{ model: "auto", messages: "Hello" }],
  [{ model: "auto", messages: [{ content: "no role" }] }],
  [{ model: "auto", messages: [{ role: "user", content: [{ type: "text", text: "OpenAI's" }] }] }],
  [{ model: "auto", messages: Array.from({ length: 2_049 }, () => user) }],
  [{ model: "auto", messages: [{ role: "assistant", tool_calls: [{ function: { name: "a", arguments: "{}" } }] }] }],
  [{ model: "auto", stream: "no" }],
  [{ model: "auto", format: "yaml" }],
  [{ model: "auto", think: 1 }],
  [{ model: "auto", top_logprobs: 21 }],
  [{ model: "auto", options: { temperature: "hot" } }],
  [{ model: "auto", options: { stop: "END" } }],
])("a chat body of a wrong type is refused: %#", (body) => {
  expect(Value.Check(OllamaChatBody, body)).toBe(false);
});

describe("a chat answer", () => {
  test("has the fields of Ollama's own, in its order", async () => {
    const recorded = await recordedBody("chat-tool-call");
    const answer = ollamaChat.toAnswer(
      {
        ...EMPTY_ANSWER,
        model: "gpt-4o-2024-08-06",
        toolCalls: [{ id: "call_s5vusris", name: "get_weather", arguments: '{"city":"Lisbon"}' }],
        finishReason: "tool_calls",
        usage: { promptTokens: 168, completionTokens: 33 },
      },
      contextOf(HELLO, 1_093.316022),
    );
    expect(shapeOf(answer)).toEqual(shapeOf(recorded));
    expect(answer).toEqual({
      model: "gpt-4o-2024-08-06",
      created_at: "2026-11-22T08:14:31.093Z",
      message: recorded["message"] ?? null,
      done: true,
      done_reason: "stop",
      total_duration: 1_093_316_022,
      load_duration: 0,
      prompt_eval_count: 168,
      prompt_eval_duration: 0,
      eval_count: 33,
      eval_duration: 1_093_316_022,
    });
  });

  test("shows thinking and logprobs where there are any, and only the counts that were reported", () => {
    const logprobs = [{ token: "Hi", logprob: -0.5, bytes: [72, 105], top_logprobs: [] }];
    const answer = { ...EMPTY_ANSWER, content: "Hi", thinking: "Hm.", logprobs, finishReason: "length" };
    expect(Object.entries(ollamaChat.toAnswer(answer, contextOf(HELLO, 2)))).toEqual([
      ["model", "smollm2:135m"],
      ["created_at", "2026-11-22T08:14:30.002Z"],
      ["message", { role: "assistant", content: "Hi", thinking: "Hm." }],
      ["done", true],
      ["done_reason", "length"],
      ["logprobs", logprobs],
      ["total_duration", 2_000_000],
      ["load_duration", 0],
      ["prompt_eval_duration", 0],
      ["eval_duration", 2_000_000],
    ]);
  });

  test.each(["load", "unload"])("to a request that asked for nothing is Ollama's: %s", async (finishReason) => {
    const recorded = await recordedBody(`chat-${finishReason}`);
    expect(ollamaChat.toAnswer({ ...EMPTY_ANSWER, finishReason }, contextOf(LOAD, 0))).toEqual({
      ...recorded,
      created_at: "2026-11-22T08:14:30.000Z",
    });
  });

  test.each([
    ["content_filter", "content_filter"],
    [null, undefined],
  ])("keeps a finish reason that Ollama has no word for: %p", (finishReason, doneReason) => {
    expect(ollamaChat.toAnswer({ ...EMPTY_ANSWER, finishReason }, contextOf(HELLO, 0))["done_reason"]).toBe(doneReason);
  });

  test("of an Ollama server goes out as it came", async () => {
    const document = await recordedBody("chat-success");
    expect(ollamaChat.toAnswer({ ...EMPTY_ANSWER, document }, contextOf(HELLO, 0))).toBe(document);
  });

  test.each(['{"city": "Lis', "Lisbon", "[1]", "null", '"{}"'])(
    "whose call has no object for arguments is no answer: %j",
    (text) => {
      const toolCalls = [{ id: "call_0", name: "get_weather", arguments: text }];
      expect(refusalOf(() => ollamaChat.toAnswer({ ...EMPTY_ANSWER, toolCalls }, contextOf(HELLO, 0)))).toEqual({
        code: "provider.malformed_response",
        field: null,
        message:
          "The model called a function with arguments that are no JSON object, and Ollama's protocol has no place for those.",
      });
    },
  );

  test.each(["", "  ", "{}"])("reads %j as no arguments", (text) => {
    const toolCalls = [{ id: "call_0", name: "now", arguments: text }];
    expect(ollamaChat.toAnswer({ ...EMPTY_ANSWER, toolCalls }, contextOf(HELLO, 0))["message"]).toEqual({
      role: "assistant",
      content: "",
      tool_calls: [{ id: "call_0", function: { index: 0, name: "now", arguments: {} } }],
    });
  });
});

test("every part of a chat body is open to fields that nobody here knows", () => {
  const closed: string[] = [];
  JSON.stringify(OllamaChatBody, (key, value) => {
    if (value?.type === "object" && value.additionalProperties !== true) closed.push(key);
    return value;
  });
  expect(closed).toEqual([]);
});
