import { describe, expect, test } from "bun:test";
import { type ChatMessage, NO_SAMPLING } from "../../../src/core/chat.ts";
import { toCall } from "../../../src/providers/ollama/request.ts";
import { unsupportedField } from "../../../src/providers/ollama/unsupported.ts";
import { asking, chatTask, completionTask, embeddingTask, ollamaAsking } from "../../support/ollama-requests.ts";

const ASKED = { model: "m", maxOutputTokens: null };
const bodyOf = (...args: Parameters<typeof asking>) => toCall(asking(...args), ASKED).body;
const UNCUT = { stream: false, truncate: false, shift: false };
const PNG = "iVBORw0KGgo=";
const call = (text: string, id = "call_1") => ({ id, name: "get_weather", arguments: text });

describe("a request in Ollama's own protocol", () => {
  test.each([
    ["ollama_chat", "chat"],
    ["ollama_generate", "generate"],
    ["ollama_embed", "embed"],
    ["ollama_embeddings", "embeddings"],
  ] as const)("of %s goes to /api/%s with all that the client sent and nothing more", (surface, endpoint) => {
    const sent = { model: "auto", options: { top_k: 3 }, unheard_of: [1, { two: null }], truncate: true };
    expect(toCall(ollamaAsking(surface, sent), ASKED)).toEqual({
      endpoint,
      streamed: false,
      ownProtocol: true,
      embedding: null,
      body: { model: "m", stream: false, options: { top_k: 3 }, unheard_of: [1, { two: null }], truncate: true },
    });
  });

  test("is streamed where the pipeline says so, whatever the body says", () => {
    const streamed = toCall(ollamaAsking("ollama_chat", { model: "x", stream: false }, true), ASKED);
    expect([streamed.streamed, streamed.body]).toEqual([true, { model: "m", stream: true }]);
  });

  test("names the allowed model last, since the server takes the last of `model` and `Model`", () => {
    const { body } = toCall(ollamaAsking("ollama_chat", { model: "a", Model: "x:cloud", Stream: true }), ASKED);
    expect(JSON.stringify(body)).toBe('{"Model":"x:cloud","Stream":true,"stream":false,"model":"m"}');
  });

  test("is never refused for a field", () => {
    const request = { ...ollamaAsking("ollama_chat", {}), untranslated: ["unheard_of"] };
    expect(unsupportedField(request)).toBeNull();
  });
});

