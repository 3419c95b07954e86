import { describe, expect, test } from "bun:test";
import type { ChatRequest, Chunk } from "../../../src/core/chat.ts";
import { toCall } from "../../../src/providers/ollama/request.ts";
import { readStream as readRecords } from "../../../src/providers/ollama/stream.ts";
import { describeUpstream } from "../../../src/providers/ollama/upstream.ts";
import { RawStream } from "../../../src/providers/openai/raw-stream.ts";
import { readStream as readEvents } from "../../../src/providers/openai/stream.ts";
import { TranslatedStream } from "../../../src/providers/openai/translated-stream.ts";
import { BrokenAnswer } from "../../../src/providers/upstream-errors.ts";
import { asking, chatTask, ollamaAsking } from "../../support/ollama-requests.ts";
import {
  DONE,
  finish,
  openAiRequest,
  otherRequest,
  piece,
  UPSTREAM,
  usageEvent,
} from "../../support/openai-streams.ts";
import { AS_LOCAL } from "../../support/provider-options.ts";

/** A body that a test writes as it goes, and that sees its reader leave. */
function openBody() {
  let write = (_text: string) => {};
  let breakOff = () => {};
  let close = () => {};
  const left = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      write = (text) => controller.enqueue(Buffer.from(text));
      breakOff = () => controller.error(new BrokenAnswer());
      close = () => controller.close();
    },
    cancel: () => left.resolve(),
  });
  return { body, write, breakOff, close, left: left.promise };
}

type Read = (body: ReadableStream<Uint8Array>) => AsyncIterable<Chunk>;

function openAi(request: ChatRequest, contentType = "text/event-stream"): Read {
  const asked = { request, model: "m", upstream: UPSTREAM };
  return (body) => {
    const stream = request.surface === "openai_chat" ? new RawStream(asked) : new TranslatedStream(asked);
    return readEvents(new Response(body, { headers: { "content-type": contentType } }), stream, UPSTREAM);
  };
}

function ollama(request: ChatRequest): Read {
  const upstream = describeUpstream({ ...AS_LOCAL, baseUrl: "http://127.0.0.1:1" });
  const call = toCall(request, { model: "m", maxOutputTokens: null });
  return (body) => readRecords(body, { call, model: "m", upstream });
}

const record = (content: string, more: object = {}) =>
  `${JSON.stringify({ model: "m", message: { content }, done: false, ...more })}\n`;

type Case = { readonly read: Read; readonly said: string; readonly finish: string; readonly marker: string };
const EVENTS = { said: piece({ content: "a" }), finish: finish("stop"), marker: DONE };
const RECORDS = {
  said: record("a"),
  finish: record("", { done_reason: "stop" }),
  marker: record("", { done: true, prompt_eval_count: 3, eval_count: 5 }),
};
const CASES: readonly (readonly [string, Case])[] = [
  ["OpenAI's protocol", { read: openAi(openAiRequest({})), ...EVENTS }],
  ["OpenAI's protocol, translated", { read: openAi(otherRequest()), ...EVENTS }],
  ["Ollama's protocol", { read: ollama(ollamaAsking("ollama_chat", {}, true)), ...RECORDS }],
  ["Ollama's protocol, translated", { read: ollama(asking(chatTask("hi"), { streamed: true })), ...RECORDS }],
];

/** Nothing came in far longer than any grace: a lower bound that a test waits for. */
const silent = (chunk: Promise<unknown>) => Promise.race([chunk.then(() => false), Bun.sleep(1_300).then(() => true)]);

async function untilEnd(chunks: AsyncIterable<Chunk>): Promise<Chunk | undefined> {
  let last: Chunk | undefined;
  for await (const chunk of chunks) last = chunk;
  return last;
}

