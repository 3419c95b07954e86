import { afterAll, describe, expect, test } from "bun:test";
import OpenAI, { APIError } from "openai";
import type { ResponseInput, ResponseInputItem, ResponseStreamEvent } from "openai/resources/responses/responses";
import type { ChatRequest, Chunk, ContentChunk, EndChunk } from "../../../../src/core/chat.ts";
import { collect } from "../../../../src/gateway/collect.ts";
import type { AnswerContext } from "../../../../src/http/surface.ts";
import { openaiResponses } from "../../../../src/http/translate/openai-responses.ts";
import { bodyReader } from "../../../../src/http/validation.ts";

const REQUEST_ID = "019a0000-0000-7000-8000-00000000000";
const FAILURE = { code: "provider.rate_limited", message: "Too many.", field: null, retryAfterMs: null } as const;

/** What the model answers to each request, in turn; a stream without `end` fails. */
let answers: Chunk[][] = [];
let requests: ChatRequest[] = [];

const read = bodyReader(openaiResponses.body, { maxBytes: 1_000_000 });
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: respond });
afterAll(() => server.stop(true));
const client = new OpenAI({ baseURL: `${server.url}v1`, apiKey: "unused", maxRetries: 0 });

async function respond(httpRequest: Request): Promise<Response> {
  const request = openaiResponses.toRequest(await read({ request: httpRequest }));
  const requestId = `${REQUEST_ID}${requests.push(request)}`;
  const context: AnswerContext = {
    request,
    head: { requestId, provider: "local", model: "smollm2", reasonCodes: ["default"], attemptCount: null },
    receivedAt: new Date(1_700_000_000_000),
    model: "smollm2",
    elapsedMs: () => 1_000,
  };
  const chunks = answers.shift() ?? [];
  if (request.streamed)
    return new Response(encoded(context, chunks), { headers: { "content-type": "text/event-stream" } });
  const collected = await collect(yielded(chunks));
  if ("failure" in collected) return Response.json({}, { status: 500 });
  return Response.json(openaiResponses.toAnswer(collected.answer, context));
}

function encoded(context: AnswerContext, chunks: readonly Chunk[]): string {
  const encoder = openaiResponses.toStream?.(context);
  if (encoder === undefined) throw new Error("no streams");
  const written = chunks.map((chunk) => {
    if (chunk.kind === "usage" || chunk.kind === "alive" || chunk.kind === "failure") return "";
    return chunk.kind === "end" ? encoder.end(chunk) : `${encoder.ping}${encoder.chunk(chunk)}`;
  });
  const ended = chunks.at(-1)?.kind === "end";
  return encoder.open() + written.join("") + (ended ? "" : encoder.failure(FAILURE));
}

async function* yielded(chunks: readonly Chunk[]) {
  yield* chunks;
}

function answering(...all: Chunk[][]): void {
  answers = all;
  requests = [];
}

const END: EndChunk = {
  kind: "end",
  model: "smollm2:135m",
  finishReason: "stop",
  usage: { promptTokens: 7, completionTokens: 5 },
};
const text = (value: string): ContentChunk => ({ kind: "text", text: value });
const calling = (index: number, city: string): ContentChunk[] => [
  { kind: "tool_call", index, id: `call_${index}`, name: "get_weather" },
  { kind: "tool_arguments", index, text: '{"city":' },
  { kind: "tool_arguments", index, text: `"${city}"}` },
];
const CALLS: Chunk[] = [
  { kind: "thinking", text: "Hm." },
  text("Let me see."),
  ...calling(0, "Oslo"),
  ...calling(1, "Łódź"),
  { ...END, finishReason: "tool_calls" },
];

const tools = [
  {
    type: "function" as const,
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } } },
    strict: false,
  },
];