describe("a chat of another protocol", () => {
  test("that asks for nothing else is messages, and is not to be cut", () => {
    expect(toCall(asking(chatTask("hi"), { streamed: true, body: { n: 1 } }), ASKED)).toEqual({
      endpoint: "chat",
      streamed: true,
      ownProtocol: false,
      embedding: null,
      body: { model: "m", messages: [{ role: "user", content: "hi" }], ...UNCUT, stream: true },
    });
  });

  test("carries sampling as options, and logprobs", () => {
    const sampling = {
      temperature: 0,
      topP: 0.5,
      seed: 0,
      stop: ["\n"],
      maxTokens: 7,
      frequencyPenalty: -1,
      presencePenalty: 2,
      logprobs: true,
      topLogprobs: 3,
    };
    expect(bodyOf(chatTask("hi", { sampling }))).toEqual({
      model: "m",
      messages: [{ role: "user", content: "hi" }],
      options: {
        temperature: 0,
        top_p: 0.5,
        seed: 0,
        stop: ["\n"],
        num_predict: 7,
        frequency_penalty: -1,
        presence_penalty: 2,
      },
      logprobs: true,
      top_logprobs: 3,
      ...UNCUT,
    });
  });

  test.each([
    ["on", { think: true }],
    ["none", { think: false }],
    ["low", { think: "low" }],
    ["high", { think: "high" }],
    [null, {}],
  ] as const)("that wants %p thinking says it in Ollama's words", (thinking, expected) => {
    const messages = [{ role: "user", content: "hi" }];
    expect(bodyOf(chatTask("hi", { thinking }))).toEqual({ model: "m", messages, ...expected, ...UNCUT });
  });

  test.each([
    [{ kind: "json" }, "json"],
    [{ kind: "json_schema", name: "n", schema: { type: "object" }, strict: true }, { type: "object" }],
  ] as const)("that wants the format %j asks for it", (format, expected) => {
    expect(bodyOf(chatTask("hi", { format }))["format"]).toEqual(expected);
  });

  test("has text parts on lines of their own and images beside them", () => {
    const content = [
      { kind: "text", text: "What is" },
      { kind: "image", mediaType: "image/png", base64: PNG },
      { kind: "text", text: "this?" },
    ] as const;
    expect(bodyOf(chatTask([{ role: "user", content }]))["messages"]).toEqual([
      { role: "user", content: "What is\nthis?", images: [PNG] },
    ]);
  });

  test("has tool calls with objects for arguments, and results under the name of what they answer", () => {
    const messages: ChatMessage[] = [
      { role: "assistant", content: "", thinking: "hm", toolCalls: [call('{"city":"Oslo"}'), call("", "call_2")] },
      { role: "tool", content: "rain", toolCallId: "call_1" },
      { role: "tool", content: "sun", toolCallId: "call_2", toolName: "given" },
      { role: "tool", content: "?", toolCallId: "call_3" },
    ];
    expect(bodyOf(chatTask(messages))["messages"]).toEqual([
      {
        role: "assistant",
        content: "",
        thinking: "hm",
        tool_calls: [
          { id: "call_1", function: { name: "get_weather", arguments: { city: "Oslo" } } },
          { id: "call_2", function: { name: "get_weather", arguments: {} } },
        ],
      },
      { role: "tool", content: "rain", tool_name: "get_weather", tool_call_id: "call_1" },
      { role: "tool", content: "sun", tool_name: "given", tool_call_id: "call_2" },
      { role: "tool", content: "?", tool_call_id: "call_3" },
    ]);
  });

  test("takes the last of several calls with one id, and none that comes later", () => {
    const named = (name: string): ChatMessage => ({
      role: "assistant",
      content: "",
      toolCalls: [{ id: "c", name, arguments: "{}" }],
    });
    const result: ChatMessage = { role: "tool", content: "", toolCallId: "c" };
    const body = bodyOf(chatTask([named("first"), named("second"), result, named("third")]));
    expect(body["messages"]).toMatchObject([{}, {}, { tool_name: "second" }, {}]);
  });

  const tools = [
    { name: "get_weather", description: "Weather", parameters: { type: "object" }, strict: true },
    { name: "now", description: null, parameters: null, strict: null },
  ];

  test.each([null, "auto"] as const)("offers its tools where the choice is %p", (toolChoice) => {
    const task = chatTask("hi", { tools, toolChoice });
    expect(unsupportedField(asking(task))).toBeNull();
    expect(bodyOf(task)["tools"]).toEqual([
      { type: "function", function: { name: "get_weather", description: "Weather", parameters: { type: "object" } } },
      { type: "function", function: { name: "now", parameters: { type: "object", properties: {} } } },
    ]);
  });

  test("offers no tools where none may be called", () => {
    const task = chatTask("hi", { tools, toolChoice: "none", format: { kind: "json" } });
    expect([unsupportedField(asking(task)), bodyOf(task)["tools"]]).toEqual([null, undefined]);
  });

  test.each(["required", { name: "now" }] as const)("that must call a tool (%j) is refused", (toolChoice) => {
    expect(unsupportedField(asking(chatTask("hi", { tools, toolChoice })))).toBe("tool_choice");
  });

  test("that must call tools one by one is refused, since nothing makes the model do so", () => {
    const oneByOne = { parallelToolCalls: false } as const;
    expect(unsupportedField(asking(chatTask("hi", { ...oneByOne, tools })))).toBe("parallel_tool_calls");
    expect(unsupportedField(asking(chatTask("hi", oneByOne)))).toBeNull();
    expect(unsupportedField(asking(chatTask("hi", { tools, parallelToolCalls: true })))).toBeNull();
  });

  test.each([
    [{ response_format: {} }, "response_format"],
    [{ text: { format: {} } }, "text.format"],
    [{ format: "json" }, "format"],
  ])("with tools and a format is refused, by the client's name for it in %j", (body, field) => {
    expect(unsupportedField(asking(chatTask("hi", { tools, format: { kind: "json" } }), { body }))).toBe(field);
  });

  test.each(["[1]", '"x"', "null", "{", "{}x"])("with a call's arguments %p is refused by their name", (text) => {
    const messages: ChatMessage[] = [
      { role: "user", content: "hi" },
      { role: "assistant", content: "", toolCalls: [call("{}"), call(text)] },
    ];
    expect(unsupportedField(asking(chatTask(messages)))).toBe("messages[1].tool_calls[1].function.arguments");
    const input = [
      { role: "user", content: "hi" },
      { type: "function_call", arguments: text },
    ];
    const responses = asking(chatTask(messages), { surface: "openai_responses", body: { input } });
    expect(unsupportedField(responses)).toBe("input[1].arguments");
  });

  test("is refused by the first field that nobody translated", () => {
    expect(unsupportedField(asking(chatTask("hi"), { untranslated: ["logit_bias", "n"] }))).toBe("logit_bias");
  });

  test.each([
    [0, { max_tokens: 0 }, "max_tokens"],
    [-1, { max_completion_tokens: -1 }, "max_completion_tokens"],
    [0, { max_output_tokens: 0 }, "max_output_tokens"],
    [1, { max_tokens: 1 }, null],
  ])("with a limit of %i tokens, which to Ollama is none below 1, in %j: %p", (maxTokens, body, field) => {
    const sampling = { ...NO_SAMPLING, maxTokens };
    expect(unsupportedField(asking(chatTask("hi", { sampling }), { body }))).toBe(field);
    expect(unsupportedField(asking(completionTask("hi", { sampling }), { body }))).toBe(field);
  });
});

