import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { ChatRequest, Chunk } from "../../../src/core/chat.ts";
import { joinBytes } from "../../../src/providers/ndjson.ts";
import { toCall } from "../../../src/providers/ollama/request.ts";
import { readStream } from "../../../src/providers/ollama/stream.ts";
import { describeUpstream } from "../../../src/providers/ollama/upstream.ts";
import { asking, chatTask, completionTask, ollamaAsking, withoutAlive } from "../../support/ollama-requests.ts";
import { AS_LOCAL } from "../../support/provider-options.ts";
import { loadExchange } from "../../support/replay-upstream.ts";

const MODEL = "m";
const ASKED = { model: MODEL, maxOutputTokens: null };
const UPSTREAM = describeUpstream({ ...AS_LOCAL, baseUrl: "http://127.0.0.1:1" });
const streamed = { streamed: true };
const KINDS = {
  chat: { own: ollamaAsking("ollama_chat", {}, true), other: asking(chatTask("hi"), streamed) },
  generate: { own: ollamaAsking("ollama_generate", {}, true), other: asking(completionTask("hi"), streamed) },
} as const;

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (raw: Uint8Array | undefined) => new TextDecoder().decode(raw);
const lines = (...records: readonly unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join("");

/** One piece a read. */
function bodyOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        const piece = pieces[at++];
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
}

function readSigns(request: ChatRequest, ...pieces: readonly Uint8Array[]): Promise<Chunk[]> {
  const asked = { call: toCall(request, ASKED), model: MODEL, upstream: UPSTREAM };
  return Array.fromAsync(readStream(bodyOf(pieces), asked));
}

const read = async (request: ChatRequest, ...pieces: readonly Uint8Array[]): Promise<Chunk[]> =>
  withoutAlive(await readSigns(request, ...pieces));

/** Made ids are random, and how much goes out at once is for the network to say; nothing else is. */
function settled(chunks: readonly Chunk[]): unknown[] {
  const raw = chunks.flatMap((chunk) => (chunk.kind === "raw" ? [chunk.bytes] : []));
  const others = chunks.filter((chunk) => chunk.kind !== "raw");
  const rest = others.map((chunk) => {
    if (chunk.kind === "tool_call") return { ...chunk, id: chunk.id.replace(/^call_[0-9a-f]{32}$/, "made") };
    return chunk.kind === "end" && chunk.tail ? { ...chunk, tail: text(chunk.tail) } : chunk;
  });
  return raw.length > 0 ? [{ raw: text(joinBytes(raw)) }, ...rest] : rest;
}

const said = (content: string, more: Record<string, unknown> = {}, head: Record<string, unknown> = {}) => ({
  model: "m:1",
  message: { role: "assistant", content, ...more },
  done: false,
  ...head,
});
const DONE = said("", {}, { done: true, done_reason: "stop", prompt_eval_count: 3, eval_count: 2 });
const END = { kind: "end", model: "m:1", finishReason: "stop", usage: { promptTokens: 3, completionTokens: 2 } };
const made = (name: string, args: Record<string, unknown>, id?: string) => ({
  ...(id === undefined ? {} : { id }),
  function: { index: 0, name, arguments: args },
});
const logprob = { token: "é", logprob: -0.5, bytes: [195, 169], top_logprobs: [{ token: "é", logprob: -0.5 }] };

