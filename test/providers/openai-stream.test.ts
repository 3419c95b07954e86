import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import type { ChatRequest } from "../../src/core/chat.ts";
import { createOpenAi } from "../../src/providers/openai.ts";
import { asText, DONE, finish, openAiRequest, otherRequest, piece } from "../support/openai-streams.ts";
import { AS_OPENAI } from "../support/provider-options.ts";
import { startStreamingUpstream } from "../support/streaming-upstream.ts";
import { target } from "../support/target.ts";

/** An upstream whose stream a test writes as it goes, and that sees its reader leave. */
type Stream = { write(text: string): Promise<void>; end(): void; readonly left: Promise<void> };
let answer: (stream: Stream) => Promise<void>;
let contentType: string;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    await request.text();
    const left = Promise.withResolvers<void>();
    request.signal.addEventListener("abort", () => left.resolve());
    return new Response(
      new ReadableStream({
        type: "direct",
        async pull(controller: ReadableStreamDirectController) {
          await answer({
            left: left.promise,
            async write(text) {
              controller.write(text);
              await controller.flush();
            },
            end: () => controller.close(),
          });
        },
      }),
      { headers: { "content-type": contentType } },
    );
  },
});
afterAll(() => server.stop(true));
beforeEach(() => {
  contentType = "text/event-stream";
});

const MIB = 1024 * 1024;
const providerAt = (url: string) =>
  createOpenAi({
    ...AS_OPENAI,
    baseUrl: `${url}/v1`,
    apiKey: "k",
    defaultModel: "m",
    needsKey: true,
  });
const stream = (request: ChatRequest, signal = new AbortController().signal, url = `http://127.0.0.1:${server.port}`) =>
  providerAt(url).answer(target("openai", "m"), request, signal)[Symbol.asyncIterator]();

/** A count, once it no longer grows. */
async function atRest(count: () => number): Promise<number> {
  let before = -1;
  while (before !== count()) {
    before = count();
    await Bun.sleep(200);
  }
  return before;
}

const KINDS = [
  ["the same protocol", openAiRequest({})],
  ["another protocol", otherRequest()],
] as const;

describe.each(KINDS)("a stream to a client of %s", (_name, request) => {
  test("is handed on as it comes", async () => {
    const next = Promise.withResolvers<void>();
    answer = async ({ write, end }) => {
      await write(piece({ content: "a" }));
      await next.promise;
      await write(finish("stop") + DONE);
      end();
    };
    const chunks = stream(request);
    expect((await chunks.next()).value).toMatchObject({ kind: expect.stringMatching(/^(raw|text)$/) });
    next.resolve();
    expect((await chunks.next()).value).toMatchObject({ kind: "end", finishReason: "stop" });
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
  });

  test("ends at its end marker, though its body does not", async () => {
    answer = async ({ write, left }) => {
      await write(piece({ content: "a" }) + finish("stop") + DONE);
      await left;
    };
    const kinds = await Array.fromAsync({ [Symbol.asyncIterator]: () => stream(request) }, ({ kind }) => kind);
    expect(kinds.at(-1)).toBe("end");
  });

  test("hangs up when its reader leaves", async () => {
    const seen = Promise.withResolvers<void>();
    answer = async ({ write, left }) => {
      await write(piece({ content: "a" }));
      await left;
      seen.resolve();
    };
    const chunks = stream(request);
    await chunks.next();
    await chunks.return?.();
    await seen.promise;
  });

  test("hangs up when its signal says so, and is a failure", async () => {
    const seen = Promise.withResolvers<void>();
    answer = async ({ write, left }) => {
      await write(piece({ content: "a" }));
      await left;
      seen.resolve();
    };
    const abort = new AbortController();
    const chunks = stream(request, abort.signal);
    await chunks.next();
    const pending = chunks.next();
    abort.abort();
    expect((await pending).value).toMatchObject({ kind: "failure" });
    await seen.promise;
  });

  test.each(["text/html", "application/json", "text/event-streams"])("that says it is %s is none", async (type) => {
    contentType = type;
    answer = async ({ write, end }) => {
      await write(finish("stop") + DONE);
      end();
    };
    expect((await stream(request).next()).value).toMatchObject({
      kind: "failure",
      failure: { category: "malformed_response" },
    });
  });

  test("that is cut is a failure after what came of it", async () => {
    answer = async ({ write, end }) => {
      await write(piece({ content: "a" }));
      end();
    };
    const chunks = stream(request);
    await chunks.next();
    expect((await chunks.next()).value).toMatchObject({
      kind: "failure",
      failure: { category: "malformed_response" },
    });
  });

  test("reads no further than it is asked", async () => {
    const flooding = startStreamingUpstream("m");
    flooding.floods(piece({ content: "x".repeat(8_000) }), 100 * MIB);
    const chunks = stream(request, new AbortController().signal, flooding.url);
    await chunks.next();
    const written = await atRest(() => flooding.state.writtenBytes);
    await chunks.next();
    await chunks.return?.();
    await flooding.stop();
    expect([written > 0, written < 50 * MIB]).toEqual([true, true]);
  });
});

test("a stream's event of a megabyte goes on whole", async () => {
  const large = piece({ content: "é".repeat(512 * 1024) });
  answer = async ({ write, end }) => {
    await write(large + finish("stop") + DONE);
    end();
  };
  const chunks = stream(openAiRequest({}));
  let { value } = await chunks.next();
  while (value?.kind === "alive") ({ value } = await chunks.next());
  expect(value?.kind === "raw" && asText(value.bytes) === large).toBe(true);
});
