import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { type ChatMessage, NO_SAMPLING } from "../../../../src/core/chat.ts";
import type { JsonObject, JsonValue } from "../../../../src/core/json.ts";
import { Refusal } from "../../../../src/http/problem.ts";
import { openaiResponses } from "../../../../src/http/translate/openai-responses.ts";
import { bodyReader } from "../../../../src/http/validation.ts";

const REQUEST_ID = "019a0000-0000-7000-8000-000000000000";
const PNG = "iVBORw0KGgo=";

const read = bodyReader(openaiResponses.body, { maxBytes: 1_000_000 });

async function toRequest(body: JsonObject) {
  const request = new Request("http://mesh/v1/responses", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return openaiResponses.toRequest(await read({ request }));
}

async function refusalOf(body: JsonObject) {
  const thrown: unknown = await toRequest(body).then(
    () => null,
    (error: unknown) => error,
  );
  return thrown instanceof Refusal ? { code: thrown.code, field: thrown.field } : thrown;
}

const withFields = (fields: JsonObject): JsonObject => ({ model: "auto", input: "hello", ...fields });
const withItems = (...items: readonly JsonObject[]): JsonObject => ({ model: "auto", input: items });
const userPart = (part: JsonObject) => withItems({ role: "user", content: [part] });

async function messagesOf(...items: readonly JsonObject[]): Promise<readonly ChatMessage[]> {
  const { task } = await toRequest(withItems(...items));
  if (task.kind !== "chat") throw new Error("not a chat");
  return task.messages;
}

const call = (id: string, fields: JsonObject = {}) => ({
  type: "function_call",
  call_id: id,
  name: "get_weather",
  arguments: '{"city":"Oslo"}',
  ...fields,
});
const output = (id: string, fields: JsonObject = {}) => ({
  type: "function_call_output",
  call_id: id,
  output: "cold",
  ...fields,
});
const reasoning = (fields: JsonObject = {}) => ({
  type: "reasoning",
  id: `rs_${REQUEST_ID}_0`,
  summary: [{ type: "summary_text", text: "Hm." }],
  ...fields,
});
const said = (text: string) => ({
  type: "message",
  id: `msg_${REQUEST_ID}_1`,
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [], logprobs: [] }],
});
const toolCall = (id: string) => ({ id, name: "get_weather", arguments: '{"city":"Oslo"}' });
const toolResult = (id: string): ChatMessage => ({
  role: "tool",
  content: "cold",
  toolCallId: id,
  toolName: "get_weather",
});
const says = (text: string) => [{ kind: "text" as const, text }];