const HAND_MADE: Record<string, string> = {
  "parallel tool calls": lines(
    said("Let me see."),
    said("", { tool_calls: [made("a", { x: 1 }, "call_a"), made("b", {})] }),
    said("", { tool_calls: [made("a", { y: ["é"] })] }),
    DONE,
  ),
  thinking: lines(said("", { thinking: "Hm, " }), said("", { thinking: "yes." }), said("Yes"), DONE),
  logprobs: lines(
    said("é", {}, { logprobs: [logprob] }),
    said("", {}, { logprobs: [{ token: "", logprob: 0 }] }),
    DONE,
  ),
  "multi-byte text": lines(said("Zürich → 東京 😀"), said("Ω"), DONE),
  "escaped text and CRLF": `${JSON.stringify(said('a\n"b"\u2028'))}\r\n\r\n${JSON.stringify(DONE)}\r\n`,
  "content in the last record": lines(said("a"), { ...DONE, message: { content: "b", tool_calls: [made("a", {})] } }),
  "no newline at the end": lines(said("a"), DONE).trimEnd(),
  "more after the end": `${lines(said("a"), DONE)}${lines(said("b"))}no record`,
  "an error line": lines(said("a"), { error: "llama runner terminated: private words" }, DONE),
  "remote fields in the third record": lines(said("a"), said("b"), said("c", {}, { remote_host: "https://x" }), DONE),
  "a cloud name in the second record": lines(said("a"), { ...said("b"), model: "m:1-cloud" }, DONE),
  "a line that is no JSON": `${lines(said("a"))}private words\n${lines(DONE)}`,
  "a line of another protocol": lines(said("a"), { choices: [] }, DONE),
  "a line that is a list": lines(said("a"), [DONE]),
  "no end": lines(said("a")),
  "an end inside a line": lines(said("a"), DONE).slice(0, -20),
  nothing: "",
};

const FOLDER = join(import.meta.dir, "../../fixtures/upstream/ollama");
const scenarios = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ""));
const streams: [name: string, kind: keyof typeof KINDS, whole: Uint8Array][] = [];
for (const scenario of scenarios.filter((name) => name.includes("-stream"))) {
  const { request, response } = await loadExchange("ollama", scenario);
  if (response.headers["content-type"] !== "application/x-ndjson") continue;
  const whole = bytes(response.chunks.map((chunk) => chunk.text).join(""));
  streams.push([scenario, request.path === "/api/generate" ? "generate" : "chat", whole]);
}
for (const [name, whole] of Object.entries(HAND_MADE)) streams.push([name, "chat", bytes(whole)]);

describe("a stream gives the same chunks wherever the network cuts it", () => {
  test("and enough of them are recorded", () => {
    expect(streams.length).toBeGreaterThanOrEqual(8 + Object.keys(HAND_MADE).length);
  });

  describe.each(["own", "other"] as const)("for a client of its %s protocol", (protocol) => {
    test.each(streams)(
      "%s",
      async (_name, kind, whole) => {
        const request = KINDS[kind][protocol];
        const expected = settled(await read(request, whole));
        expect(expected.length).toBeGreaterThan(0);
        const singles = Array.from(whole, (byte) => new Uint8Array([byte]));
        expect(settled(await read(request, ...singles))).toEqual(expected);
        for (let at = 1; at < whole.byteLength; at++) {
          const cut = settled(await read(request, whole.subarray(0, at), whole.subarray(at)));
          if (!Bun.deepEquals(cut, expected)) expect({ at, cut }).toEqual({ at, cut: expected });
        }
      },
      30_000,
    );
  });
});

const handMade = (name: keyof typeof HAND_MADE, protocol: "own" | "other" = "other") =>
  read(KINDS.chat[protocol], bytes(HAND_MADE[name] ?? ""));
const failure = (category: string, message: string, transient = {}) => ({
  kind: "failure",
  failure: { category, message, ...transient },
});
const MALFORMED = failure("malformed_response", "Ollama sent an answer that is not in its protocol.");
const CUT = failure("malformed_response", "Ollama ended its answer before it was complete.", {
  transient: true,
});
const REMOTE = failure(
  "remote_model",
  'Ollama forwards the model "m" to a remote host, which is not local. Use one that runs on your machine.',
);
const FAILED = failure("upstream_error", "Ollama failed in the middle of its answer.");

