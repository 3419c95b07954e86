import { describe, expect, test } from "bun:test";
import { type ChatMessage, type ChatRequest, type ChatTask, NO_SAMPLING } from "../../../src/core/chat.ts";
import { type Dialect, toUpstreamRequest } from "../../../src/providers/openai/request.ts";
import { firstUnsupported } from "../../../src/providers/openai/unsupported.ts";
import { CHAT, COMPLETION, openAiRequest, otherRequest } from "../../support/openai-streams.ts";

const EMBEDDING = { kind: "embedding", inputs: ["a", "b"], dimensions: null } as const;
const HELLO = { role: "user", content: "hello" } as const;

const SERVER: Dialect = { maxTokensField: "max_tokens", readsThinking: true };
const OPENAI: Dialect = { maxTokensField: "max_completion_tokens", readsThinking: false };
const sent = (request: ChatRequest, dialect = SERVER) =>
  toUpstreamRequest(request, { model: "m", maxOutputTokens: null }, dialect);

const chat = (task: Partial<ChatTask>): ChatTask => ({ ...CHAT, messages: [HELLO], ...task });
const sentFor = (task: Partial<ChatTask>, dialect?: Dialect) =>
  sent(otherRequest(chat(task), { streamed: false }), dialect).body;

describe("a request of a client of the same protocol", () => {
  test("goes on as it came but for the model and the stream", () => {
    const body = { model: "openai/x", messages: [], own: { deep: [1, null] }, n: 2, stream_options: { other: 1 } };
    expect(sent(openAiRequest(body))).toEqual({
      path: "/chat/completions",
      body: { ...body, model: "m", stream: true, stream_options: { other: 1, include_usage: true } },
    });
  });

  test("asks for usage even where the client wants none", () => {
    expect(sent(openAiRequest({ stream_options: { include_usage: false } })).body).toEqual({
      model: "m",
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test("is not streamed where the client wants it whole", () => {
    expect(sent(openAiRequest({ stream: null, x: 1 }, COMPLETION, false))).toEqual({
      path: "/completions",
      body: { model: "m", stream: false, x: 1 },
    });
  });

  test("for embeddings has no word of streams", () => {
    expect(sent(openAiRequest({ input: "a", encoding_format: "base64" }, EMBEDDING, false))).toEqual({
      path: "/embeddings",
      body: { model: "m", input: "a", encoding_format: "base64" },
    });
  });

  test("has no field that is not supported", () => {
    expect(firstUnsupported({ ...openAiRequest({}), untranslated: ["n"] })).toBeNull();
  });
});

describe("a request of a client of another protocol", () => {
  test("is its messages where it says no more", () => {
    expect(sent(otherRequest(chat({})))).toEqual({
      path: "/chat/completions",
      body: { model: "m", messages: [HELLO], stream: true, stream_options: { include_usage: true } },
    });
    expect(sentFor({})).toEqual({ model: "m", messages: [HELLO] });
  });

  test("sends nothing of the client's own body", () => {
    expect(sent(otherRequest(chat({}), { streamed: false, body: { secret: 1 } })).body).toEqual({
      model: "m",
      messages: [HELLO],
    });
  });

  test("carries how the answer is to be sampled", () => {
    const sampling = {
      temperature: 0,
      topP: 0.5,
      seed: 1,
      stop: ["x"],
      maxTokens: 9,
      frequencyPenalty: 0.1,
      presencePenalty: 0.2,
      logprobs: true,
      topLogprobs: 2,
    };
    const fields = { temperature: 0, top_p: 0.5, seed: 1, stop: ["x"], frequency_penalty: 0.1, presence_penalty: 0.2 };
    const counted = { ...fields, logprobs: true, top_logprobs: 2 };
    expect(sentFor({ sampling })).toEqual({ model: "m", messages: [HELLO], ...counted, max_tokens: 9 });
    expect(sentFor({ sampling }, OPENAI)).toEqual({
      model: "m",
      messages: [HELLO],
      ...counted,
      max_completion_tokens: 9,
    });
    const completion = {
      ...COMPLETION,
      kind: "completion" as const,
      prompt: "a",
      suffix: "b",
      sampling: { ...sampling, logprobs: null },
    };
    expect(sent(otherRequest(completion, { streamed: false }), OPENAI)).toEqual({
      path: "/completions",
      body: { model: "m", prompt: "a", suffix: "b", ...fields, max_tokens: 9 },
    });
  });

  test("carries tools, calls and their results", () => {
    const parameters = { type: "object" };
    const messages: ChatMessage[] = [
      { role: "system", content: "s" },
      HELLO,
      { role: "assistant", content: "", thinking: "hm", toolCalls: [{ id: "c", name: "f", arguments: "{}" }] },
      { role: "tool", content: [{ kind: "text", text: "r" }], toolCallId: "c", toolName: "f" },
    ];
    const tools = [
      { name: "f", description: "d", parameters, strict: true },
      { name: "g", description: null, parameters: null, strict: null },
    ];
    expect(sentFor({ messages, tools, toolChoice: { name: "f" } })).toEqual({
      model: "m",
      messages: [
        { role: "system", content: "s" },
        HELLO,
        {
          role: "assistant",
          content: null,
          reasoning_content: "hm",
          tool_calls: [{ type: "function", id: "c", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", content: [{ type: "text", text: "r" }], tool_call_id: "c" },
      ],
      tools: [
        { type: "function", function: { name: "f", description: "d", parameters, strict: true } },
        { type: "function", function: { name: "g" } },
      ],
      tool_choice: { type: "function", function: { name: "f" } },
    });
  });

  test.each([
    ["auto", false],
    ["none", false],
    ["required", true],
  ] as const)("with the tool choice %s and no tools says it: %p", (toolChoice, isSaid) => {
    expect(Object.hasOwn(sentFor({ toolChoice }), "tool_choice")).toBe(isSaid);
  });

  test.each([true, false])("with tools says whether they may be called in parallel: %p", (parallelToolCalls) => {
    const tools = [{ name: "f", description: null, parameters: null, strict: null }];
    expect(sentFor({ tools, parallelToolCalls })).toHaveProperty("parallel_tool_calls", parallelToolCalls);
    expect(sentFor({ parallelToolCalls })).not.toHaveProperty("parallel_tool_calls");
  });

  test("carries images as data URLs, by their type, else as PNG", () => {
    const image = (base64: string, mediaType: string | null = null) => ({ kind: "image", base64, mediaType }) as const;
    const images = [image("AAAA", "image/bmp"), image("/9j/4AA", "image/jpeg"), image("AAAA")];
    const types = ["image/bmp", "image/jpeg", "image/png"];
    expect(sentFor({ messages: [{ role: "user", content: [{ kind: "text", text: "a" }, ...images] }] })).toEqual({
      model: "m",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "a" },
            ...images.map(({ base64 }, at) => ({
              type: "image_url",
              image_url: { url: `data:${types[at]};base64,${base64}` },
            })),
          ],
        },
      ],
    });
  });

  test.each([
    [{ kind: "json" } as const, { type: "json_object" }],
    [
      { kind: "json_schema", name: null, schema: { type: "object" }, strict: null } as const,
      { type: "json_schema", json_schema: { name: "answer", schema: { type: "object" } } },
    ],
    [
      { kind: "json_schema", name: "n", schema: {}, strict: true } as const,
      { type: "json_schema", json_schema: { name: "n", schema: {}, strict: true } },
    ],
  ])("carries the answer's form %p", (format, response_format) => {
    expect(sentFor({ format })).toEqual({ model: "m", messages: [HELLO], response_format });
  });

  test.each([
    ["none", {}],
    ["low", { reasoning_effort: "low" }],
    ["medium", { reasoning_effort: "medium" }],
    ["high", { reasoning_effort: "high" }],
  ] as const)("says of thinking that is %s %p", (thinking, fields) => {
    expect(sentFor({ thinking })).toEqual({ model: "m", messages: [HELLO], ...fields });
  });

  test("asks for embeddings as numbers", () => {
    const request = (dimensions: number | null) => otherRequest({ ...EMBEDDING, dimensions }, { streamed: false });
    const body = { model: "m", input: ["a", "b"], encoding_format: "float" };
    expect(sent(request(null))).toEqual({ path: "/embeddings", body });
    expect(sent(request(8)).body).toEqual({ ...body, dimensions: 8 });
  });
});

describe("what the protocol cannot carry is named as its client calls it", () => {
  const image = { kind: "image", mediaType: null, base64: "AAAA" } as const;
  const logprobs = { ...NO_SAMPLING, logprobs: true };

  test.each([
    [
      "what the translation left",
      otherRequest(chat({ thinking: "on" }), { untranslated: ["options.top_k", "x"] }),
      "options.top_k",
    ],
    ["to think, and not how much", otherRequest(chat({ thinking: "on" })), "think"],
    [
      "an image of the model's",
      otherRequest(chat({ messages: [HELLO, { role: "assistant", content: [image] }] })),
      "messages[1].images",
    ],
    [
      "an image of a tool's, of Responses",
      otherRequest(chat({ messages: [{ role: "tool", content: [image], toolCallId: "c" }] }), {
        surface: "openai_responses",
      }),
      "messages",
    ],
    [
      "a result of no call",
      otherRequest(chat({ messages: [{ role: "tool", content: "r" }] })),
      "messages[0].tool_call_id",
    ],
    [
      "a completion's logprobs",
      otherRequest({ ...COMPLETION, sampling: logprobs }, { surface: "ollama_generate" }),
      "logprobs",
    ],
    ["an image of the user's", otherRequest(chat({ messages: [{ role: "user", content: [image] }] })), null],
    ["logprobs of a chat", otherRequest(chat({ sampling: logprobs })), null],
    ["a completion", otherRequest(COMPLETION), null],
    ["embeddings", otherRequest(EMBEDDING), null],
    ["thinking that is none", otherRequest(chat({ thinking: "none" })), null],
  ])("%s", (_name, request, field) => {
    expect(firstUnsupported(request)).toBe(field);
  });

  test("earlier thinking goes back to servers that read it, and OpenAI would forget it", () => {
    const request = otherRequest(chat({ messages: [HELLO, { role: "assistant", content: "a", thinking: "hm" }] }), {
      streamed: false,
    });
    expect(firstUnsupported(request)).toBeNull();
    const answered = { role: "assistant", content: "a" };
    expect(sent(request).body).toMatchObject({ messages: [HELLO, { ...answered, reasoning_content: "hm" }] });
    expect(sent(request, OPENAI).body).toEqual({ model: "m", messages: [HELLO, answered] });
  });
});
