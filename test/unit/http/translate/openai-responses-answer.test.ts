import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Chunk, type ContentChunk, type EndChunk, NO_USAGE } from "../../../../src/core/chat.ts";
import type { JsonObject } from "../../../../src/core/json.ts";
import { collect } from "../../../../src/gateway/collect.ts";
import type { AnswerContext, StreamEncoder } from "../../../../src/http/surface.ts";
import { openaiResponses } from "../../../../src/http/translate/openai-responses.ts";

const REQUEST_ID = "019a0000-0000-7000-8000-000000000000";
const END: EndChunk = {
  kind: "end",
  model: "smollm2:135m",
  finishReason: "stop",
  usage: { promptTokens: 7, completionTokens: 5 },
};

function contextOf(body: JsonObject = {}): AnswerContext {
  return {
    request: openaiResponses.toRequest({ model: "auto", input: "hello", ...body }),
    head: { requestId: REQUEST_ID, provider: "local", model: "smollm2", reasonCodes: ["default"], attemptCount: null },
    receivedAt: new Date(1_700_000_000_900),
    model: "smollm2",
    elapsedMs: () => 1_200,
  };
}

async function* yielded(chunks: readonly Chunk[]) {
  yield* chunks;
}

async function answered(chunks: readonly ContentChunk[], end = END, context = contextOf()) {
  const collected = await collect(yielded([...chunks, end]));
  if ("failure" in collected) throw new Error("a failure");
  return openaiResponses.toAnswer(collected.answer, context);
}

function encoder(context = contextOf()): StreamEncoder {
  const stream = openaiResponses.toStream?.(context);
  if (stream === undefined) throw new Error("no streams");
  return stream;
}

type Event = { readonly type: string; readonly sequence_number: number } & JsonObject;

/** Events as a client reads them; each must say its type twice. */
function eventsOf(text: string): Event[] {
  return text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) => {
      const [, type, data] = /^event: (\S+)\ndata: (.+)$/.exec(block) ?? [];
      const event: Event = JSON.parse(data ?? "");
      expect(event.type).toBe(type ?? "");
      return event;
    });
}

function streamed(chunks: readonly ContentChunk[], end = END): Event[] {
  const stream = encoder();
  return eventsOf([stream.open(), ...chunks.map((chunk) => stream.chunk(chunk)), stream.end(end)].join(""));
}

const text = (value: string): ContentChunk => ({ kind: "text", text: value });
const thinking = (value: string): ContentChunk => ({ kind: "thinking", text: value });
const begin = (index: number): ContentChunk => ({ kind: "tool_call", index, id: `call_${index}`, name: "f" });
const args = (index: number, value: string): ContentChunk => ({ kind: "tool_arguments", index, text: value });

const RESPONSE = {
  id: `resp_${REQUEST_ID}`,
  object: "response",
  created_at: 1_700_000_000,
  status: "completed",
  completed_at: 1_700_000_002,
  background: false,
  error: null,
  incomplete_details: null,
  model: "smollm2:135m",
  usage: {
    input_tokens: 7,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 12,
  },
  store: false,
  previous_response_id: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  temperature: null,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: null,
  truncation: "disabled",
  user: null,
};
const STARTED = {
  ...RESPONSE,
  status: "in_progress",
  completed_at: null,
  model: "smollm2",
  usage: null,
  output: [],
};
const message = (index: number, value: string, status = "completed") => ({
  id: `msg_${REQUEST_ID}_${index}`,
  type: "message",
  status,
  role: "assistant",
  content: [{ type: "output_text", text: value, annotations: [], logprobs: [] }],
});
const reasoning = (index: number, value: string) => ({
  id: `rs_${REQUEST_ID}_${index}`,
  type: "reasoning",
  summary: [{ type: "summary_text", text: value }],
});
const call = (index: number, id: string, value: string, status = "completed") => ({
  id: `fc_${REQUEST_ID}_${index}`,
  type: "function_call",
  status,
  call_id: id,
  name: "f",
  arguments: value,
});

