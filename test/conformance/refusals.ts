import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { lastRow, ollamaOf, openaiOf, watched } from "./clients.ts";
import { CHAT, PIXEL, QUESTION } from "./facts.ts";
import { MODELS, type Side, sideOf, WAYS } from "./gateways.ts";
import { rejection } from "./harness.ts";

const messages = [{ role: "user" as const, content: QUESTION }];

const DENIED = {
  status: "denied",
  decision: "deny",
  provider: null,
  zone: null,
  model: null,
  reason_codes: ["default", "request.untranslatable_field"],
};

/** The SDK's own method for a call with fields that its types do not have. */
const chatWith = (side: Side, extra: object) =>
  openaiOf(side).post<unknown>("/chat/completions", { body: { model: side.model, messages, ...extra } });
const completionWith = (side: Side, extra: object) =>
  openaiOf(side).post<unknown>("/completions", { body: { model: side.model, prompt: QUESTION, ...extra } });

describe("a field that the target's protocol lacks", () => {
  test.each([
    ["n", { n: 2 }],
    ["logit_bias", { logit_bias: { "50256": -100 } }],
    ["parallel_tool_calls", { parallel_tool_calls: false, tools: [{ type: "function", function: { name: "f" } }] }],
    ["tool_choice", { tool_choice: "required", tools: [{ type: "function", function: { name: "f" } }] }],
    ["prediction", { prediction: { type: "content", content: "Paris" } }],
    ["audio", { audio: { voice: "alloy", format: "wav" } }],
    ["unheard_of", { unheard_of: 1 }],
    ["messages[0].content[1].type", { messages: [{ role: "user", content: partsWith("input_audio") }] }],
    ["messages[0].content[1].image_url.url", { messages: [{ role: "user", content: partsWith("image_url") }] }],
  ])("is refused by the name %s when an OpenAI chat goes to Ollama", async (param, extra) => {
    const side = sideOf("local");
    const before = side.upstream.posted().length;
    const error = await rejection(chatWith(side, extra));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, code: "request.untranslatable_field", type: "invalid_request_error" });
    expect(error).toMatchObject({ param });
    expect(watched.last().headers.get("x-should-retry")).toBe("false");
    expect(await lastRow(side)).toMatchObject({ ...DENIED, surface: "openai_chat" });
    expect(side.upstream.posted()).toHaveLength(before);
  });

  test.each([
    ["best_of", { best_of: 3 }],
    ["echo", { echo: true }],
    ["n", { n: 2 }],
  ])("is refused by the name %s when an OpenAI completion goes to Ollama", async (param, extra) => {
    const side = sideOf("local");
    const before = side.upstream.posted().length;
    const error = await rejection(completionWith(side, extra));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, code: "request.untranslatable_field", param });
    expect(await lastRow(side)).toMatchObject({ ...DENIED, surface: "openai_completions" });
    expect(side.upstream.posted()).toHaveLength(before);
  });

  test.each(["top_k", "min_p", "repeat_penalty", "mirostat"])(
    "is refused by the name options.%s when an Ollama chat goes to the cloud",
    async (option) => {
      const side = sideOf("cloud");
      const before = side.upstream.posted().length;
      const error = await rejection(ollamaOf(side).chat({ model: side.model, messages, options: { [option]: 2 } }));
      expect(error).toMatchObject({ name: "ResponseError", status_code: 400 });
      expect(error).toMatchObject({ error: expect.stringMatching(new RegExp(`^options\\.${option}: `)) });
      expect(await lastRow(side)).toMatchObject({ ...DENIED, surface: "ollama_chat" });
      expect(side.upstream.posted()).toHaveLength(before);
    },
  );

  test.each([
    ["raw", { raw: true }],
    ["suffix", { suffix: "the end" }],
    ["template", { template: "{{ .Prompt }}" }],
    ["context", { context: [1, 2, 3] }],
  ])("is refused by the name %s when an Ollama generate goes to the cloud", async (field, extra) => {
    const side = sideOf("cloud");
    const before = side.upstream.posted().length;
    const error = await rejection(ollamaOf(side).generate({ model: side.model, prompt: QUESTION, ...extra }));
    expect(error).toMatchObject({ name: "ResponseError", status_code: 400 });
    expect(error).toMatchObject({ error: expect.stringMatching(new RegExp(`^${field}: `)) });
    expect(await lastRow(side)).toMatchObject({ ...DENIED, surface: "ollama_generate" });
    expect(side.upstream.posted()).toHaveLength(before);
  });

  test("goes through where the target speaks the client's own protocol", async () => {
    await chatWith(sideOf("cloud"), { n: 1, logit_bias: { "50256": -100 }, unheard_of: { deep: [1] } });
    expect(sideOf("cloud").upstream.lastPosted().body).toEqual({
      model: MODELS.cloud,
      messages,
      n: 1,
      logit_bias: { "50256": -100 },
      unheard_of: { deep: [1] },
      stream: false,
    });
    const options = { top_k: 5, mirostat: 1 };
    await ollamaOf(sideOf("local")).chat({ model: MODELS.local, messages, options });
    expect<unknown>(sideOf("local").upstream.lastPosted().body).toEqual({
      model: MODELS.local,
      messages,
      options,
      stream: false,
    });
  });

  test("is satisfied by its default everywhere", async () => {
    await chatWith(sideOf("local"), {
      n: 1,
      logit_bias: {},
      logprobs: false,
      parallel_tool_calls: true,
      tool_choice: "auto",
      response_format: { type: "text" },
      modalities: ["text"],
      tools: [],
      store: false,
      service_tier: "auto",
      user: "somebody",
      stop: null,
    });
    expect<unknown>(sideOf("local").upstream.lastPosted().body["messages"]).toEqual(messages);
  });
});

