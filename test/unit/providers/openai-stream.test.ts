import { describe, expect, test } from "bun:test";
import type { ChatRequest, Chunk, FailureCategory } from "../../../src/core/chat.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import { RawStream } from "../../../src/providers/openai/raw-stream.ts";
import { readStream } from "../../../src/providers/openai/stream.ts";
import { TranslatedStream } from "../../../src/providers/openai/translated-stream.ts";
import {
  bytesOf,
  CHAT,
  COMPLETION,
  chunkHead,
  DONE,
  event,
  finish,
  openAiRequest,
  otherRequest,
  piece,
  readAll,
  readable,
  UPSTREAM,
  usageEvent,
} from "../../support/openai-streams.ts";
import { type Folder, loadExchange } from "../../support/replay-upstream.ts";

const withUsage = openAiRequest({ stream_options: { include_usage: true } });
const withoutUsage = openAiRequest({});
const USAGE = { promptTokens: 3, completionTokens: 5 };
const NONE = { promptTokens: null, completionTokens: null };

const raw = (body: string, request = withUsage) => readable(readAll(request, bytesOf(body)));
const translated = (body: string, request = otherRequest()) => readAll(request, bytesOf(body));
const failure = (category: FailureCategory) => ({
  kind: "failure" as const,
  failure: expect.objectContaining({ category, message: expect.any(String) }),
});

const RECORDED: readonly (readonly [Folder, string])[] = [
  ["llama-server", "chat-stream"],
  ["llama-server", "chat-stream-no-usage"],
  ["llama-server", "chat-max-tokens-stream"],
  ["llama-server", "chat-tool-call-stream"],
  ["llama-server", "unknown-model-stream"],
  ["llama-server", "completions-stream"],
  ["ollama-openai", "chat-stream"],
  ["ollama-openai", "chat-stream-no-usage"],
  ["ollama-openai", "chat-max-tokens-stream"],
  ["ollama-openai", "chat-tool-call-stream"],
  ["ollama-openai", "context-length-stream"],
  ["ollama-openai", "completions-stream"],
];

async function recorded(folder: Folder, scenario: string) {
  const { response } = await loadExchange(folder, scenario);
  const bytes = new TextEncoder().encode(response.chunks.map(({ text }) => text).join(""));
  return { bytes, task: scenario.startsWith("completions") ? COMPLETION : CHAT };
}