describe("a whole Response", () => {
  test("holds a text", async () => {
    expect(await answered([text("Hello"), text(" there")])).toEqual({
      ...RESPONSE,
      output: [message(0, "Hello there")],
    });
  });

  test("holds thoughts, text and calls as items in this order", async () => {
    const chunks = [thinking("Hm."), text("Let me see."), begin(0), args(0, '{"a":1}'), begin(1), args(1, "{}")];
    expect(await answered(chunks, { ...END, finishReason: "tool_calls" })).toEqual({
      ...RESPONSE,
      output: [reasoning(0, "Hm."), message(1, "Let me see."), call(2, "call_0", '{"a":1}'), call(3, "call_1", "{}")],
    });
  });

  test("has no message where there are calls alone", async () => {
    expect(await answered([begin(0), args(0, "{}")])).toEqual({ ...RESPONSE, output: [call(0, "call_0", "{}")] });
  });

  test("has an empty message where there is nothing", async () => {
    expect(await answered([])).toEqual({ ...RESPONSE, output: [message(0, "")] });
  });

  test.each([
    ["length", "max_output_tokens"],
    ["content_filter", "content_filter"],
  ])("is incomplete with its last item at %s", async (finishReason, reason) => {
    const incomplete = { ...RESPONSE, status: "incomplete", completed_at: null, incomplete_details: { reason } };
    const end = { ...END, finishReason };
    expect(await answered([thinking("Hm."), text("Hel")], end)).toEqual({
      ...incomplete,
      output: [reasoning(0, "Hm."), message(1, "Hel", "incomplete")],
    });
    expect(await answered([text("Hello"), begin(0), args(0, "{}"), begin(1), args(1, '{"a')], end)).toEqual({
      ...incomplete,
      output: [message(0, "Hello"), call(1, "call_0", "{}"), call(2, "call_1", '{"a', "incomplete")],
    });
  });

  test("has log probabilities with both lists, whatever the provider left out", async () => {
    const logprobs = [
      { token: "Hi", logprob: -0.1 },
      { token: "!", logprob: -0.2, bytes: [33], top_logprobs: [{ token: "!", logprob: -0.2, bytes: [33] }] },
    ];
    const { output } = await answered([{ kind: "text", text: "Hi!", logprobs }]);
    const part = { type: "output_text", text: "Hi!", annotations: [] };
    expect<unknown>(output).toEqual([
      {
        ...message(0, ""),
        content: [{ ...part, logprobs: [{ ...logprobs[0], bytes: [], top_logprobs: [] }, logprobs[1]] }],
      },
    ]);
  });

  test("has no usage where the provider reported none", async () => {
    expect(await answered([text("Hi")], { ...END, usage: NO_USAGE })).toEqual({
      ...RESPONSE,
      usage: null,
      output: [message(0, "Hi")],
    });
  });

  test("repeats what was asked for", async () => {
    const asked = {
      instructions: "Be brief.",
      max_output_tokens: 9,
      metadata: { team: "a" },
      prompt_cache_key: "k",
      safety_identifier: "s",
      temperature: 0.5,
      tool_choice: "required",
      tools: [{ type: "function", name: "f", parameters: {} }],
      top_logprobs: 2,
      top_p: 0.9,
      user: "u",
    };
    const context = contextOf({ ...asked, text: { format: null }, reasoning: { effort: "low", summary: null } });
    expect(await answered([text("Hi")], END, context)).toEqual({
      ...RESPONSE,
      ...asked,
      reasoning: { effort: "low", summary: null },
      output: [message(0, "Hi")],
    });
  });
});