describe("a stream for a client of another protocol", () => {
  test("has tool calls numbered through, with ids kept or made, and says that it ended for them", async () => {
    const chunks = await handMade("parallel tool calls");
    expect(settled(chunks)).toEqual([
      { kind: "text", text: "Let me see." },
      { kind: "tool_call", index: 0, id: "call_a", name: "a" },
      { kind: "tool_arguments", index: 0, text: '{"x":1}' },
      { kind: "tool_call", index: 1, id: "made", name: "b" },
      { kind: "tool_arguments", index: 1, text: "{}" },
      { kind: "tool_call", index: 2, id: "made", name: "a" },
      { kind: "tool_arguments", index: 2, text: '{"y":["é"]}' },
      { ...END, finishReason: "tool_calls" },
    ]);
    const ids = chunks.flatMap((chunk) => (chunk.kind === "tool_call" ? [chunk.id] : []));
    expect(new Set(ids).size).toBe(3);
  });

  test("has thinking apart from text", async () => {
    expect(await handMade("thinking")).toEqual([
      { kind: "thinking", text: "Hm, " },
      { kind: "thinking", text: "yes." },
      { kind: "text", text: "Yes" },
      END,
    ] as Chunk[]);
  });

  test("has logprobs with what Ollama leaves out of them, also where they come before their text", async () => {
    expect(await handMade("logprobs")).toEqual([
      { kind: "text", text: "é", logprobs: [logprob] },
      { kind: "text", text: "", logprobs: [{ token: "", logprob: 0, bytes: null, top_logprobs: [] }] },
      END,
    ] as Chunk[]);
  });

  test.each([
    ["null", null],
    ["missing", undefined],
  ])("has tool calls beside content that is %s", async (_name, content) => {
    const called = { ...said(""), message: { content, tool_calls: [made("a", {}, "c")] } };
    const ended = { ...DONE, message: { content } };
    expect(await read(KINDS.chat.other, bytes(lines(called, ended)))).toEqual([
      { kind: "tool_call", index: 0, id: "c", name: "a" },
      { kind: "tool_arguments", index: 0, text: "{}" },
      { ...END, finishReason: "tool_calls" },
    ] as Chunk[]);
  });

  test("has a completion's end where its text is null", async () => {
    const records = lines({ response: "a", done: false }, { response: null, done: true, done_reason: "stop" });
    expect(await read(KINDS.generate.other, bytes(records))).toMatchObject([{ text: "a" }, { finishReason: "stop" }]);
  });

  test("has what the last record says, too", async () => {
    expect(await handMade("content in the last record")).toMatchObject([
      { text: "a" },
      { text: "b" },
      { kind: "tool_call", index: 0, name: "a" },
      { kind: "tool_arguments" },
      { finishReason: "tool_calls" },
    ]);
  });

  test("that hit its limit says so, tool calls or not", async () => {
    const cut = { ...DONE, done_reason: "length" };
    const body = lines(said("", { tool_calls: [made("a", {}, "c")] }), cut);
    expect((await read(KINDS.chat.other, bytes(body))).at(-1)).toMatchObject({ kind: "end", finishReason: "length" });
  });

  const odd = { prompt_eval_count: 3, eval_count: "2" };
  test.each([
    ["both", { prompt_eval_count: 3, eval_count: 2 }, 3, 2],
    ["no completion tokens, which is how Ollama writes 0", { prompt_eval_count: 3 }, 3, 0],
    ["no prompt tokens, which older servers left out of a cached prompt", { eval_count: 2 }, null, 2],
    ["none", {}, null, null],
    ["prompt tokens that no column holds", { prompt_eval_count: 3e9, eval_count: 2 }, null, 2],
    ["completion tokens that are no count, which is not how Ollama writes 0", odd, 3, null],
    ["null for both", { prompt_eval_count: null, eval_count: null }, null, null],
  ])("reports the tokens where there are %s", async (_name, counts, promptTokens, completionTokens) => {
    const body = bytes(lines({ message: { content: "" }, done: true, ...counts }));
    expect(await read(KINDS.chat.other, body)).toEqual([
      { kind: "end", model: MODEL, finishReason: null, usage: { promptTokens, completionTokens } },
    ]);
  });

  test.each([
    ["an error line", FAILED],
    ["remote fields in the third record", REMOTE],
    ["a cloud name in the second record", REMOTE],
    ["a line that is a list", MALFORMED],
    ["no end", CUT],
    ["an end inside a line", CUT],
    ["nothing", CUT],
  ] as const)("ends with one failure at %s, and nothing after it", async (name, expected) => {
    for (const protocol of ["own", "other"] as const) {
      const chunks = await handMade(name, protocol);
      expect(chunks.at(-1)).toEqual(expected as Chunk);
      expect(chunks.filter((chunk) => chunk.kind === "failure" || chunk.kind === "end")).toHaveLength(1);
      expect(JSON.stringify(settled(chunks))).not.toContain("private words");
    }
  });

  test("ends with a context too long where the error line says that", async () => {
    const body = bytes(lines(said("a"), { error: "the input length exceeds the context length" }));
    expect((await read(KINDS.chat.other, body)).at(-1)).toMatchObject({ failure: { category: "context_length" } });
  });
});