describe("a text to be continued", () => {
  test("goes to /api/generate with its suffix and options", () => {
    const sampling = { ...NO_SAMPLING, maxTokens: 3, logprobs: true, topLogprobs: 1 };
    expect(toCall(asking(completionTask("once", { suffix: "end", sampling })), ASKED)).toEqual({
      endpoint: "generate",
      streamed: false,
      ownProtocol: false,
      embedding: null,
      body: {
        model: "m",
        prompt: "once",
        suffix: "end",
        options: { num_predict: 3 },
        logprobs: true,
        top_logprobs: 1,
        ...UNCUT,
      },
    });
  });

  test("is refused where there is none, since Ollama would only load the model", () => {
    expect(unsupportedField(asking(completionTask("")))).toBe("prompt");
    expect(unsupportedField(asking(completionTask(" ")))).toBeNull();
  });
});

describe("texts to embed", () => {
  test("go to /api/embed and are not to be cut", () => {
    expect(toCall(asking(embeddingTask(["a", "b"], 5), { streamed: true }), ASKED)).toEqual({
      endpoint: "embed",
      streamed: false,
      ownProtocol: false,
      embedding: { kind: "embedding", inputs: ["a", "b"], dimensions: 5 },
      body: { model: "m", input: ["a", "b"], dimensions: 5, truncate: false },
    });
  });

  test.each([
    [{ input: ["a", ""] }, "input[1]"],
    [{ input: "" }, "input"],
  ])("are refused where one is empty, as in %j", (body, field) => {
    const inputs = Array.isArray(body.input) ? body.input : [body.input];
    expect(unsupportedField(asking(embeddingTask(inputs), { body }))).toBe(field);
  });
});