describe("a streamed Response", () => {
  const place = (prefix: string, index: number) => ({
    item_id: `${prefix}_${REQUEST_ID}_${index}`,
    output_index: index,
  });

  test("is told by numbered events from created to completed", () => {
    const events = streamed([
      thinking("H"),
      thinking("m."),
      text("Hello"),
      begin(0),
      args(0, '{"a"'),
      begin(1),
      args(1, "{}"),
      args(0, ":1}"),
    ]);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    const part = { type: "output_text", text: "Hello", annotations: [], logprobs: [] };
    const inMessage = { ...place("msg", 1), content_index: 0 };
    const inReasoning = { ...place("rs", 0), summary_index: 0 };
    const output = [reasoning(0, "Hm."), message(1, "Hello"), call(2, "call_0", '{"a":1}'), call(3, "call_1", "{}")];
    const expected: readonly (readonly [string, object])[] = [
      ["response.created", { response: STARTED }],
      ["response.in_progress", { response: STARTED }],
      ["response.output_item.added", { output_index: 0, item: { ...reasoning(0, ""), summary: [] } }],
      ["response.reasoning_summary_part.added", { ...inReasoning, part: { type: "summary_text", text: "" } }],
      ["response.reasoning_summary_text.delta", { ...inReasoning, delta: "H" }],
      ["response.reasoning_summary_text.delta", { ...inReasoning, delta: "m." }],
      ["response.reasoning_summary_text.done", { ...inReasoning, text: "Hm." }],
      ["response.reasoning_summary_part.done", { ...inReasoning, part: { type: "summary_text", text: "Hm." } }],
      ["response.output_item.done", { output_index: 0, item: output[0] }],
      ["response.output_item.added", { output_index: 1, item: { ...message(1, "", "in_progress"), content: [] } }],
      ["response.content_part.added", { ...inMessage, part: { ...part, text: "" } }],
      ["response.output_text.delta", { ...inMessage, delta: "Hello", logprobs: [] }],
      ["response.output_text.done", { ...inMessage, text: "Hello", logprobs: [] }],
      ["response.content_part.done", { ...inMessage, part }],
      ["response.output_item.done", { output_index: 1, item: output[1] }],
      ["response.output_item.added", { output_index: 2, item: call(2, "call_0", "", "in_progress") }],
      ["response.function_call_arguments.delta", { ...place("fc", 2), delta: '{"a"' }],
      ["response.output_item.added", { output_index: 3, item: call(3, "call_1", "", "in_progress") }],
      ["response.function_call_arguments.delta", { ...place("fc", 3), delta: "{}" }],
      ["response.function_call_arguments.delta", { ...place("fc", 2), delta: ":1}" }],
      ["response.function_call_arguments.done", { ...place("fc", 2), arguments: '{"a":1}' }],
      ["response.output_item.done", { output_index: 2, item: output[2] }],
      ["response.function_call_arguments.done", { ...place("fc", 3), arguments: "{}" }],
      ["response.output_item.done", { output_index: 3, item: output[3] }],
      ["response.completed", { response: { ...RESPONSE, output } }],
    ];
    expect<unknown>(events).toEqual(
      expected.map(([type, fields], index) => ({ type, sequence_number: index, ...fields })),
    );
  });

  test("writes each chunk at once, and nothing for an empty one", () => {
    const stream = encoder();
    stream.open();
    expect(stream.chunk(text(""))).toBe("");
    expect(stream.chunk(thinking(""))).toBe("");
    expect(eventsOf(String(stream.chunk(text("H")))).at(-1)).toMatchObject({ delta: "H" });
  });

  test("has an empty message where there is nothing", () => {
    expect(streamed([]).at(-1)).toMatchObject({ response: { ...RESPONSE, output: [message(0, "")] } });
  });

  test("has text and thoughts that come in turns as items in turns", () => {
    const response = streamed([text("A"), thinking("B"), text("C"), begin(0), text("D")]).at(-1)?.["response"];
    expect<unknown>(response).toMatchObject({
      output: [message(0, "A"), reasoning(1, "B"), message(2, "C"), call(3, "call_0", ""), message(4, "D")],
    });
  });

  test("that is cut by the model ends as incomplete", () => {
    const events = streamed([begin(0), text("Hel")], { ...END, finishReason: "length" });
    expect(events.at(-1)).toMatchObject({
      type: "response.incomplete",
      response: {
        status: "incomplete",
        incomplete_details: { reason: "max_output_tokens" },
        output: [call(0, "call_0", ""), message(1, "Hel", "incomplete")],
      },
    });
  });

  test("that fails ends with an error, then as failed, and never as complete", () => {
    const stream = encoder();
    stream.open();
    stream.chunk(text("Hel"));
    const failure = { code: "provider.timeout", message: "Silence.", field: null, retryAfterMs: null } as const;
    const error = { code: "provider.timeout", message: "Silence.", param: null, type: "timeout_error" };
    const { code, message: says, param } = error;
    expect(eventsOf(stream.failure(failure))).toEqual([
      { type: "error", sequence_number: 5, code, message: says, param, error },
      {
        type: "response.failed",
        sequence_number: 6,
        response: { ...STARTED, status: "failed", error },
      },
    ]);
  });

  test("takes no chunks of other surfaces", () => {
    expect(() => encoder().chunk({ kind: "raw", bytes: new Uint8Array() })).toThrow("raw");
    expect(() => encoder().chunk(args(3, "{}"))).toThrow("never began");
  });
});

