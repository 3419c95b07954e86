import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ChatRequest, Chunk } from "../../../src/core/chat.ts";
import { MAX_SKIPPED_EVENTS } from "../../../src/providers/streamed-answer.ts";
import { asking, chatTask, ollamaAsking, readLines, readSigns } from "../../support/ollama-requests.ts";
import {
  CHAT,
  COMPLETION,
  DONE,
  finish,
  openAiRequest,
  otherRequest,
  piece,
  readAll,
  readable,
  usageEvent,
} from "../../support/openai-streams.ts";

const CLIENTS = [
  ["the same protocol", openAiRequest({ stream_options: { include_usage: true } })],
  ["another protocol", otherRequest()],
] as const;

const MALFORMED: readonly (readonly [string, string | Uint8Array])[] = [
  ["that is no JSON", "data: <html>private words</html>\n\n"],
  ["that is half of one", 'data: {"id":"chatcmpl-1","choices":[{"index":0,"del\n\n'],
  ["that breaks off before it says anything", 'data: {"choices":[{"delta":{"role":"assistant","content":"\n\n'],
  ["that says nothing", 'data: {"choices":[{"delta":{"content":"","refusal":null,"reasoning": null}}]\n\n'],
  ["that is a list", "data: []\n\n"],
  ["that is a text", 'data: "private words"\n\n'],
  ["that is empty", "data:\n\n"],
  ["with choices that are none", 'data: {"choices":{"private":1}}\n\n'],
  ["with a choice that is none", 'data: {"choices":["private words"]}\n\n'],
  ["with a finish reason that is no word", 'data: {"choices":[{"finish_reason":1}]}\n\n'],
  ["that is no UTF-8", Buffer.from('data: {"choices":[],"id":"\xff"}\n\n', "latin1")],
  ["that nests too deep", `data: {"choices":[],"x":${"[".repeat(60_000)}${"]".repeat(60_000)}}\n\n`],
];

/** Without any of these the rest would read as an answer, and lack a piece that nobody misses. */
const LOST: readonly (readonly [string, string | Uint8Array])[] = [
  ["half of a text", 'data: {"id":"chatcmpl-1","choices":[{"delta":{"content":"pri\n\n'],
  ["a text that is no UTF-8", Buffer.from('data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n', "latin1")],
  ["a text with the form broken behind it", 'data: {"choices":[{"delta":{"content" : "words"}}\n\n'],
  ["a text of a completion", 'data: {"choices":[{"text":"words"}\n\n'],
  ["parts of a text", 'data: {"choices":[{"delta":{"content":[{"type":"text"\n\n'],
  ["a refusal", 'data: {"choices":[{"delta":{"content":null,"refusal":"I can\n\n'],
  ["thinking", 'data: {"choices":[{"delta":{"reasoning_content":"hm\n\n'],
  ["thinking by another name", 'data: {"choices":[{"delta":{"reasoning":"hm\n\n'],
  ["thinking in parts", 'data: {"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.encrypted"\n\n'],
  ["the blank before a word", 'data: {"choices":[{"delta":{"content":" \n\n'],
  ["sound", 'data: {"choices":[{"delta":{"audio":{"id":"audio_1","da\n\n'],
  ["a call", 'data: {"choices":[{"delta":{"tool_calls":[{"ind\n\n'],
  ["a call in the older way", 'data: {"choices":[{"delta":{"function_call":{"name":"pay"\n\n'],
];

const bytesOf = (part: string | Uint8Array) => (typeof part === "string" ? Buffer.from(part) : part);
const read = (request: ChatRequest, ...parts: readonly (string | Uint8Array)[]) =>
  readable(readAll(request, [Buffer.concat(parts.map(bytesOf))]));
const malformed = {
  kind: "failure",
  failure: { category: "malformed_response", message: "The provider sent an answer that is not in its protocol." },
};

