import { describe, expect, test } from "bun:test";
import { NO_SAMPLING, NO_USAGE } from "../../../../src/core/chat.ts";
import type { JsonObject } from "../../../../src/core/json.ts";
import type { Answer } from "../../../../src/gateway/chat-result.ts";
import { Refusal } from "../../../../src/http/problem.ts";
import { openaiChat } from "../../../../src/http/translate/openai-chat.ts";
import { bodyReader } from "../../../../src/http/validation.ts";
import { type Folder, loadExchange } from "../../../support/replay-upstream.ts";

const HELLO = [{ role: "user", content: "hello" }];
const PNG = "iVBORw0KGgo=";
const REQUEST_ID = "019a0000-0000-7000-8000-000000000000";

const read = bodyReader(openaiChat.body, { maxBytes: 1_000_000 });

async function toRequest(body: unknown) {
  const request = new Request("http://mesh/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return openaiChat.toRequest(await read({ request }));
}

const withMessage = (message: JsonObject) => toRequest({ model: "auto", messages: [message] });
const withFields = (fields: JsonObject) => toRequest({ model: "auto", messages: HELLO, ...fields });

async function refusalOf(asked: Promise<unknown>) {
  const thrown: unknown = await asked.then(
    () => null,
    (error: unknown) => error,
  );
  return thrown instanceof Refusal ? { code: thrown.code, field: thrown.field, message: thrown.message } : thrown;
}

const user = (part: JsonObject) => ({ role: "user", content: [part] });
const asked = (call: JsonObject) => ({ role: "assistant", content: null, tool_calls: [call] });

describe("a chat completion request", () => {
  test.each(["Models", "User_Config", "N_Predict", "Max_Output_To\u212aens", "Prompt_Token_Ids", "Images"])(
    "has no field in disguise that others look for by its name: %s",
    async (field) => {
      expect(await refusalOf(withFields({ [field]: [1] }))).toMatchObject({ code: "request.unknown_field" });
    },
  );

  test("is carried whole by the task", async () => {
    const body = {
      model: "openai/gpt-4o",
      messages: [
        { role: "developer", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?", prompt_cache_breakpoint: { mode: "explicit" } },
            { type: "image_url", image_url: { url: `data:image/PNG;base64,${PNG}`, detail: "high" } },
          ],
        },
        {
          role: "assistant",
          content: null,
          refusal: null,
          annotations: [],
          reasoning_content: "A look-up helps.",
          tool_calls: [
            { id: "call_1", index: 0, type: "function", function: { name: "look_up", arguments: '{"city":"Oslo"}' } },
          ],
        },
        { role: "tool", tool_call_id: "call_1", name: "look_up", content: "rain" },
      ],
      tools: [
        {
          type: "function",
          function: { name: "look_up", description: "Looks up.", parameters: { type: "object" }, strict: true },
        },
        { type: "function", function: { name: "stop" } },
      ],
      tool_choice: { type: "function", function: { name: "look_up" } },
      parallel_tool_calls: true,
      response_format: {
        type: "json_schema",
        json_schema: { name: "answer", schema: { type: "object" }, strict: false },
      },
      temperature: 0,
      top_p: 0.5,
      seed: 1,
      stop: "END",
      max_tokens: 5,
      max_completion_tokens: 6,
      frequency_penalty: -1,
      presence_penalty: 1,
      logprobs: true,
      top_logprobs: 2,
      reasoning_effort: "low",
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
    };
    expect(await toRequest(body)).toEqual({
      surface: "openai_chat",
      body,
      task: {
        kind: "chat",
        messages: [
          { role: "system", content: "Be brief." },
          {
            role: "user",
            content: [
              { kind: "text", text: "What is this?" },
              { kind: "image", mediaType: "image/png", base64: PNG },
            ],
          },
          {
            role: "assistant",
            content: "",
            thinking: "A look-up helps.",
            toolCalls: [{ id: "call_1", name: "look_up", arguments: '{"city":"Oslo"}' }],
          },
          { role: "tool", content: "rain", toolCallId: "call_1", toolName: "look_up" },
        ],
        tools: [
          { name: "look_up", description: "Looks up.", parameters: { type: "object" }, strict: true },
          { name: "stop", description: null, parameters: null, strict: null },
        ],
        toolChoice: { name: "look_up" },
        parallelToolCalls: true,
        format: { kind: "json_schema", name: "answer", schema: { type: "object" }, strict: false },
        sampling: {
          temperature: 0,
          topP: 0.5,
          seed: 1,
          stop: ["END"],
          maxTokens: 6,
          frequencyPenalty: -1,
          presencePenalty: 1,
          logprobs: true,
          topLogprobs: 2,
        },
        thinking: "low",
      },
      wish: "openai/gpt-4o",
      streamed: true,
      untranslated: [],
    });
  });

  test("says nothing where the client said nothing, and null says nothing", async () => {
    const task = {
      kind: "chat" as const,
      messages: [{ role: "user" as const, content: "hello" }],
      tools: [],
      toolChoice: null,
      parallelToolCalls: null,
      format: null,
      sampling: NO_SAMPLING,
      thinking: null,
    };
    const names = Object.keys(openaiChat.body.properties).filter((name) => name !== "model" && name !== "messages");
    for (const fields of [
      {},
      Object.fromEntries(names.map((name) => [name, null])),
      { audio: null, "Not Safe": null },
    ]) {
      expect(await withFields(fields)).toEqual({
        surface: "openai_chat",
        body: { model: "auto", messages: HELLO, ...fields },
        task,
        wish: null,
        streamed: false,
        untranslated: [],
      });
    }
  });

  test.each<[string, JsonObject]>([
    ["one answer", { n: 1 }],
    ["calls one by one, which the task carries", { parallel_tool_calls: false }],
    ["no bias", { logit_bias: {} }],
    ["text", { modalities: ["text"], response_format: { type: "text" } }],
    ["no tools", { tools: [], functions: [], tool_choice: "auto", function_call: "auto" }],
    ["medium verbosity", { verbosity: "medium" }],
    ["no stored completion", { store: false }],
    ["the usual tier", { service_tier: "auto" }],
    [
      "book-keeping",
      {
        user: "u",
        safety_identifier: "s",
        metadata: { a: "b" },
        prompt_cache_key: "k",
        prompt_cache_retention: "24h",
        prompt_cache_options: { mode: "implicit" },
      },
    ],
  ])("is satisfied everywhere: %s", async (_, fields) => {
    expect((await withFields(fields)).untranslated).toEqual([]);
  });

  test.each<[JsonObject, string[]]>([
    [{ n: 2 }, ["n"]],
    [{ logit_bias: { "50256": -100 } }, ["logit_bias"]],
    [{ modalities: ["text", "audio"], audio: { voice: "alloy" } }, ["modalities", "audio"]],
    [{ functions: [{ name: "f" }], function_call: { name: "f" } }, ["functions", "function_call"]],
    [{ reasoning_effort: "minimal" }, ["reasoning_effort"]],
    [{ verbosity: "high" }, ["verbosity"]],
    [{ store: true }, ["store"]],
    [{ service_tier: "flex" }, ["service_tier"]],
    [{ prediction: { type: "content", content: "x" } }, ["prediction"]],
    [{ web_search_options: {} }, ["web_search_options"]],
    [{ response_format: { type: "grammar", grammar: "x" } }, ["response_format.type", "response_format.grammar"]],
    [{ response_format: { type: "json_object", schema: {} } }, ["response_format.schema"]],
    [{ response_format: { type: "json_schema", json_schema: { name: "a" } } }, ["response_format.json_schema"]],
    [
      { response_format: { type: "json_schema", json_schema: { name: "a", schema: {}, description: "d" } } },
      ["response_format.json_schema.description"],
    ],
    [
      {
        tools: [
          { type: "custom", custom: { name: "c" } },
          { type: "function", cache: 1, function: { name: "f", x: 1 } },
        ],
      },
      ["tools[0].type", "tools[0].custom", "tools[1].cache", "tools[1].function.x"],
    ],
    [
      { tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [] } } },
      ["tool_choice.type", "tool_choice.allowed_tools"],
    ],
    [{ top_k: 40, "Not Safe": 1, __proto: 1, constructor: {} }, ["top_k", "body", "constructor"]],
  ])("names what only OpenAI has: %j", async (fields, untranslated) => {
    expect((await withFields(fields)).untranslated).toEqual(untranslated);
  });

  test("takes the old form of JSON answers", async () => {
    const request = await withFields({ response_format: { type: "json_object" } });
    const said = await withFields({});
    expect<unknown>(request).toEqual({
      ...said,
      body: { ...said.body, response_format: { type: "json_object" } },
      task: { ...said.task, format: { kind: "json" } },
    });
  });

  test("names fields in the body's order", async () => {
    const body = { n: 2, messages: [{ role: "user", content: "a", name: "Ann" }], model: "auto", top_k: 1 };
    expect((await toRequest(body)).untranslated).toEqual(["n", "messages[0].name", "top_k"]);
  });
});