describe("a responses request", () => {
  test("that is a text is a user's message", async () => {
    const body = { model: "auto", input: "hello" };
    expect(await toRequest(body)).toEqual({
      surface: "openai_responses",
      body,
      task: {
        kind: "chat",
        messages: [{ role: "user", content: "hello" }],
        tools: [],
        toolChoice: null,
        parallelToolCalls: null,
        format: null,
        sampling: NO_SAMPLING,
        thinking: null,
      },
      wish: null,
      streamed: false,
      untranslated: [],
    });
  });

  test("is carried whole by the task", async () => {
    const schema = { type: "object", properties: { city: { type: "string" } } };
    const body = {
      model: "openai/gpt-4o",
      stream: true,
      instructions: "Be brief.",
      input: [
        { role: "developer", content: "No jokes." },
        { type: "message", role: "system", content: "Be kind." },
        {
          role: "user",
          content: [
            { type: "input_text", text: "What is this?", prompt_cache_breakpoint: { mode: "explicit" } },
            { type: "input_image", image_url: `data:image/PNG;base64,${PNG}`, detail: "high" },
          ],
        },
        { role: "assistant", content: [{ type: "refusal", refusal: "I cannot." }] },
      ],
      tools: [
        { type: "function", name: "get_weather", description: "Weather", parameters: schema, strict: true },
        { type: "function", name: "now", parameters: null },
      ],
      tool_choice: { type: "function", name: "now" },
      parallel_tool_calls: true,
      text: { format: { type: "json_schema", name: "place", schema, strict: false }, verbosity: "medium" },
      reasoning: { effort: "low", summary: "auto" },
      include: ["message.output_text.logprobs", "reasoning.encrypted_content"],
      max_output_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      top_logprobs: 2,
    };
    expect(await toRequest(body)).toEqual({
      surface: "openai_responses",
      body,
      task: {
        kind: "chat",
        messages: [
          { role: "system", content: "Be brief." },
          { role: "system", content: "No jokes." },
          { role: "system", content: "Be kind." },
          {
            role: "user",
            content: [
              { kind: "text", text: "What is this?" },
              { kind: "image", mediaType: "image/png", base64: PNG },
            ],
          },
          { role: "assistant", content: says("I cannot.") },
        ],
        tools: [
          { name: "get_weather", description: "Weather", parameters: schema, strict: true },
          { name: "now", description: null, parameters: null, strict: null },
        ],
        toolChoice: { name: "now" },
        parallelToolCalls: true,
        format: { kind: "json_schema", name: "place", schema, strict: false },
        sampling: {
          ...NO_SAMPLING,
          maxTokens: 9,
          temperature: 0.5,
          topP: 0.9,
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

  test("may leave out the model, which leaves the choice to policy", async () => {
    expect((await toRequest({ input: "hello" })).wish).toBeNull();
  });

  test.each<[string, JsonObject]>([
    ["plain text", { format: { type: "text" } }],
    ["no format", { format: null }],
  ])("asks for no format with %s", async (_, text) => {
    expect((await toRequest(withFields({ text }))).task).toMatchObject({ format: null });
  });

  test("may ask for any JSON", async () => {
    const { task } = await toRequest(withFields({ text: { format: { type: "json_object" } } }));
    expect(task).toMatchObject({ format: { kind: "json" } });
  });

  test.each(["auto", "none", "required"])("may choose tools by %s", async (choice) => {
    expect((await toRequest(withFields({ tool_choice: choice }))).task).toMatchObject({ toolChoice: choice });
  });

  test("that names likely tokens wants log probabilities, none of them does not", async () => {
    const wanted = await toRequest(withFields({ top_logprobs: 3 }));
    expect(wanted.task).toMatchObject({ sampling: { logprobs: true, topLogprobs: 3 } });
    const unwanted = await toRequest(withFields({ top_logprobs: 0 }));
    expect(unwanted.task).toMatchObject({ sampling: { logprobs: null, topLogprobs: null } });
  });

  test("may hold book-keeping, defaults and nulls", async () => {
    const body = withFields({
      ...{ metadata: { team: "a" }, client_metadata: { client: "codex" }, user: "u", safety_identifier: "s" },
      ...{
        prompt_cache_key: "k",
        prompt_cache_retention: "24h",
        prompt_cache_options: { mode: "implicit", ttl: "30m" },
      },
      ...{ service_tier: "auto", truncation: "disabled", stream_options: { include_obfuscation: false } },
      ...{ store: false, background: false, max_tool_calls: 3, include: [], tools: [] },
      ...{ previous_response_id: null, conversation: null, prompt: null, text: null, reasoning: null, unknown: null },
    });
    expect(await toRequest(body)).toEqual({ ...(await toRequest({ model: "auto", input: "hello" })), body });
  });

  test.each([true, false])("says whether tools may be called in parallel: %p", async (parallel_tool_calls) => {
    const { task } = await toRequest(withFields({ parallel_tool_calls }));
    expect(task).toMatchObject({ parallelToolCalls: parallel_tool_calls });
  });
});

describe("the items of a responses request", () => {
  test("of one turn of the assistant are one message, each result follows it", async () => {
    const items = [reasoning(), said("Let me see."), call("a"), call("b"), output("a"), output("b")];
    expect(await messagesOf(...items)).toEqual([
      { role: "assistant", content: says("Let me see."), thinking: "Hm.", toolCalls: [toolCall("a"), toolCall("b")] },
      toolResult("a"),
      toolResult("b"),
    ]);
  });

  test("may come as call and result in turns", async () => {
    expect(await messagesOf(call("a"), output("a"), call("b"), output("b"))).toEqual([
      { role: "assistant", content: "", toolCalls: [toolCall("a")] },
      toolResult("a"),
      { role: "assistant", content: "", toolCalls: [toolCall("b")] },
      toolResult("b"),
    ]);
  });

  test("that come between a call and its result belong to the message that calls", async () => {
    expect(await messagesOf(said("First."), call("a"), said("Then."), reasoning(), output("a"))).toEqual([
      {
        role: "assistant",
        content: [...says("First."), ...says("Then.")],
        thinking: "Hm.",
        toolCalls: [toolCall("a")],
      },
      toolResult("a"),
    ]);
  });

  test("keep thoughts with the text that they led to", async () => {
    const thought = reasoning({ summary: ["One.", "Two."].map((text) => ({ type: "summary_text", text })) });
    expect(await messagesOf(thought, said("First."), reasoning(), said("Second."))).toEqual([
      { role: "assistant", content: says("First."), thinking: "One.\nTwo." },
      { role: "assistant", content: says("Second."), thinking: "Hm." },
    ]);
  });

  test("may be what the SDK's parser made of an answer", async () => {
    const parsed = { ...said("{}"), content: [{ type: "output_text", text: "{}", annotations: [], parsed: {} }] };
    expect(await messagesOf(parsed, call("a", { id: "fc_1", status: "completed", parsed_arguments: {} }))).toEqual([
      { role: "assistant", content: says("{}"), toolCalls: [toolCall("a")] },
    ]);
  });

  test("may be reasoning without an id, as Codex keeps it", async () => {
    const { id: _, ...kept } = reasoning({ encrypted_content: null });
    expect(await messagesOf(kept, call("a"))).toEqual([
      { role: "assistant", content: "", thinking: "Hm.", toolCalls: [toolCall("a")] },
    ]);
  });

  test("may hold results in parts", async () => {
    const result = output("a", { name: "get_weather", output: [{ type: "input_text", text: "cold" }] });
    expect(await messagesOf(call("a"), result)).toEqual([
      { role: "assistant", content: "", toolCalls: [toolCall("a")] },
      { ...toolResult("a"), content: says("cold") },
    ]);
  });
});

const tool = (fields: JsonObject) =>
  withFields({ tools: [{ type: "function", name: "f", parameters: {}, ...fields }] });

describe("a responses request is refused by the field", () => {
  test.each<[string, JsonObject]>([
    ["previous_response_id", withFields({ previous_response_id: "resp_1" })],
    ["conversation", withFields({ conversation: "conv_1" })],
    ["conversation", withFields({ conversation: { id: "conv_1" } })],
    ["background", withFields({ background: true })],
    ["store", withFields({ store: true })],
    ["input[1]", withItems({ role: "user", content: "hi" }, { type: "item_reference", id: "msg_1" })],
  ])("%s, which needs something stored", async (field, body) => {
    expect(await refusalOf(body)).toEqual({ code: "request.stored_responses_unsupported", field });
  });

  const untranslatable: readonly [string, JsonObject][] = [
    ["seed", withFields({ seed: 1 })],
    ["body", withFields({ "no field's name": 1 })],
    ["prompt", withFields({ prompt: { id: "pmpt_1" } })],
    ["context_management", withFields({ context_management: [] })],
    ["moderation", withFields({ moderation: { model: "m" } })],
    ["truncation", withFields({ truncation: "auto" })],
    ["service_tier", withFields({ service_tier: "priority" })],
    ["prompt_cache_options.prewarm", withFields({ prompt_cache_options: { prewarm: true } })],
    ["include[1]", withFields({ include: ["reasoning.encrypted_content", "file_search_call.results"] })],
    ["text.verbosity", withFields({ text: { verbosity: "low" } })],
    ["text.format.type", withFields({ text: { format: { type: "grammar" } } })],
    ["text.format.description", withFields({ text: { format: { type: "json_object", description: "d" } } })],
    ["reasoning.effort", withFields({ reasoning: { effort: "xhigh" } })],
    ["reasoning.summary", withFields({ reasoning: { summary: "concise" } })],
    ["reasoning.generate_summary", withFields({ reasoning: { generate_summary: "concise" } })],
    ["reasoning.context", withFields({ reasoning: { context: "all_turns" } })],
    ["reasoning.mode", withFields({ reasoning: { mode: "pro" } })],
    ["tools[0].type", withFields({ tools: [{ type: "web_search" }] })],
    ["tools[0].defer_loading", tool({ defer_loading: true })],
    ["tools[0].output_schema", tool({ output_schema: {} })],
    ["tool_choice", withFields({ tool_choice: { type: "allowed_tools", mode: "auto", tools: [] } })],
    ["tool_choice.mode", withFields({ tool_choice: { type: "function", name: "f", mode: "auto" } })],
    ["input[0]", withItems({ type: "computer_call_output", call_id: "a" })],
    ["input[0].phase", withItems({ ...said("Hi."), phase: "commentary" })],
    ["input[0].namespace", withItems(call("a", { namespace: "n" }))],
    ["input[1].caller", withItems(call("a"), output("a", { caller: { type: "direct" } }))],
    ["input[0].id", withItems(reasoning({ id: "rs_68af4030baa48193b0b43b4c2a176a1a" }))],
    ["input[0].encrypted_content", withItems(reasoning({ encrypted_content: "gAAAA" }))],
    ["input[0].content", withItems(reasoning({ content: [{ type: "reasoning_text", text: "t" }] }))],
    ["input[0].content[0]", userPart({ type: "input_file", file_id: "file_1" })],
    ["input[0].content[0]", userPart({ text: "no type" })],
    ["input[0].content[0].annotations", userPart({ type: "output_text", text: "t", annotations: [{ type: "x" }] })],
    ["input[0].content[0].file_id", userPart({ type: "input_image", file_id: "file_1" })],
    ["input[0].content[0].image_url", userPart({ type: "input_image", image_url: "https://example.org/a.png" })],
    ["input[0].content[0].image_url", userPart({ type: "input_image", image_url: `data:text/html;base64,${PNG}` })],
    ["input[0].content[0].detail", userPart({ type: "input_image", image_url: "data:", detail: "low" })],
    ["input[0].content[0].extra", userPart({ type: "refusal", refusal: "r", extra: 1 })],
    [
      "input[1].output[0]",
      withItems(
        call("a"),
        output("a", { output: [{ type: "input_image", image_url: `data:image/png;base64,${PNG}` }] }),
      ),
    ],
  ];
  test.each(untranslatable)("%s, which no provider would get", async (field, body) => {
    expect(await refusalOf(body)).toEqual({ code: "request.untranslatable_field", field });
  });

  const invalid: readonly [string, JsonObject][] = [
    ["input", { model: "auto" }],
    ["input", withFields({ input: [] })],
    ["input", withFields({ input: 5 })],
    ["model", withFields({ model: "not a model" })],
    ["temperature", withFields({ temperature: "hot" })],
    ["metadata", withFields({ metadata: ["a"] })],
    ["input[0].role", withItems({ role: "critic", content: "c" })],
    ["input[0].content", withItems({ role: "user" })],
    ["input[0].content[0].text", userPart({ type: "input_text" })],
    ["input[0].content[0].refusal", userPart({ type: "refusal" })],
    ["input[0].content[0].image_url", userPart({ type: "input_image" })],
    ["input[0].content[0].image_url", userPart({ type: "input_image", image_url: "data:image/png;base64,?" })],
    ["input[0].arguments", withItems(call("a", { arguments: {} }))],
    ["input[1].output", withItems(call("a"), output("a", { output: 5 }))],
    ["input[1].call_id", withItems(call("a"), output("b"))],
    ["input[0].summary[0].type", withItems(reasoning({ summary: [{ type: "other", text: "t" }] }))],
    ["tools[0].name", withFields({ tools: [{ type: "function" }] })],
    ["tools[0].strict", tool({ strict: "yes" })],
    ["tool_choice.name", withFields({ tool_choice: { type: "function" } })],
    ["text.format.schema", withFields({ text: { format: { type: "json_schema", name: "n" } } })],
  ];
  test.each(invalid)("%s, which cannot mean anything", async (field, body) => {
    expect(await refusalOf(body)).toEqual({ code: "request.invalid_field", field });
  });

  test("and never in the words of the request", async () => {
    const secrets: readonly JsonValue[] = ["sk-secret", { "sk-secret": 1 }, ["sk-secret"]];
    const fields = ["input", "tools", "tool_choice", "text", "reasoning", "include", "conversation", "other"];
    const thrown = await Promise.all(
      fields.flatMap((field) =>
        secrets.map((secret) => toRequest(withFields({ [field]: secret })).then(String, (error: unknown) => error)),
      ),
    );
    const refusals = thrown.filter((error) => error instanceof Refusal);
    expect(refusals.length).toBeGreaterThan(fields.length);
    for (const { message, field } of refusals) expect(`${message} ${field}`).not.toContain("secret");
  });
});

test("the examples of the schema are requests", async () => {
  const examples: JsonObject[] = openaiResponses.body["examples"];
  expect(examples).not.toBeEmpty();
  for (const example of examples) {
    expect(Value.Check(openaiResponses.body, example)).toBe(true);
    expect(await refusalOf(example)).toBeNull();
  }
});