describe.each(CLIENTS)("a malformed event amid a good stream to a client of %s", (_name, request) => {
  const [before, after] = [piece({ role: "assistant", content: "a" }), piece({ content: "b" })];
  const end = finish("stop") + usageEvent + DONE;
  const whole = read(request, before, after, end);

  test("shows what a good one is", () => {
    expect(whole.others.at(-1)).toMatchObject({ kind: "end", finishReason: "stop" });
    expect(whole.others.at(-1)).not.toHaveProperty("skippedEvents");
  });

  test.each(MALFORMED)("%s is left out and counted", (_what, event) => {
    const { others, ...rest } = read(request, before, event, after, event, end);
    expect(rest).toEqual({ raw: whole.raw, usage: whole.usage });
    expect(others).toEqual([...whole.others.slice(0, -1), { ...Object(whole.others.at(-1)), skippedEvents: 2 }]);
  });

  test.each(LOST)("is not left out where it looks like %s", (_what, event) => {
    const { raw, others } = read(request, before, event, after, end);
    expect(others.at(-1)).toEqual(malformed);
    expect(raw).not.toContain("stop");
  });

  test("is left out at its beginning and after its finish reason too", () => {
    const { raw, others } = read(
      request,
      "data: no\n\n",
      before,
      after,
      finish("stop"),
      "data: no\n\n",
      usageEvent,
      DONE,
    );
    expect([raw, others.at(-1)]).toMatchObject([whole.raw, { kind: "end", skippedEvents: 2 }]);
  });

  test("makes a stream without a finish reason malformed, and not only cut", () => {
    for (const last of ["", DONE]) {
      expect(read(request, before, last).others.at(-1)).toMatchObject({ failure: { transient: true } });
      expect(read(request, before, "data: no\n\n", last).others.at(-1)).toEqual(malformed);
    }
  });

  test("is no accident where there are too many", () => {
    const bad = "data: no\n\n";
    const most = read(request, before, bad.repeat(MAX_SKIPPED_EVENTS), after, end).others.at(-1);
    expect(most).toMatchObject({ kind: "end", skippedEvents: MAX_SKIPPED_EVENTS });
    expect(read(request, before, bad.repeat(MAX_SKIPPED_EVENTS + 1), after, end).others.at(-1)).toEqual(malformed);
  });

  test("is never one that tells of an error", () => {
    const odd = 'data: {"error":{"message":"private words","code":429},"choices":{}}\n\n';
    const { others } = read(request, before, odd, after, end);
    expect(others.at(-1)).toMatchObject({ failure: { category: "rate_limited", transient: true } });
  });

  test("wherever such events stand and the network cuts, changes nothing but their count", () => {
    const good = [before, piece({ content: "é→🎉" }), after, finish("stop"), usageEvent];
    const expected = read(request, ...good, DONE);
    const places = fc.array(fc.nat(good.length), { minLength: 1, maxLength: MAX_SKIPPED_EVENTS });
    const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(places, fc.constantFrom(...MALFORMED.slice(0, -1)), sizes, (at, [, bad], cuts) => {
        const parts = [...good, DONE].flatMap((part, index) => [
          ...at.filter((place) => place === index).map(() => bad),
          part,
        ]);
        const stream = Buffer.concat(parts.map(bytesOf));
        const { raw, others } = readable(readAll(request, cutUp(stream, cuts)));
        expect(raw).toBe(expected.raw);
        expect(others).toEqual([
          ...expected.others.slice(0, -1),
          { ...Object(expected.others.at(-1)), skippedEvents: at.length },
        ]);
      }),
      { numRuns: 200 },
    );
  });
});

describe.each(CLIENTS)("a call's arguments, to a client of %s,", (_name, request) => {
  const call = (text: string, more: { index?: number; name?: string } = {}) =>
    piece({
      tool_calls: [
        { index: more.index ?? 0, function: { ...(more.name ? { name: more.name } : {}), arguments: text } },
      ],
    });
  const bad = "data: no\n\n";
  const end = finish("tool_calls") + DONE;
  const last = (...parts: readonly string[]) => read(request, ...parts, end).others.at(-1);

  test.each([
    ["before the first", [bad, call("{}", { name: "f" })]],
    ["after the last", [call('{"a":', { name: "f" }), call("1}"), bad]],
    ["between two calls", [call("{}", { name: "f" }), bad, call("", { index: 1, name: "g" })]],
  ])("are whole where an event was left out %s", (_where, parts) => {
    expect(last(...parts)).toMatchObject({ kind: "end", skippedEvents: 1 });
  });

  test.each([
    ["stood among them, and the rest is JSON all the same", [call('{"a":"x', { name: "f" }), bad, call('y"}')]],
    ["stood before the last, which leaves half of them", [call('{"a":', { name: "f" }), bad]],
    ["stood in place of all calls", [piece({ content: "a" }), bad]],
    ["left half of an earlier call", [call('{"a":', { name: "f" }), bad, call("{}", { index: 1, name: "g" })]],
  ])("are not where one was left out that %s", (_where, parts) => {
    expect(last(...parts)).toEqual(malformed);
  });

  test("are not the only ones where what was left out looks like another call", () => {
    const half = `${call("{}", { index: 1, name: "g" }).slice(0, -12)}\n\n`;
    expect(last(call("{}", { name: "f" }), half)).toEqual(malformed);
  });

  test("are the model's own concern where none was left out", () => {
    expect(last(call('{"a":', { name: "f" }))).toMatchObject({ kind: "end", finishReason: "tool_calls" });
  });
});