describe("a message", () => {
  test.each<[JsonObject, JsonObject, string[]]>([
    [{ role: "user", content: "a", name: "Ann" }, { role: "user", content: "a" }, ["messages[0].name"]],
    [
      { role: "user", content: "a", tool_calls: [], reasoning: "b" },
      { role: "user", content: "a" },
      ["messages[0].tool_calls", "messages[0].reasoning"],
    ],
    [
      { role: "function", name: "f", content: "1" },
      { role: "tool", content: "1" },
      ["messages[0].role", "messages[0].name"],
    ],
    [{ role: "assistant", content: null, refusal: "No." }, { role: "assistant", content: "No." }, []],
    [{ role: "assistant", reasoning: "Hm.", parsed: {} }, { role: "assistant", content: "", thinking: "Hm." }, []],
    [
      { role: "assistant", content: "a", audio: { id: "x" }, function_call: { name: "f", arguments: "{}" } },
      { role: "assistant", content: "a" },
      ["messages[0].audio", "messages[0].function_call"],
    ],
    [
      {
        role: "assistant",
        content: [
          { type: "text", text: "a" },
          { type: "refusal", refusal: "b" },
        ],
        refusal: "c",
      },
      {
        role: "assistant",
        content: [
          { kind: "text", text: "a" },
          { kind: "text", text: "b" },
          { kind: "text", text: "c" },
        ],
      },
      [],
    ],
    [
      asked({ id: "1", type: "custom", custom: { name: "c", input: "i" } }),
      { role: "assistant", content: "" },
      ["messages[0].tool_calls[0].type", "messages[0].tool_calls[0].custom"],
    ],
    [
      asked({ id: "1", function: { name: "f", arguments: "{}", parsed_arguments: {}, x: 1 } }),
      { role: "assistant", content: "", toolCalls: [{ id: "1", name: "f", arguments: "{}" }] },
      ["messages[0].tool_calls[0].function.x"],
    ],
    [
      user({ type: "text", text: "a", "Not Safe": 1 }),
      { role: "user", content: [{ kind: "text", text: "a" }] },
      ["messages[0].content[0]"],
    ],
    [
      user({ type: "image_url", image_url: { url: `data:;base64,${PNG}`, detail: "low" } }),
      { role: "user", content: [{ kind: "image", mediaType: null, base64: PNG }] },
      ["messages[0].content[0].image_url.detail"],
    ],
    ...[
      { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      { type: "image_url", image_url: { url: "data:application/pdf;base64,AAAA" } },
    ].map((part): [JsonObject, JsonObject, string[]] => [
      user(part),
      { role: "user", content: [{ kind: "other", original: part }] },
      ["messages[0].content[0].image_url.url"],
    ]),
    ...[
      { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
      { type: "file", file: { file_id: "f" } },
      { type: "refusal", refusal: "No." },
    ].map((part): [JsonObject, JsonObject, string[]] => [
      user(part),
      { role: "user", content: [{ kind: "other", original: part }] },
      ["messages[0].content[0].type"],
    ]),
  ])("%j", async (message, expected, untranslated) => {
    const request = await withMessage(message);
    const said = await withFields({});
    expect<unknown>(request).toEqual({
      ...said,
      body: { model: "auto", messages: [message] },
      task: { ...said.task, messages: [expected] },
      untranslated,
    });
  });
});

describe("a refusal names the field and quotes nothing", () => {
  test.each<[unknown, string, string]>([
    [{ messages: HELLO }, "model", "model: Expected required property."],
    [
      { model: "a b", messages: HELLO },
      "model",
      "model: Expected string to match '^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$'.",
    ],
    [{ model: "auto" }, "messages", "messages: Expected required property."],
    [{ model: "auto", messages: [] }, "messages", "messages: Expected array length to be greater or equal to 1."],
    [
      { model: "auto", messages: Array.from({ length: 2_049 }, () => HELLO[0]) },
      "messages",
      "messages: Expected array length to be less or equal to 2048.",
    ],
    [
      { model: "auto", messages: [{ role: "root", content: "x" }] },
      "messages[0].role",
      "messages[0].role: Expected one of system, developer, user, assistant, tool, function.",
    ],
    [
      { model: "auto", messages: [{ role: "user", content: 1 }] },
      "messages[0].content",
      "messages[0].content: Expected one of a string, an array of content parts, null.",
    ],
    [
      { model: "auto", messages: HELLO, temperature: "hot" },
      "temperature",
      "temperature: Expected one of a number, null.",
    ],
    [
      { model: "auto", messages: HELLO, stop: Array.from({ length: 17 }, () => "x") },
      "stop",
      "stop: Expected one of a string, an array of at most 16 strings, null.",
    ],
    [
      { model: "auto", messages: HELLO, tool_choice: "any" },
      "tool_choice",
      "tool_choice: Expected one of auto, none, required, an object that names a function, null.",
    ],
    [
      { model: "auto", messages: HELLO, response_format: { type: "json_schema" } },
      "response_format.json_schema",
      "response_format.json_schema must be given for a format of the type json_schema.",
    ],
    [
      { model: "auto", messages: HELLO, tools: [{ type: "function" }] },
      "tools[0].function",
      "tools[0].function must be given for a tool of the type function.",
    ],
    [
      { model: "auto", messages: HELLO, tool_choice: { type: "function" } },
      "tool_choice.function",
      "tool_choice.function must be given for a choice of the type function.",
    ],
    [
      { model: "auto", messages: [{ role: "user" }] },
      "messages[0].content",
      "messages[0].content must be given on a message of the role user.",
    ],
    [
      { model: "auto", messages: [asked({ id: "1", type: "function" })] },
      "messages[0].tool_calls[0].function",
      "messages[0].tool_calls[0].function must be given for a call of the type function.",
    ],
    [
      { model: "auto", messages: [user({ type: "text" })] },
      "messages[0].content[0].text",
      "messages[0].content[0].text must be given in a part of the type text.",
    ],
    [
      { model: "auto", messages: [user({ type: "image_url" })] },
      "messages[0].content[0].image_url",
      "messages[0].content[0].image_url must be given in a part of the type image_url.",
    ],
    [
      { model: "auto", messages: [{ role: "assistant", content: [{ type: "refusal" }] }] },
      "messages[0].content[0].refusal",
      "messages[0].content[0].refusal must be given in a part of the type refusal.",
    ],
    ...["data:image/png;base64,%%%%", "data:image/png;base64,", "data:image/png;base64,AAA"].map(
      (url): [unknown, string, string] => [
        { model: "auto", messages: [user({ type: "image_url", image_url: { url } })] },
        "messages[0].content[0].image_url.url",
        "messages[0].content[0].image_url.url: Expected the data of a data URL to be base64.",
      ],
    ),
  ])("%#", async (body, field, message) => {
    expect(await refusalOf(toRequest(body))).toEqual({ code: "request.invalid_field", field, message });
  });
});

describe("recorded requests of the official SDK", () => {
  const scenarios = ["chat-success", "chat-stream", "chat-tool-call", "chat-json-schema", "chat-logprobs"];
  const folders: Folder[] = ["llama-server", "ollama-openai"];
  test.each(folders.flatMap((folder) => scenarios.map((scenario): [Folder, string] => [folder, scenario])))(
    "%s/%s is translated without a rest",
    async (folder, scenario) => {
      const { request } = await loadExchange(folder, scenario);
      const { body, untranslated } = await toRequest(request.body);
      expect<unknown>({ body, untranslated }).toEqual({ body: request.body, untranslated: [] });
    },
  );

  test.each([
    ["bad-request", "messages"],
    ["bad-request-parameter", "temperature"],
  ])("llama-server/%s is refused for %s", async (scenario, field) => {
    const { request } = await loadExchange("llama-server", scenario);
    expect(await refusalOf(toRequest(request.body))).toMatchObject({ code: "request.invalid_field", field });
  });
});

describe("a whole chat completion", () => {
  const context = async (fields: JsonObject = {}) => ({
    request: await withFields(fields),
    head: {
      requestId: REQUEST_ID,
      provider: "local" as const,
      model: "smollm2:135m",
      reasonCodes: [],
      attemptCount: null,
    },
    receivedAt: new Date(1_700_000_000_999),
    model: "smollm2:135m",
    elapsedMs: () => 1,
  });
  const answer: Answer = {
    content: "Paris.",
    thinking: "",
    toolCalls: [],
    logprobs: [],
    vectors: [],
    document: null,
    model: "smollm2:135m",
    finishReason: "stop",
    usage: { promptTokens: 22, completionTokens: 3 },
  };
  const completion = {
    id: `chatcmpl-${REQUEST_ID}`,
    object: "chat.completion",
    created: 1_700_000_000,
    model: "smollm2:135m",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Paris.", refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: { prompt_tokens: 22, completion_tokens: 3, total_tokens: 25 },
  };

  test("has every field of the protocol", async () => {
    expect(openaiChat.toAnswer(answer, await context())).toEqual(completion);
  });

  test("carries thinking, tool calls and log probabilities", async () => {
    const logprobs = [{ token: "P", logprob: -0.5, bytes: [80] }];
    const given: Answer = {
      ...answer,
      content: "",
      thinking: "Hm.",
      toolCalls: [
        { id: "call_1", name: "look_up", arguments: '{"city":"Oslo"}' },
        { id: "call_2", name: "stop", arguments: "{}" },
      ],
      logprobs,
      finishReason: "tool_calls",
    };
    expect(openaiChat.toAnswer(given, await context())).toEqual({
      ...completion,
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: null,
            refusal: null,
            reasoning_content: "Hm.",
            tool_calls: [
              { id: "call_1", type: "function", function: { name: "look_up", arguments: '{"city":"Oslo"}' } },
              { id: "call_2", type: "function", function: { name: "stop", arguments: "{}" } },
            ],
          },
          logprobs: { content: [{ token: "P", logprob: -0.5, bytes: [80], top_logprobs: [] }], refusal: null },
          finish_reason: "tool_calls",
        },
      ],
    });
  });

  test("makes no usage up, and says stop where the provider gave no reason", async () => {
    const { usage: _, ...without } = completion;
    for (const usage of [NO_USAGE, { promptTokens: 1, completionTokens: null }]) {
      expect(openaiChat.toAnswer({ ...answer, usage, finishReason: null }, await context())).toEqual(without);
    }
  });

  test("is the provider's own where that speaks the protocol", async () => {
    const { response } = await loadExchange("llama-server", "chat-success");
    const document: JsonObject = JSON.parse(response.chunks.map((chunk) => chunk.text).join(""));
    expect(openaiChat.toAnswer({ ...answer, document }, await context())).toBe(document);
  });
});
