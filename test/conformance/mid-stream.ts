import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ask, type Script, UPSTREAM_WORDS } from "../support/scripted-upstream.ts";
import { STREAM_CALLS } from "./calls.ts";
import { lastRequestId, lastRow, openaiOf, user } from "./clients.ts";
import { type Side, sideOf, WAYS } from "./gateways.ts";
import { isRecord, postJson, untilError } from "./harness.ts";

/** How a stream fails: its connection is cut, or it tells of an error. */
export const MID_STREAM = [
  {
    script: "stall",
    code: "provider.malformed_response",
    category: "malformed_response",
    says: /^The provider "(local|openai)" broke off its answer\.$/,
  },
  {
    script: "error-event",
    code: "provider.upstream_error",
    category: "upstream_error",
    says: /^The provider "(local|openai)" failed in the middle of its answer\.$/,
  },
] as const;

/** Words of its own for each, so that only its own connection is cut. */
export function midStream(side: Side, script: Script) {
  const words = `${ask(script)} ${crypto.randomUUID()}`;
  return { words, onFirst: () => (script === "stall" ? side.upstream.breakOff(words) : undefined) };
}

const CALLS = Object.entries(STREAM_CALLS);
const CASES = CALLS.flatMap(([name, call]) => MID_STREAM.map((failing) => ({ name, ...call, ...failing })));

describe.each([...WAYS])("an error of the %s model in mid-stream", (way) => {
  test.each(CASES)("$name, $script: ends the SDK's stream with an error", async (expected) => {
    const side = sideOf(way);
    const { words, onFirst } = midStream(side, expected.script);
    const { stream } = await expected.open(side, words);
    const { items, error } = await untilError(stream, onFirst);
    expect(items.length).toBeGreaterThan(0);
    if (expected.sdk === "ollama") {
      expect(items.filter((item) => !isRecord(item) || item["done"] !== false)).toEqual([]);
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ message: expect.stringMatching(expected.says) });
    } else {
      expect(error).toBeInstanceOf(OpenAI.APIError);
      expect(error).toMatchObject({
        status: undefined,
        code: expected.code,
        param: null,
        type: "upstream_error",
        message: expect.stringMatching(expected.says),
      });
    }
    expect(await lastRow(side)).toMatchObject({
      status: "failed",
      failure_category: expected.category,
      surface: expected.surface,
      streamed: true,
      model: side.model,
      usage: { prompt_tokens: null, completion_tokens: null },
    });
  });

  test("responses: the events before and after the error are those of a response that failed", async () => {
    const side = sideOf(way);
    const body = { model: side.model, input: ask("error-event"), stream: true } as const;
    const text = await (await openaiOf(side).responses.create(body).asResponse()).text();
    const events = text.split("\n\n").filter((event) => event !== "");
    const [error, failed] = events
      .slice(-2)
      .map((event): unknown => JSON.parse(event.replace(/^event: .*\ndata: /, "")));
    const told = { code: "provider.upstream_error", message: expect.any(String), param: null };
    const number = events.length - 2;
    expect(error).toEqual({
      type: "error",
      sequence_number: number,
      ...told,
      error: { ...told, type: "upstream_error" },
    });
    expect(failed).toMatchObject({
      type: "response.failed",
      sequence_number: number + 1,
      response: {
        id: `resp_${lastRequestId()}`,
        status: "failed",
        error: { code: expect.any(String), message: expect.any(String) },
        usage: null,
      },
    });
    expect(text).not.toContain("response.completed");
    expect(text).not.toContain(UPSTREAM_WORDS);
  });

  test("the wire shows neither an end marker nor the upstream's words", async () => {
    const side = sideOf(way);
    const words = ask("error-event");
    const bodies = {
      "/v1/chat/completions": { messages: user(words), stream: true },
      "/v1/completions": { prompt: words, stream: true },
      "/api/chat": { messages: user(words) },
      "/api/generate": { prompt: words },
    };
    for (const [path, body] of Object.entries(bodies)) {
      const text = await (await postJson(side, path, { model: side.model, ...body })).text();
      expect(text).not.toContain(UPSTREAM_WORDS);
      if (path.startsWith("/v1/")) {
        expect(text).not.toContain("[DONE]");
        expect(text).not.toContain('finish_reason":"');
        const last = text.trimEnd().split("\n\n").at(-1) ?? "";
        expect(JSON.parse(last.replace(/^data: /, ""))).toEqual({
          error: { message: expect.any(String), type: "upstream_error", param: null, code: "provider.upstream_error" },
        });
      } else {
        expect(text).not.toContain('"done":true');
        expect(JSON.parse(text.trimEnd().split("\n").at(-1) ?? "")).toEqual({ error: expect.any(String) });
      }
    }
  });
});