const pieces = (make: (value: string) => ContentChunk) => fc.array(fc.string().map(make), { maxLength: 4 });
/** Calls with their pieces in any order that the contract allows: each begins before its own, in order of index. */
const calls = fc.array(fc.array(fc.string(), { maxLength: 3 }), { maxLength: 3 }).chain((all) =>
  fc.constantFrom(
    all.flatMap((parts, index) => [begin(index), ...parts.map((part) => args(index, part))]),
    [...all.map((_, index) => begin(index)), ...all.flatMap((parts, i) => parts.map((part) => args(i, part)))],
    [...all.map((_, i) => begin(i)), ...all.flatMap((parts, i) => parts.map((part) => args(i, part))).toReversed()],
  ),
);
const finishReasons = fc.constantFrom("stop", "tool_calls", "length", "content_filter", null);

describe("whole and streamed Responses", () => {
  test("are equal: thoughts, then text, then calls", async () => {
    await fc.assert(
      fc.asyncProperty(
        pieces(thinking),
        pieces(text),
        calls,
        finishReasons,
        async (thoughts, texts, made, finishReason) => {
          const chunks = [...thoughts, ...texts, ...made];
          const end = { ...END, finishReason };
          expect<unknown>(streamed(chunks, end).at(-1)?.["response"]).toEqual(await answered(chunks, end));
        },
      ),
    );
  });

  const anyChunks = fc
    .array(fc.oneof(fc.string().map(text), fc.string().map(thinking), fc.constant("call" as const)))
    .map((kinds) => {
      let index = 0;
      return kinds.flatMap((kind) => (kind === "call" ? [begin(index), args(index++, "{}")] : [kind]));
    });

  test("say the same in any order of chunks, and each item stands where its events put it", async () => {
    await fc.assert(
      fc.asyncProperty(anyChunks, async (chunks) => {
        const events = streamed(chunks);
        const { output = [], ...rest } = Object(events.at(-1)?.["response"]);
        const whole = await answered(chunks);
        expect({ ...rest, output: contentsOf(output) }).toEqual({
          ...whole,
          output: contentsOf(Object(whole["output"])),
        });
        const done = events.filter((event) => event.type === "response.output_item.done");
        expect(done).toHaveLength(output.length);
        for (const event of done) expect(event["item"]).toEqual(output[Number(event["output_index"])]);
      }),
    );
  });
});

type Item = { readonly type: string; readonly call_id?: string; readonly content?: never; readonly summary?: never };

/** What the items of an output hold, whatever number of them it is spread over. */
function contentsOf(output: readonly Item[]) {
  const textsIn = (parts: readonly { readonly text: string }[]) => parts.map((part) => part.text).join("");
  return {
    text: output.map(({ content = [] }) => textsIn(content)).join(""),
    thinking: output.map(({ summary = [] }) => textsIn(summary)).join(""),
    calls: output.flatMap((item) => item.call_id ?? []),
  };
}