describe("a stream for a client of Ollama's protocol", () => {
  const own = KINDS.chat.own;

  test("is the lines as they came, those of one read at once, and the last kept back", async () => {
    const [first, second, last] = [lines(said("a", { unheard_of: "é" })), lines(said("b")), lines(DONE)];
    const rest = bytes(second + last);
    expect(await read(own, bytes(first + second.slice(0, 9)), rest.subarray(9))).toEqual([
      { kind: "raw", bytes: bytes(first) },
      { kind: "raw", bytes: bytes(second) },
      { ...END, tail: bytes(last) } as Chunk,
    ]);
    expect(await read(own, bytes(first + second + last))).toEqual([
      { kind: "raw", bytes: bytes(first + second) },
      { ...END, tail: bytes(last) } as Chunk,
    ]);
  });

  test("says that it ended for tool calls, though Ollama does not", async () => {
    expect((await handMade("parallel tool calls", "own")).at(-1)).toMatchObject({ finishReason: "tool_calls" });
  });

  test("lets out none of a record that was made elsewhere", async () => {
    const chunks = settled(await handMade("remote fields in the third record", "own"));
    expect(chunks).toEqual([{ raw: lines(said("a"), said("b")) }, REMOTE]);
  });

  test("ends with a newline even where the server's did not", async () => {
    const chunks = await handMade("no newline at the end", "own");
    expect(settled(chunks)).toEqual([{ raw: lines(said("a")) }, { ...END, tail: lines(DONE) }]);
  });

  test("may have a line of 1 MB, in small pieces", async () => {
    const long = bytes(lines(said("é".repeat(512 * 1024))));
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < long.byteLength; at += 1_460) pieces.push(long.subarray(at, at + 1_460));
    const chunks = await read(own, ...pieces, bytes(lines(DONE)));
    expect(chunks).toHaveLength(2);
    expect(chunks[0]?.kind === "raw" && Bun.deepEquals(chunks[0].bytes, long)).toBe(true);
  });
});

describe("a read that brings nothing for the client", () => {
  const alive = { kind: "alive" } as const;

  test("is a sign of life to a client of another protocol", async () => {
    const [blank, text] = [lines(said("")), lines(said("a"))];
    const pieces = [blank, "\n", text.slice(0, 9), text.slice(9) + blank, lines(DONE)].map(bytes);
    expect(await readSigns(KINDS.chat.other, ...pieces)).toEqual([
      alive,
      alive,
      alive,
      { kind: "text", text: "a" },
      END as Chunk,
    ]);
  });

  test("is a sign of life to a client of Ollama's protocol", async () => {
    const text = lines(said("a"));
    expect(await readSigns(KINDS.chat.own, ...["\n", text.slice(0, 9), text.slice(9), lines(DONE)].map(bytes))).toEqual(
      [alive, alive, { kind: "raw", bytes: bytes(text) }, { ...END, tail: bytes(lines(DONE)) } as Chunk],
    );
  });

  test("is none where it is the end", async () => {
    expect(await readSigns(KINDS.chat.other)).toEqual([CUT] as Chunk[]);
  });
});

describe("reading", () => {
  test("goes no further than it is asked to, and gives up the upstream when nobody asks any more", async () => {
    let pulls = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls++;
          controller.enqueue(bytes(lines(said("a"))));
        },
        cancel() {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const asked = { call: toCall(KINDS.chat.own, ASKED), model: MODEL, upstream: UPSTREAM };
    const chunks = readStream(body, asked)[Symbol.asyncIterator]();
    await chunks.next();
    await chunks.next();
    await Bun.sleep(5);
    expect([pulls, cancelled]).toEqual([2, false]);
    await chunks.return?.();
    expect([pulls, cancelled]).toEqual([2, true]);
  });
});
