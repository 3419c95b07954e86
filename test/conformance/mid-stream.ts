import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ask, UPSTREAM_WORDS } from "../support/scripted-upstream.ts";
import { lastRow, ollamaOf, openaiOf } from "./clients.ts";
import { type Side, sideOf, untilError, WAYS } from "./harness.ts";

/** How a stream fails: its connection is cut, or it tells of an error. */
const MID_STREAM = [
  { script: "stall", code: "provider.malformed_response", category: "malformed_response" },
  { script: "error-event", code: "provider.upstream_error", category: "upstream_error" },
] as const;

const midStream = (side: Side, script: "stall" | "error-event") => {
  const words = `${ask(script)} ${crypto.randomUUID()}`;
  return { words, onFirst: () => (script === "stall" ? side.upstream.breakOff(words) : undefined) };
};

describe.each([...WAYS])("an error of the %s model in mid-stream", (way) => {
  test.each([...MID_STREAM])(
    "$script: ends the openai SDK's stream with an error",
    async ({ script, code, category }) => {
      const side = sideOf(way);
      const { words, onFirst } = midStream(side, script);
      const messages = [{ role: "user" as const, content: words }];
      const stream = await openaiOf(side).chat.completions.create({ model: side.model, messages, stream: true });
      const { items, error } = await untilError(stream, onFirst);
      expect(items.length).toBeGreaterThan(0);
      expect(error).toBeInstanceOf(OpenAI.APIError);
      expect(error).toMatchObject({ code, type: "upstream_error" });
      expect(String(error)).not.toContain(UPSTREAM_WORDS);
      expect(await lastRow(side)).toMatchObject({ status: "failed", failure_category: category, streamed: true });
    },
  );

  test.each([...MID_STREAM])(
    "$script: ends the responses' stream with an event that says so",
    async ({ script, category }) => {
      const side = sideOf(way);
      const { words, onFirst } = midStream(side, script);
      const stream = await openaiOf(side).responses.create({ model: side.model, input: words, stream: true });
      const { items, error } = await untilError(stream, onFirst);
      const types = items.map((event) => event.type);
      expect(types[0]).toBe("response.created");
      expect(types).not.toContain("response.completed");
      expect(error !== null || types.includes("response.failed") || types.includes("error")).toBe(true);
      expect(await lastRow(side)).toMatchObject({ status: "failed", failure_category: category, streamed: true });
    },
  );

  test.each([...MID_STREAM])("$script: ends the ollama SDK's stream with an error", async ({ script, category }) => {
    const side = sideOf(way);
    const { words, onFirst } = midStream(side, script);
    const messages = [{ role: "user", content: words }];
    const stream = await ollamaOf(side).chat({ model: side.model, messages, stream: true });
    const { items, error } = await untilError(stream, onFirst);
    expect(items.length).toBeGreaterThan(0);
    expect(items.every((item) => !item.done)).toBe(true);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).not.toContain(UPSTREAM_WORDS);
    expect(await lastRow(side)).toMatchObject({ status: "failed", failure_category: category, streamed: true });
  });

  test("the wire shows neither an end marker nor the upstream's words", async () => {
    const side = sideOf(way);
    const messages = [{ role: "user", content: ask("error-event") }];
    const body = JSON.stringify({ model: side.model, messages, stream: true });
    const post = async (path: string) =>
      await (
        await fetch(`${side.url}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body })
      ).text();
    const sse = await post("/v1/chat/completions");
    expect(sse).not.toContain("[DONE]");
    expect(sse).not.toContain('finish_reason":"');
    expect(sse.trimEnd().split("\n\n").at(-1)).toStartWith('data: {"error":{');
    const ndjson = await post("/api/chat");
    expect(ndjson).not.toContain('"done":true');
    expect(JSON.parse(ndjson.trimEnd().split("\n").at(-1) ?? "")).toEqual({ error: expect.any(String) });
    expect(`${sse}${ndjson}`).not.toContain(UPSTREAM_WORDS);
  });
});