describe.concurrent.each(CASES)("a stream of %s", (_name, { read, said, finish: finished, marker }) => {
  test("that has said how it ended and falls silent is complete, and hung up on", async () => {
    const { body, write, left } = openBody();
    write(said + finished);
    expect(await untilEnd(read(body))).toMatchObject({ kind: "end", finishReason: "stop" });
    await left;
  });

  test("that has said how it ended and is closed or broken off is complete", async () => {
    for (const how of ["close", "breakOff"] as const) {
      const open = openBody();
      open.write(said);
      const chunks = read(open.body)[Symbol.asyncIterator]();
      expect((await chunks.next()).value).toMatchObject({ kind: expect.stringMatching(/^(raw|text)$/) });
      open.write(finished);
      const next = chunks.next();
      const later = (await next).value?.kind === "alive" ? chunks.next() : next;
      open[how]();
      expect((await later).value).toMatchObject({ kind: "end", finishReason: "stop" });
    }
  });

  test("that has not is not ended by us, however long it is silent", async () => {
    const { body, write } = openBody();
    write(said);
    const chunks = read(body)[Symbol.asyncIterator]();
    await chunks.next();
    const next = chunks.next();
    expect(await silent(next)).toBe(true);
    write(finished + marker);
    let last = (await next).value;
    while (last?.kind === "raw") last = (await chunks.next()).value;
    expect(last).toMatchObject({ kind: "end" });
  });

  test("that breaks off before it said how it ended says so", async () => {
    const { body, write, breakOff } = openBody();
    write(said);
    const chunks = read(body)[Symbol.asyncIterator]();
    await chunks.next();
    breakOff();
    expect(chunks.next()).rejects.toThrow(BrokenAnswer);
  });

  test("is waited for no longer however often it says that it is alive", async () => {
    const { body, write } = openBody();
    write(said + finished);
    const trickle = setInterval(() => write("\n"), 20);
    expect(await untilEnd(read(body))).toMatchObject({ kind: "end" });
    clearInterval(trickle);
  });

  test("that goes on after a word for its end is read on", async () => {
    const { body, write } = openBody();
    write(said + finished);
    const chunks = read(body);
    const later = (async () => {
      await Bun.sleep(100);
      write(said);
      await Bun.sleep(100);
      write(finished + marker);
    })();
    let count = 0;
    for await (const chunk of chunks) {
      if (chunk.kind === "text") count += 1;
      if (chunk.kind === "raw") count += Buffer.from(chunk.bytes).toString().split('"content":"a"').length - 1;
      if (chunk.kind === "end")
        count +=
          Buffer.from(chunk.tail ?? [])
            .toString()
            .split('"content":"a"').length - 1;
    }
    await later;
    expect(count).toBe(2);
  });
});

describe.concurrent.each(CASES.slice(0, 2))("a stream of %s that has said how it ended", (_name, { read }) => {
  const USAGE = { promptTokens: 3, completionTokens: 5 };

  test("is waited for as long as its usage may take", async () => {
    const { body, write } = openBody();
    write(piece({ content: "a" }) + finish("stop"));
    setTimeout(() => write(usageEvent), 500);
    expect(await untilEnd(read(body))).toMatchObject({ kind: "end", usage: USAGE });
  });

  test("has its usage where that came with it and nothing more does", async () => {
    const { body, write } = openBody();
    write(piece({ content: "a" }) + finish("stop") + usageEvent);
    expect(await untilEnd(read(body))).toMatchObject({ kind: "end", usage: USAGE });
  });
});

test("a line that Ollama's clients take for the last is made where the server sent none", async () => {
  const { body, write } = openBody();
  const last = record("", { done_reason: "stop", eval_count: 5, of_its_own: 1 });
  write(record("a") + last);
  const chunks = await Array.fromAsync(ollama(ollamaAsking("ollama_chat", {}, true))(body));
  const tail = Buffer.from(`${JSON.stringify({ ...JSON.parse(last), done: true })}\n`);
  expect(chunks).toMatchObject([{ kind: "raw" }, { kind: "end", finishReason: "stop" }]);
  const end = chunks[1];
  expect(end?.kind === "end" && Buffer.from(end.tail ?? []).toString()).toBe(tail.toString());
});

describe("an answer in place of a stream", () => {
  const readWhole = (contentType: string, text: string, request = openAiRequest({})) => {
    const { body, write, close } = openBody();
    write(text);
    close();
    return Array.fromAsync(openAi(request, contentType)(body));
  };
  const error = (fields: object) => JSON.stringify({ error: { message: "private words", ...fields } });

  test.each([
    ["application/json", error({ code: "rate_limit_exceeded" }), "rate_limited", true],
    ["application/json; charset=utf-8", error({ code: 503 }), "upstream_error", true],
    ["application/problem+json", JSON.stringify({ detail: "private words" }), "upstream_error", false],
    ["application/json", error({ code: "context_length_exceeded" }), "context_length", false],
    ["application/json", JSON.stringify({ choices: [{ message: {} }] }), "malformed_response", false],
    ["application/json", "private words", "malformed_response", false],
    ["application/json", "", "malformed_response", false],
    ["application/json", `{"error":${"[".repeat(60_000)}`, "malformed_response", false],
    ["application/json", `${" ".repeat(70_000)}${error({ code: 503 })}`, "malformed_response", false],
    ["text/html", error({ code: 503 }), "malformed_response", false],
    ["text/plain", "<html>private words", "malformed_response", false],
  ] as const)("of %s is read for what it says of an error, within bounds: %#", async (type, text, category, passes) => {
    for (const request of [openAiRequest({}), otherRequest()]) {
      const chunks = await readWhole(type, text, request);
      expect(chunks).toMatchObject([{ kind: "failure", failure: { category } }]);
      expect(JSON.stringify(chunks)).not.toContain("private");
      expect(chunks[0]?.kind === "failure" && (chunks[0].failure.transient ?? false)).toBe(passes);
    }
  });

  test("is let go of beyond what an error needs", async () => {
    const { body, write, left } = openBody();
    write(" ".repeat(100_000));
    const chunks = await Array.fromAsync(openAi(openAiRequest({}), "application/json")(body));
    expect(chunks).toMatchObject([{ failure: { category: "malformed_response" } }]);
    await left;
  });
});