test("a call without a name, handed on after an event was left out, is doubted", () => {
  const nameless = piece({ tool_calls: [{ index: 0, function: { arguments: "{}" } }] });
  const request = openAiRequest({});
  expect(read(request, "data: no\n\n", nameless, finish("tool_calls"), DONE).others.at(-1)).toEqual(malformed);
  expect(read(request, nameless, finish("tool_calls"), DONE).others.at(-1)).toMatchObject({ kind: "end" });
});

describe("what comes before any content", () => {
  const role = piece({ role: "assistant", content: "", refusal: null, tool_calls: [] });
  const openings = (request: ChatRequest, ...reads: readonly string[]) =>
    readAll(request, reads.map(bytesOf), false).map((chunk) => ("opening" in chunk ? chunk.opening : chunk.kind));

  test("is an opening to a client of the same protocol, and what comes with content is none", () => {
    expect(openings(openAiRequest({}), role, role, piece({ content: "a" }), role)).toEqual([true, true, "raw", "raw"]);
    expect(openings(openAiRequest({}), role + piece({ content: "a" }))).toEqual(["raw"]);
  });

  test.each([
    ["text", { content: "a" }],
    ["thinking", { reasoning_content: "a" }],
    ["thinking by another name", { reasoning: "a" }],
    ["a refusal", { refusal: "a" }],
    ["a call", { tool_calls: [{ index: 0, function: { name: "f" } }] }],
    ["what nobody here knows", { audio: { data: "a" } }],
  ])("is not %s", (_name, delta) => {
    expect(openings(openAiRequest({}), piece(delta))).toEqual(["raw"]);
  });

  test("is not a completion's text", () => {
    const text = (words: string) => piece({}, { text: words });
    expect(openings(openAiRequest({}, COMPLETION), text(""), text("a"))).toEqual([true, "raw"]);
  });

  test("is nothing to a client of another protocol", () => {
    expect(openings(otherRequest(), role, piece({ content: "a" }))).toEqual(["text"]);
  });

  test("is a sign that the model works where it thinks and that is not shown", () => {
    const request = otherRequest({ ...CHAT, thinking: "none" });
    const thinking = piece({ reasoning: "hm" });
    const counted = piece({ reasoning: "hm" }, {}, { usage: { prompt_tokens: 3, completion_tokens: 5 } });
    expect(readAll(request, [bytesOf(counted)], false)).toMatchObject([{ kind: "usage" }, { working: true }]);
    expect(readAll(request, [bytesOf(thinking)], false)).toEqual([{ kind: "alive", working: true }]);
    expect(readAll(request, [bytesOf(role)], false)).toEqual([]);
    expect(readAll(request, [bytesOf(thinking + piece({ content: "a" }))], false)).toEqual([
      { kind: "text", text: "a" },
    ]);
  });
});