describe("the openai SDK", () => {
  test("reads a whole answer", async () => {
    answering([text("Hello"), END]);
    const response = await client.responses.create({ model: "auto", input: "hi" });
    expect(response.output_text).toBe("Hello");
    expect(response.status).toBe("completed");
    expect(response.usage?.total_tokens).toBe(12);
  });

  test("reads the events of a stream, the last with what a whole answer is", async () => {
    answering(CALLS, CALLS);
    const input = { model: "auto", input: "hi" };
    const events: ResponseStreamEvent[] = [];
    for await (const event of await client.responses.create({ ...input, stream: true })) events.push(event);
    const last = events.at(-1);
    if (last?.type !== "response.completed") throw new Error("not completed");
    const { output_text: _, ...whole } = await client.responses.create(input);
    const renamed = JSON.stringify(last.response).replaceAll(`${REQUEST_ID}1`, `${REQUEST_ID}2`);
    expect(JSON.parse(renamed)).toEqual(whole);
  });

  test("puts a stream together as the Response that ends it", async () => {
    answering(CALLS);
    const stream = client.responses.stream({ model: "auto", input: "hi" });
    const deltas: string[] = [];
    stream.on("response.output_text.delta", (event) => deltas.push(event.snapshot));
    const response = await stream.finalResponse();
    expect(deltas).toEqual(["Let me see."]);
    expect(response.output.map((item) => item.type)).toEqual([
      "reasoning",
      "message",
      "function_call",
      "function_call",
    ]);
    expect(response.output_text).toBe("Let me see.");
    expect(response.status).toBe("completed");
  });

  test("takes items in turns and pieces of calls in turns", async () => {
    const [begin = text(""), ...rest] = calling(0, "Oslo");
    answering([text("A"), { kind: "thinking", text: "B" }, begin, ...calling(1, "Rome"), ...rest, text("C"), END]);
    const { output, output_text: outputText } = await client.responses
      .stream({ model: "auto", input: "hi" })
      .finalResponse();
    expect(outputText).toBe("AC");
    expect(output.flatMap((item) => (item.type === "function_call" ? item.arguments : []))).toEqual([
      '{"city":"Oslo"}',
      '{"city":"Rome"}',
    ]);
  });

  test("says that an answer is incomplete", async () => {
    answering([text("Hel"), { ...END, finishReason: "length" }]);
    const response = await client.responses.stream({ model: "auto", input: "hi" }).finalResponse();
    expect(response).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
  });

  test("throws when a stream fails", async () => {
    answering([text("Hel")], [text("Hel")]);
    const input = { model: "auto", input: "hi" };
    const stream = await client.responses.create({ ...input, stream: true });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of stream) seen.push(event.type);
    })();
    const thrown: unknown = await reading.then(
      () => null,
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(APIError);
    expect(thrown).toMatchObject({ code: "rate_limit_exceeded", type: "rate_limit_error", message: "Too many." });
    expect(seen).toContain("response.output_text.delta");
    await expect(client.responses.stream(input).finalResponse()).rejects.toThrow("Too many.");
  });

  test.each([false, true])(
    "goes on with the items of an answer and the results of its calls, streamed: %p",
    async (streamed) => {
      answering(CALLS, [text("Cold."), END]);
      const input: ResponseInput = [{ role: "user", content: "Weather?" }];
      const turn = () =>
        streamed
          ? client.responses.stream({ model: "auto", input, tools }).finalResponse()
          : client.responses.create({ model: "auto", input, tools });
      const { output } = await turn();
      const results = output.flatMap((item): ResponseInputItem[] =>
        item.type === "function_call"
          ? [{ type: "function_call_output", call_id: item.call_id, output: JSON.parse(item.arguments).city }]
          : [],
      );
      for (const item of output) {
        if (item.type === "reasoning" || item.type === "message" || item.type === "function_call") input.push(item);
      }
      input.push(...results);
      expect((await turn()).output_text).toBe("Cold.");
      const { task } = requests[1] ?? {};
      expect(task).toMatchObject({
        messages: [
          { role: "user", content: "Weather?" },
          {
            role: "assistant",
            content: [{ kind: "text", text: "Let me see." }],
            thinking: "Hm.",
            toolCalls: [
              { id: "call_0", name: "get_weather", arguments: '{"city":"Oslo"}' },
              { id: "call_1", name: "get_weather", arguments: '{"city":"Łódź"}' },
            ],
          },
          { role: "tool", content: "Oslo", toolCallId: "call_0", toolName: "get_weather" },
          { role: "tool", content: "Łódź", toolCallId: "call_1", toolName: "get_weather" },
        ],
      });
    },
  );
});