describe("a recorded stream", () => {
  test.each(RECORDED)("of %s, %s, is the same to a client of the protocol wherever it is cut", async (folder, name) => {
    const { bytes, task } = await recorded(folder, name);
    const request = openAiRequest({ stream_options: { include_usage: true } }, task);
    const whole = readable(readAll(request, [bytes]));
    expect(whole.others).toMatchObject([{ kind: "end", finishReason: expect.any(String) }]);
    for (let at = 1; at < bytes.length; at++) {
      const cut = readable(readAll(request, [bytes.subarray(0, at), bytes.subarray(at)]));
      if (!Bun.deepEquals(cut, whole)) expect({ at, ...cut }).toEqual({ at, ...whole });
    }
    expect(
      readable(
        readAll(
          request,
          Array.from(bytes, (byte) => Uint8Array.of(byte)),
        ),
      ),
    ).toEqual(whole);
  });

  test.each(RECORDED)("of %s, %s, is the same to a client of another wherever it is cut", async (folder, name) => {
    const { bytes, task } = await recorded(folder, name);
    const whole = readAll(otherRequest(task), [bytes]);
    expect(whole.at(-1)).toMatchObject({ kind: "end", finishReason: expect.any(String) });
    for (let at = 1; at < bytes.length; at++) {
      const cut = readAll(otherRequest(task), [bytes.subarray(0, at), bytes.subarray(at)]);
      if (!Bun.deepEquals(cut, whole)) expect({ at, cut }).toEqual({ at, cut: whole });
    }
    expect(
      readAll(
        otherRequest(task),
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(whole);
  });

  test.each(RECORDED)("of %s, %s, is never complete when it is cut", async (folder, name) => {
    const { bytes, task } = await recorded(folder, name);
    const finishedAt = new TextDecoder().decode(bytes).search(/"finish_reason":\s*"/);
    for (let at = 0; at <= finishedAt; at += 7) {
      const cut = bytes.subarray(0, at);
      expect(readAll(openAiRequest({}, task), [cut]).at(-1)).toEqual(failure("malformed_response"));
      expect(readAll(otherRequest(task), [cut]).at(-1)).toEqual(failure("malformed_response"));
    }
  });

  test("goes on byte for byte, its end kept back", async () => {
    const { bytes } = await recorded("llama-server", "chat-stream");
    const body = new TextDecoder().decode(bytes);
    const { raw: passed, usage, others } = readable(readAll(withUsage, [bytes]));
    const tail = body.slice(passed.length);
    expect(passed).toBe(body.slice(0, body.indexOf('data: {"choices":[{"finish_reason":"stop"')));
    expect(usage).toEqual({ kind: "usage", usage: { promptTokens: 22, completionTokens: 8 } });
    expect(others).toEqual([
      {
        kind: "end",
        model: "smollm2-135m",
        finishReason: "stop",
        usage: { promptTokens: 22, completionTokens: 8 },
        tail,
      },
    ]);
  });

  test("with a tool call in pieces is one call", async () => {
    const { bytes } = await recorded("llama-server", "chat-tool-call-stream");
    const chunks = readAll(otherRequest(), [bytes]);
    const text = chunks.map((chunk) => (chunk.kind === "tool_arguments" ? chunk.text : "")).join("");
    expect(chunks[0]).toEqual({
      kind: "tool_call",
      index: 0,
      id: "vf7rFI72XN4Pq8RyOCmqBwdGxxlFc9PB",
      name: "get_weather",
    });
    expect(JSON.parse(text)).toEqual({ city: "Lisbon" });
    expect(chunks.at(-1)).toMatchObject({ kind: "end", finishReason: "tool_calls" });
  });
});

describe("a stream to a client of the same protocol", () => {
  const start = piece({ role: "assistant", content: "" }) + piece({ content: "Hi 世界 🎉" });

  test("shows usage to a client that asked for it", () => {
    expect(raw(start + finish("stop") + usageEvent + DONE)).toEqual({
      raw: start,
      usage: { kind: "usage", usage: USAGE },
      others: [
        { kind: "end", model: "m-1", finishReason: "stop", usage: USAGE, tail: finish("stop") + usageEvent + DONE },
      ],
    });
  });

  test("hides the event of usage from a client that did not, and knows it all the same", () => {
    const { usage, others } = raw(start + finish("stop") + usageEvent + DONE, withoutUsage);
    expect(usage).toEqual({ kind: "usage", usage: USAGE });
    expect(others).toMatchObject([{ usage: USAGE, tail: finish("stop") + DONE }]);
  });

  test("hides usage from a client that did not ask where it is told beside an answer", () => {
    const usage = { prompt_tokens: 3, completion_tokens: 5 };
    const body = piece({ content: "a" }, {}, { usage }) + piece({}, { finish_reason: "stop" }, { usage });
    expect(raw(body, withoutUsage)).toEqual({
      raw: piece({ content: "a" }),
      usage: { kind: "usage", usage: USAGE },
      others: [{ kind: "end", model: "m-1", finishReason: "stop", usage: USAGE, tail: finish("stop") + DONE }],
    });
    expect(raw(body).raw).toBe(piece({ content: "a" }, {}, { usage }));
  });

  test("takes usage that is null as none", () => {
    const body = piece({ content: "a" }, {}, { usage: null }) + finish("stop") + DONE;
    expect(raw(body)).toMatchObject({ usage: null, others: [{ usage: NONE }] });
  });

  test("knows the usage so far of an answer that does not end, where each event has it", () => {
    const counted = (count: number) =>
      piece({ content: "a" }, {}, { usage: { prompt_tokens: 3, completion_tokens: count } });
    const chunks = readAll(withUsage, bytesOf(counted(1), counted(2) + counted(3)), false);
    expect(chunks).toEqual([
      { kind: "raw", bytes: expect.any(Uint8Array) },
      { kind: "usage", usage: { promptTokens: 3, completionTokens: 1 } },
      { kind: "raw", bytes: expect.any(Uint8Array) },
      { kind: "usage", usage: { promptTokens: 3, completionTokens: 3 } },
    ]);
  });

  test.each([
    [{ prompt_tokens: -1 }, NONE],
    [
      { prompt_tokens: 3_000_000_000, completion_tokens: 5 },
      { promptTokens: null, completionTokens: 5 },
    ],
    [{ prompt_tokens: "3", completion_tokens: 1.5 }, NONE],
    [[3], NONE],
    ["3", NONE],
  ])("takes what counts nothing as not given: %j", (usage, known) => {
    const body = start + finish("stop") + event({ ...chunkHead, choices: [], usage }) + DONE;
    expect(raw(body).others).toMatchObject([{ kind: "end", usage: known }]);
    expect(translated(body).at(-1)).toMatchObject({ kind: "end", usage: known });
  });

  test("gives all events of one read as one view of it", () => {
    const [read = new Uint8Array()] = bytesOf(start);
    const [chunk] = readAll(withUsage, [read], false);
    expect(chunk).toEqual({ kind: "raw", bytes: read });
    expect(chunk?.kind === "raw" && chunk.bytes.buffer === read.buffer).toBe(true);
  });

  test("keeps back nothing but the last of several finish reasons", () => {
    const one = (content: string, index: number) => piece({ content }, { index });
    const going = one("a", 0) + one("b", 1) + finish("length", 0) + one("c", 1);
    const chunks = readAll(openAiRequest({ n: 2 }), bytesOf(going, finish("stop", 1), usageEvent, DONE));
    expect(readable(chunks)).toMatchObject({
      raw: going,
      others: [{ finishReason: "length", tail: finish("stop", 1) + DONE }],
    });
  });

  test("tells of the first choice's finish reason, whichever comes first", () => {
    const body = piece({ content: "a" }) + finish("length", 1) + finish("stop") + DONE;
    expect(raw(body, openAiRequest({ n: 2 })).others).toMatchObject([{ kind: "end", finishReason: "stop" }]);
  });

  test("keeps a finish reason back until another choice goes on", () => {
    const chunks = readAll(openAiRequest({ n: 2 }), bytesOf(piece({ content: "a" }), finish("stop")), false);
    expect(readable(chunks)).toEqual({ raw: piece({ content: "a" }), usage: null, others: [] });
  });

  test.each([
    ["one that began is not finished", piece({}, { index: 1 }) + finish("stop") + DONE],
    ["one never began, and nothing says that all are done", finish("stop")],
  ])("with several choices of which %s is cut", (_name, body) => {
    expect(raw(body, openAiRequest({ n: 2 })).others).toEqual([failure("malformed_response")]);
  });

  test.each([
    [{ prompt: ["a", "b"] }, "failure"],
    [{ prompt: ["a"], n: 2 }, "failure"],
    [{ prompt: ["a"] }, "end"],
    [{ prompt: [1, 2] }, "end"],
    [{ prompt: "ab", n: null }, "end"],
  ] as const)("of %j that ends after one choice is: %s", (body, kind) => {
    expect(raw(finish("stop"), openAiRequest(body, COMPLETION)).others).toMatchObject([{ kind }]);
  });

  test("with fewer choices than were asked for is complete when the server says so", () => {
    expect(raw(finish("stop") + DONE, openAiRequest({ n: 2 })).others).toMatchObject([{ kind: "end" }]);
  });

  test.each([
    ["an end marker after the finish reason", finish("stop") + DONE],
    ["none", finish("stop")],
    ["text after it", `${finish("stop")}${DONE}data: no JSON\n\n`],
    ["an unfinished line after the finish reason", `${finish("stop")}data: {"choi`],
  ])("with %s is complete", (_name, body) => {
    expect(raw(start + body).others).toMatchObject([
      { kind: "end", finishReason: "stop", tail: finish("stop") + DONE },
    ]);
  });

  test.each([
    ["no finish reason", start],
    ["an end marker and no finish reason", start + DONE],
    ["an empty finish reason", start + piece({}, { finish_reason: "" }) + DONE],
    ["no end of its finish reason's event", start + finish("stop").trimEnd()],
    ["nothing at all", ""],
    ["only comments", ": OPENROUTER PROCESSING\n\n"],
    ["data that is no JSON", `${start}data: <html>\n\n`],
    ["data that is no object", `${start}data: []\n\n`],
    ["choices that are none", start + event({ ...chunkHead, choices: {} })],
  ])("with %s is a failure", (_name, body) => {
    expect(raw(body).others).toEqual([failure("malformed_response")]);
  });

  test.each([
    ["an object", event({ error: { message: "SAID", code: "server_error" } }), "upstream_error"],
    ["a text", event({ error: "SAID" }), "upstream_error"],
    [
      "beside choices",
      piece({}, { finish_reason: "stop" }, { error: { code: 502, message: "SAID" } }),
      "upstream_error",
    ],
    ["a finish reason", finish("error"), "upstream_error"],
    ["an event of that name", "event: error\ndata: SAID\n\n", "upstream_error"],
    ["of vLLM's shape", event({ object: "error", message: "SAID sk-UPSTREAM", code: 400 }), "bad_request"],
    [
      "of that shape beside usage",
      event({ object: "error", message: "SAID", usage: { prompt_tokens: 1 } }),
      "upstream_error",
    ],
    ["a message", event({ ...chunkHead, message: "SAID" }), "upstream_error"],
    ["a message, with no choices", event({ message: "SAID", choices: [], usage: null }), "upstream_error"],
    ["a message, with usage that counts nothing", event({ message: "SAID", usage: {} }), "upstream_error"],
    ["a detail", event({ detail: [{ msg: "SAID" }], choices: null }), "upstream_error"],
    ["a context, of vLLM's shape", event({ object: "error", message: "SAID: context length" }), "context_length"],
    ["a limit", event({ error: { message: "SAID", type: "rate_limit_exceeded" } }), "rate_limited"],
    ["a context", event({ error: { message: "SAID", code: "context_length_exceeded" } }), "context_length"],
  ] as const)("ends with a failure that quotes nothing at an error that is %s", (_name, body, category) => {
    const { raw: passed, others } = raw(start + body + DONE);
    expect({ passed, others }).toEqual({ passed: start, others: [failure(category)] });
    expect(JSON.stringify(others)).not.toContain("SAID");
  });

  test.each([
    ["choices", piece({ content: "a" }, {}, { message: "m", detail: "d" })],
    ["usage", event({ ...chunkHead, choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 }, message: "m" })],
    ["neither, and both are null", event({ ...chunkHead, choices: [], message: null, detail: null })],
  ])("takes a message and a detail for no error beside %s", (_name, body) => {
    expect(raw(start + body + finish("stop") + DONE)).toMatchObject({ raw: start + body, others: [{ kind: "end" }] });
  });

  test("takes an error that is null as none", () => {
    const body = piece({ content: "a" }, {}, { error: null }) + finish("stop") + DONE;
    expect(raw(body).others).toMatchObject([{ kind: "end" }]);
  });

  test("has one id, one time of creation and one model, whatever its server says", () => {
    const body =
      piece({ content: "a" }) +
      piece({ content: "b" }, {}, { created: 8 }) +
      piece({ content: "c" }, {}, { id: "other" }) +
      piece({ content: "d" }, {}, { id: "", model: "" }) +
      piece({ content: "e" }, {}, { model: "another" });
    const { raw: passed } = raw(body + finish("stop") + DONE);
    const letters = ["a", "b", "c", "d", "e"];
    expect(passed).toBe(letters.map((content) => piece({ content })).join(""));
  });

  test("gives the id to events that come before it, as Azure's filter results do", () => {
    const early = { id: "", created: 0, model: "", choices: [], prompt_filter_results: [{ prompt_index: 0 }] };
    const { raw: passed, others } = raw(event(early) + piece({ content: "a" }) + finish("stop") + DONE);
    const { id, created, model } = chunkHead;
    const object = "chat.completion.chunk";
    expect(passed).toBe(event({ ...early, id, created, model, object }) + piece({ content: "a" }));
    expect(others).toMatchObject([{ model: "m-1" }]);
  });

  test("fails where too many events come before one with a choice", () => {
    expect(raw(event({ choices: [] }).repeat(20) + finish("stop") + DONE).others).toEqual([
      failure("malformed_response"),
    ]);
  });

  test.each([
    ["chatcmpl-", CHAT],
    ["cmpl-", COMPLETION],
  ])("gets an id %s of the gateway's where its server gives none", (prefix, task) => {
    const body = event({ choices: [{ index: 0, text: "a", delta: {} }] }) + finish("stop");
    const { raw: passed, others } = raw(body + DONE, openAiRequest({}, task));
    const { id } = JSON.parse(passed.slice("data: ".length));
    expect(id).toStartWith(prefix);
    expect(JSON.stringify(others)).toContain(id);
  });

  test.each([
    ["chat.completion.chunk", CHAT],
    ["text_completion", COMPLETION],
  ])("has a time of creation and is a %s where its server says neither", (object, task) => {
    const said = (more: JsonObject) => event({ id: "i", model: "m", choices: [{ index: 0, text: "a", ...more }] });
    const sinceSeconds = Math.floor(Date.now() / 1_000);
    const { raw: passed, others } = raw(
      said({}) + said({ delta: {} }) + said({ finish_reason: "stop" }) + DONE,
      openAiRequest({}, task),
    );
    const { created } = JSON.parse(passed.slice("data: ".length, passed.indexOf("\n")));
    expect([created >= sinceSeconds, created <= Date.now() / 1_000]).toEqual([true, true]);
    const whole = (more: JsonObject) =>
      event({ id: "i", model: "m", choices: [{ index: 0, text: "a", ...more }], created, object });
    expect(passed).toBe(whole({}) + whole({ delta: {} }));
    expect(others).toMatchObject([{ kind: "end", tail: whole({ finish_reason: "stop" }) + DONE }]);
  });

  test.each([{ object: "" }, { object: null }, { object: 1 }])("says what it is in place of %j", (head) => {
    expect(raw(piece({ content: "a" }, {}, head) + finish("stop") + DONE).raw).toBe(piece({ content: "a" }));
  });

  test("keeps what its server says that it is", () => {
    const body = piece({ content: "a" }, {}, { object: "chat.completion.piece" });
    expect(raw(body + finish("stop") + DONE).raw).toBe(body);
  });

  test("keeps the time of its first event where others have none", () => {
    const { created: _, ...head } = chunkHead;
    const body = event({ ...head, choices: [{ index: 0, delta: { content: "b" } }] });
    const { raw: passed } = raw(piece({ content: "a" }) + body + finish("stop") + DONE);
    expect(
      passed
        .split("\n\n")
        .slice(0, 2)
        .map((text) => JSON.parse(text.slice(6)).created),
    ).toEqual([7, 7]);
  });

  test.each(["abort", "insufficient_system_resource", "eos", "max_tokens", "tool_use"])(
    "goes on with its server's word for the end, such as %s",
    (word) => {
      expect(raw(start + finish(word) + DONE).others).toMatchObject([{ kind: "end", tail: finish(word) + DONE }]);
    },
  );

  test("is written as clients read it where it came in another form", () => {
    const lines = `${JSON.stringify(JSON.parse(finish("stop").slice(6)), null, 1).replaceAll("\n", "\ndata: ")}`;
    const body = `\uFEFF: hello\r\n\r\nevent: message\r\nid: 4\r\ndata:${piece({ content: "a" }).slice(6).trimEnd()}\r\n\r\ndata: ${lines}\n\n`;
    const { raw: passed, others } = raw(`${body}data:[DONE]\r\r`);
    expect(passed).toBe(piece({ content: "a" }));
    expect(others).toMatchObject([{ tail: finish("stop") + DONE }]);
  });

  test("carries an event of a megabyte", () => {
    const large = piece({ content: "é".repeat(512 * 1024) });
    const [bytes = new Uint8Array()] = bytesOf(large + finish("stop") + DONE);
    const reads = Array.from({ length: Math.ceil(bytes.length / 8_191) }, (_, at) =>
      bytes.subarray(at * 8_191, (at + 1) * 8_191),
    );
    expect(readable(readAll(withUsage, reads)).raw).toBe(large);
  });

  test("does not keep back more than a bound", () => {
    const more = piece({ content: "x".repeat(1024 * 1024) });
    const chunks = readAll(
      withUsage,
      [finish("stop"), ...Array(17).fill(more)].flatMap((text) => bytesOf(text)),
    );
    expect(chunks.at(-1)).toEqual(failure("malformed_response"));
  });

  test("says tool_calls of an answer that calls by the older way", () => {
    expect(raw(finish("function_call") + DONE).others).toMatchObject([
      { finishReason: "tool_calls", tail: finish("function_call") + DONE },
    ]);
  });
});

describe("a stream to a client of another protocol", () => {
  const call = (fields: Record<string, unknown>, text: string, name?: string) =>
    piece({
      tool_calls: [{ ...fields, function: { ...(name === undefined ? {} : { name }), arguments: text } }],
    });
  const calls: readonly Chunk[] = [
    { kind: "tool_call", index: 0, id: "a", name: "f" },
    { kind: "tool_arguments", index: 0, text: "{" },
    { kind: "tool_arguments", index: 0, text: "}" },
    { kind: "tool_call", index: 1, id: "b", name: "g" },
    { kind: "tool_arguments", index: 1, text: "{}" },
  ];
  const end: Chunk = { kind: "end", model: "m-1", finishReason: "tool_calls", usage: NONE };

  test("is thinking, text, usage and an end in the gateway's words", () => {
    const logprobs = [{ token: "a", logprob: -1, bytes: [97], top_logprobs: [] }];
    const body =
      piece({ role: "assistant", content: null }) +
      piece({ reasoning_content: "hm", reasoning: "hm" }) +
      piece({ reasoning: "ah" }) +
      piece({ content: "a" }, { logprobs: { content: logprobs } }) +
      piece({ refusal: "no" }) +
      finish("length") +
      usageEvent +
      DONE;
    expect(translated(body)).toEqual([
      { kind: "thinking", text: "hm" },
      { kind: "thinking", text: "ah" },
      { kind: "text", text: "a", logprobs },
      { kind: "text", text: "no" },
      { kind: "usage", usage: USAGE },
      { kind: "end", model: "m-1", finishReason: "length", usage: USAGE },
    ]);
  });

  test("shows no thinking to a client that wants none", () => {
    const body = piece({ reasoning: "hm" }) + piece({ content: "a" }) + finish("stop") + DONE;
    const chunks = translated(body, otherRequest({ ...CHAT, thinking: "none" }));
    expect(chunks.map(({ kind }) => kind)).toEqual(["text", "end"]);
  });

  test.each([
    [
      "by index",
      call({ index: 0, id: "a" }, "{", "f") + call({ index: 0 }, "}") + call({ index: 1, id: "b" }, "{}", "g"),
    ],
    [
      "by an index that leaves some out",
      call({ index: 0, id: "a" }, "{", "f") + call({ index: 0 }, "}") + call({ index: 4, id: "b" }, "{}", "g"),
    ],
    [
      "with the id on each piece",
      call({ index: 0, id: "a" }, "{", "f") +
        call({ index: 0, id: "a" }, "}", "f") +
        call({ index: 1, id: "b" }, "{}", "g"),
    ],
    [
      "with another id on each piece",
      call({ index: 0, id: "a" }, "{", "f") + call({ index: 0, id: "x" }, "}") + call({ index: 1, id: "b" }, "{}", "g"),
    ],
    [
      "all with the index 0",
      call({ index: 0, id: "a" }, "{", "f") + call({ index: 0 }, "}") + call({ index: 0, id: "b" }, "{}", "g"),
    ],
    ["without index", call({ id: "a" }, "{", "f") + call({}, "}") + call({ id: "b" }, "{}", "g")],
  ])("puts pieces of calls %s together", (_name, body) => {
    expect(translated(body + finish("tool_calls") + DONE)).toEqual([...calls, end]);
  });

  test("puts pieces of calls that come by turns to their calls", () => {
    const body =
      call({ index: 0, id: "a" }, "{", "f") + call({ index: 1, id: "b" }, "{}", "g") + call({ index: 0 }, "}");
    expect(translated(body + finish("tool_calls"))).toEqual(
      [0, 1, 3, 4, 2].flatMap((at) => calls[at] ?? []).concat(end),
    );
  });

  test("takes calls that come whole in one event", () => {
    const whole = (index: number, id: string) => ({
      index,
      id,
      type: "function",
      function: { name: "f", arguments: "{}" },
    });
    const body = piece({ tool_calls: [whole(0, "a"), whole(1, "b")] }, { finish_reason: "function_call" });
    expect(translated(body)).toEqual([
      { kind: "tool_call", index: 0, id: "a", name: "f" },
      { kind: "tool_arguments", index: 0, text: "{}" },
      { kind: "tool_call", index: 1, id: "b", name: "f" },
      { kind: "tool_arguments", index: 1, text: "{}" },
      end,
    ]);
  });

  test("makes an id for a call without, one for each", () => {
    const chunks = translated(call({ index: 0 }, "{}", "f") + call({ index: 1 }, "{}", "f") + finish("tool_calls"));
    const ids = chunks.flatMap((chunk) => (chunk.kind === "tool_call" ? [chunk.id] : []));
    expect([ids.length, new Set(ids).size, ids.every((id) => /^call_\S+$/.test(id))]).toEqual([2, 2, true]);
  });

  test.each([
    ["stop", "stop"],
    ["eos", "stop"],
    ["eos_token", "stop"],
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["length", "length"],
    ["max_tokens", "length"],
    ["tool_calls", "tool_calls"],
    ["function_call", "tool_calls"],
    ["tool_use", "tool_calls"],
    ["content_filter", "content_filter"],
  ])("that ends by %s ends by %s", (word, finishReason) => {
    expect(translated(piece({ content: "a" }) + finish(word) + DONE)).toMatchObject([
      { text: "a" },
      { kind: "end", finishReason },
    ]);
  });

  test.each(["abort", "insufficient_system_resource", "STOP", "constructor", "private words"])(
    "that ends by %j is a failure, with its usage and without that word",
    (word) => {
      const chunks = translated(piece({ content: "a" }) + finish(word) + usageEvent + DONE);
      expect(chunks).toEqual([
        { kind: "text", text: "a" },
        { kind: "usage", usage: USAGE },
        {
          kind: "failure",
          failure: {
            category: "malformed_response",
            message: "The provider did not say whether its answer is complete.",
          },
        },
      ]);
      expect(translated(finish(word)).at(-1)).toEqual(failure("malformed_response"));
    },
  );

  test("may have more pieces in one event than a call has room for arguments", () => {
    const calls = Array(390_000).fill({ function: { name: "f", arguments: "x" } });
    expect(readAll(otherRequest(), bytesOf(piece({ tool_calls: calls })), false)).toHaveLength(2 * calls.length);
  });

  test("keeps the text of an answer that the content filter cut, and says that it did", () => {
    const body = piece({ content: "a" }) + finish("content_filter") + DONE;
    expect(translated(body)).toMatchObject([{ text: "a" }, { kind: "end", finishReason: "content_filter" }]);
    expect(translated(body, otherRequest(CHAT, { surface: "native" })).at(-1)).toEqual(failure("content_filter"));
  });

  test("is a completion's text where that was asked for", () => {
    const text = (text: string, reason: string | null) =>
      event({ ...chunkHead, choices: [{ text, finish_reason: reason }] });
    expect(translated(text("a", null) + text("", "stop") + DONE, otherRequest(COMPLETION))).toEqual([
      { kind: "text", text: "a" },
      { kind: "end", model: "m-1", finishReason: "stop", usage: NONE },
    ]);
  });

  test.each([
    ["no finish reason", piece({ content: "a" }) + DONE, "malformed_response"],
    ["data that is no JSON", "data: <html>\n\n", "malformed_response"],
    ["content that is no text", piece({ content: 1 }), "malformed_response"],
    ["a call without a name", call({ index: 0, id: "a" }, "{}"), "malformed_response"],
    ["an error", event({ error: { message: "SAID" } }), "upstream_error"],
    ["an event of that name", "event: error\ndata: SAID\n\n", "upstream_error"],
    ["an error for a finish reason", finish("error"), "upstream_error"],
    ["a message in place of choices", event({ object: "error", message: "SAID" }), "upstream_error"],
    ["a detail in place of choices", event({ detail: "SAID" }), "upstream_error"],
  ] as const)("with %s is a failure", (_name, body, category) => {
    expect(translated(body).at(-1)).toEqual(failure(category));
  });
});

describe("a read that brings nothing for the client is a sign of life", () => {
  const alive: Chunk = { kind: "alive" };

  /** One text a read. */
  function readSigns(request: ChatRequest, ...texts: readonly string[]): Promise<Chunk[]> {
    const asked = { request, model: "m", upstream: UPSTREAM };
    const stream = request.surface === "openai_chat" ? new RawStream(asked) : new TranslatedStream(asked);
    const pieces = bytesOf(...texts).values();
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const { value } = pieces.next();
        if (value === undefined) controller.close();
        else controller.enqueue(value);
      },
    });
    const response = new Response(body, { headers: { "content-type": "text/event-stream" } });
    return Array.fromAsync(readStream(response, stream, UPSTREAM));
  }

  test("to a client of the same protocol", async () => {
    const said = piece({ content: "a" });
    const chunks = await readSigns(
      withoutUsage,
      ": PROCESSING\n\n",
      said.slice(0, 9),
      said.slice(9),
      finish("stop"),
      DONE,
    );
    expect(chunks).toEqual([
      alive,
      alive,
      { kind: "raw", bytes: expect.any(Uint8Array) },
      alive,
      { kind: "end", model: "m-1", finishReason: "stop", usage: NONE, tail: expect.any(Uint8Array) },
    ]);
  });

  test("to a client of another protocol", async () => {
    const request = otherRequest({ ...CHAT, thinking: "none" });
    const [empty, thinking] = [piece({ content: "" }), piece({ reasoning: "hm" })];
    const chunks = await readSigns(
      request,
      ": PROCESSING\n\n",
      empty,
      thinking,
      piece({ content: "a" }) + empty,
      finish("stop"),
      DONE,
    );
    expect(chunks).toEqual([
      alive,
      alive,
      { kind: "alive", working: true },
      { kind: "text", text: "a" },
      alive,
      { kind: "end", model: "m-1", finishReason: "stop", usage: NONE },
    ]);
  });

  test("of a model at work where an answer has begun and a token of it is held back", async () => {
    const empty = piece({ content: "" });
    const works: Chunk = { kind: "alive", working: true };
    const chat = await readSigns(otherRequest(CHAT), piece({ content: "a" }), empty, ": PING\n\n", piece({}));
    expect(chat.slice(1, -1)).toEqual([works, alive, works]);
    const thinking = piece({ reasoning: "hm" });
    const hidden = await readSigns(otherRequest({ ...CHAT, thinking: "none" }), empty, thinking, empty);
    expect(hidden.slice(0, -1)).toEqual([alive, works, works]);
  });

  test("but not where it is the end", async () => {
    expect(await readSigns(withoutUsage)).toEqual([failure("malformed_response")]);
  });
});