describe("a stream of Ollama's", () => {
  const OWN = ollamaAsking("ollama_chat", {}, true);
  const OTHER = asking(chatTask("hi"), { streamed: true });
  const line = (content: string, more: object = {}) =>
    `${JSON.stringify({ model: "m", message: { content }, done: false, ...more })}\n`;
  const done = line("", { done: true, done_reason: "stop", prompt_eval_count: 3, eval_count: 2 });
  const linesOf = (request: ChatRequest, ...lines: readonly (string | Uint8Array)[]) =>
    readLines(request, [Buffer.concat(lines.map(bytesOf))]);
  const last = async (request: ChatRequest, ...lines: readonly (string | Uint8Array)[]) =>
    (await linesOf(request, ...lines)).at(-1);

  test.each([
    ["is no JSON", "private words\n"],
    ["is half of one", '{"model":"m","message":{"role":"assi\n'],
    ["is half of one that says nothing", '{"model":"m","message":{"content":"","thinking":"\n'],
    ["is a list", "[]\n"],
    ["is a number", "1\n"],
    ["is of another protocol", '{"choices":[]}\n'],
    ["has no word for whether it is the last", '{"message":{"content":""}}\n'],
    ["is no UTF-8", Buffer.from('{"model":"\xff","message":{"content":""},"done":false}\n', "latin1")],
  ])("leaves out and counts a line that %s", async (_what, bad) => {
    for (const request of [OWN, OTHER]) {
      const expected = await linesOf(request, line("a"), line("b"), done);
      const chunks = await linesOf(request, line("a"), bad, line("b"), bad, done);
      expect(chunks).toEqual([...expected.slice(0, -1), { ...expected.at(-1), skippedEvents: 2 } as Chunk]);
    }
  });

  test.each([
    ["half of a text", '{"message":{"content":"pri\n'],
    ["a text with no word for whether it is the last", '{"message":{"content":"words"}}\n'],
    ["a text that is no UTF-8", Buffer.from('{"message":{"content":"\xff"},"done":false}\n', "latin1")],
    ["half of a continuation", '{"response":"pri\n'],
    ["half of a thought", '{"message":{"content":"","thinking":"h\n'],
  ])("is malformed where a line that cannot be read looks like %s", async (_what, lost) => {
    for (const request of [OWN, OTHER]) {
      expect(await last(request, line("a"), lost, done)).toMatchObject({
        kind: "failure",
        failure: { category: "malformed_response" },
      });
    }
  });

  test("is malformed where what was left out looks like a call", async () => {
    const calling = (given: unknown) =>
      line("", { message: { content: "", tool_calls: [{ function: { name: "f", arguments: given } }] } });
    for (const request of [OWN, OTHER]) {
      expect(await last(request, calling({}), done)).toMatchObject({ kind: "end" });
      for (const lost of [calling("{}"), `${calling({}).slice(0, -9)}\n`]) {
        const failure = { category: "malformed_response" };
        expect(await last(request, calling({}), lost, done)).toMatchObject({ kind: "failure", failure });
      }
    }
  });

  test("is malformed with too many of them, or without an end", async () => {
    for (const request of [OWN, OTHER]) {
      const most = "no\n".repeat(MAX_SKIPPED_EVENTS);
      expect(await last(request, line("a"), most, done)).toMatchObject({
        kind: "end",
        skippedEvents: MAX_SKIPPED_EVENTS,
      });
      const failure = {
        category: "malformed_response" as const,
        message: "Ollama sent an answer that is not in its protocol.",
      };
      expect(await last(request, line("a"), most, "no\n", done)).toEqual({ kind: "failure", failure });
      expect(await last(request, line("a"), "no\n")).toEqual({ kind: "failure", failure });
      expect(await last(request, line("a"))).toMatchObject({ failure: { transient: true } });
    }
  });

  test.each([
    ["a remote host", '{"remote_host":"https://x"}\n', "remote_model"],
    [
      "a cloud model, at any depth of the rest",
      `{"model":"m:cloud","x":${"[".repeat(60_000)}${"]".repeat(60_000)}}\n`,
      "remote_model",
    ],
    ["an error", '{"error":"oops"}\n', "upstream_error"],
    ["what nests too deep", `{"error":${"[".repeat(60_000)}${"]".repeat(60_000)}}\n`, "malformed_response"],
  ])("never leaves out a line that tells of %s, whatever its form", async (_what, bad, category) => {
    for (const request of [OWN, OTHER]) {
      expect(await last(request, line("a"), bad, done)).toMatchObject({ kind: "failure", failure: { category } });
    }
  });

  test("opens with records that say nothing, and no longer than until one does", async () => {
    const reads = [line(""), line("a"), line("")].map(bytesOf);
    const said = (await readLines(OWN, reads)).map((chunk) => ("opening" in chunk ? "opening" : chunk.kind));
    expect(said).toEqual(["opening", "raw", "raw", "failure"]);
  });

  test("shows a client of another protocol that the model works by records that say nothing, once one did", async () => {
    const reads = [line(""), line("a"), line(""), "\n", line("")].map(bytesOf);
    const works: Chunk = { kind: "alive", working: true };
    expect((await readSigns(OTHER, reads)).slice(0, -1)).toEqual([
      { kind: "alive" },
      { kind: "text", text: "a" },
      works,
      { kind: "alive" },
      works,
    ]);
  });

  test.each([
    ["thinking", { message: { thinking: "hm" } }],
    ["a call", { message: { tool_calls: [{ function: { name: "f", arguments: {} } }] } }],
    ["the probability of a token", { logprobs: [{ token: "" }] }],
  ])("does not open with %s", async (_what, more) => {
    expect((await readLines(OWN, [bytesOf(line("", more))]))[0]).not.toHaveProperty("opening");
  });
});

/** Cuts into pieces of these sizes, again and again. */
function cutUp(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