describe.each([...WAYS])("policy, for clients whose requests go to the %s model", (way) => {
  test("refuses a model that Ollama would hand to a hosted service", async () => {
    const side = sideOf(way);
    const before = side.upstream.posted().length;
    for (const model of ["gpt-oss:120b-cloud", "smollm2-remote:135m"]) {
      const error = await rejection(openaiOf(side).chat.completions.create({ model, messages }));
      expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
      expect(error).toMatchObject({
        status: 403,
        code: "policy.cloud_model_refused",
        type: "permission_error",
        param: "model",
      });
      expect(watched.last().headers.get("x-should-retry")).toBe("false");
      const row = { status: "denied", decision: "deny", provider: null, zone: null, model: null };
      expect(await lastRow(side)).toMatchObject({ ...row, surface: "openai_chat" });
      expect(await rejection(ollamaOf(side).chat({ model, messages }))).toMatchObject({
        name: "ResponseError",
        status_code: 403,
      });
      expect(await lastRow(side)).toMatchObject({ ...row, surface: "ollama_chat" });
    }
    expect(side.upstream.posted()).toHaveLength(before);
  });

  test("keeps what is sensitive local, whatever model the client wishes for", async () => {
    const side = sideOf(way);
    const answer = await openaiOf(side).chat.completions.create({
      model: `openai/${MODELS.cloud}`,
      messages: [{ role: "user", content: "What is an IBAN?" }],
    });
    expect(answer.model).toBe(MODELS.local);
    expect(answer.choices[0]?.message.content).toBe(CHAT.local.text);
    expect(watched.last().headers.get("x-policy-mesh-reason-codes")).toBe("sensitive_keyword_match");
  });

  test("gives no vectors of another model than the one wished for", async () => {
    const side = sideOf(way);
    const error = await rejection(openaiOf(side).embeddings.create({ model: "no-such-model", input: "policy" }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ code: "policy.embedding_model_unavailable", param: "model" });
    expect(await lastRow(side)).toMatchObject({ status: "denied", surface: "openai_embeddings" });
  });
});

describe.each([...WAYS])("a request that cannot be meant, at the gateway of the %s model", (way) => {
  test("is refused as the SDK's class for it, naming the field", async () => {
    const client = openaiOf(sideOf(way));
    const cases = [
      ["/chat/completions", {}, "messages"],
      ["/chat/completions", { messages: "hello" }, "messages"],
      ["/chat/completions", { messages: [{ role: "wizard", content: "hello" }] }, "messages[0].role"],
      ["/chat/completions", { messages, temperature: "hot" }, "temperature"],
      ["/chat/completions", { messages, model: "not a model's name!" }, "model"],
      ["/embeddings", { model: MODELS[way] }, "input"],
    ] as const;
    for (const [path, body, param] of cases) {
      const error = await rejection(client.post(path, { body: { model: "auto", ...body } }));
      expect({ param, error }).toEqual({ param, error: expect.any(OpenAI.BadRequestError) });
      expect(error).toMatchObject({ type: "invalid_request_error", param, code: "request.invalid_field" });
    }
  });

  test("is refused on Ollama's routes in Ollama's shape", async () => {
    const response = await fetch(`${sideOf(way).url}/api/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "auto", messages: "hello" }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringContaining("messages") });
  });

  test("is not found in the shape of its protocol", async () => {
    const side = sideOf(way);
    const error = await rejection(openaiOf(side).files.list());
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ code: "request.not_found" });
    const unknown = await rejection(openaiOf(side).models.retrieve("no-such-model"));
    expect(unknown).toBeInstanceOf(OpenAI.NotFoundError);
    const response = await fetch(`${side.url}/api/no-such-call`, { method: "POST" });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });
});

function partsWith(kind: "input_audio" | "image_url"): object[] {
  const text = { type: "text", text: QUESTION };
  return kind === "input_audio"
    ? [text, { type: kind, input_audio: { data: PIXEL, format: "wav" } }]
    : [text, { type: kind, image_url: { url: "https://example.com/pixel.png" } }];
}
