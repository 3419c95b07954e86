import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ask } from "../support/scripted-upstream.ts";
import { lastRow, ollamaOf, openaiOf } from "./clients.ts";
import { askedWith, loggedRow, rejection, sideOf, WAYS } from "./harness.ts";

describe.each([...WAYS])("a client of the %s model that leaves", (way) => {
  const unique = (script: "stall" | "silence") => `${ask(script)} ${crypto.randomUUID()}`;

  test("openai SDK, before the answer: the upstream sees it, the row says it", async () => {
    const side = sideOf(way);
    const words = unique("silence");
    const since = side.output.stdout.length;
    const abort = new AbortController();
    const answer = rejection(
      openaiOf(side).chat.completions.create(
        { model: side.model, messages: [{ role: "user", content: words }] },
        { signal: abort.signal },
      ),
    );
    await askedWith(side, words);
    abort.abort();
    expect(await answer).toBeInstanceOf(OpenAI.APIUserAbortError);
    await side.upstream.departure(words);
    const row = await loggedRow(side, since, "client_aborted");
    expect(row).toMatchObject({ status: "client_aborted", surface: "openai_chat", streamed: false });
  });

  test("openai SDK, in mid-stream", async () => {
    const side = sideOf(way);
    const words = unique("stall");
    const abort = new AbortController();
    const stream = await openaiOf(side).chat.completions.create(
      { model: side.model, messages: [{ role: "user", content: words }], stream: true },
      { signal: abort.signal },
    );
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) abort.abort();
    }
    await side.upstream.departure(words);
    expect(await lastRow(side)).toMatchObject({ status: "client_aborted", failure_category: null, streamed: true });
  });

  test("openai SDK, in a stream of responses", async () => {
    const side = sideOf(way);
    const words = unique("stall");
    const abort = new AbortController();
    const stream = await openaiOf(side).responses.create(
      { model: side.model, input: words, stream: true },
      { signal: abort.signal },
    );
    for await (const event of stream) if (event.type === "response.output_text.delta") abort.abort();
    await side.upstream.departure(words);
    expect(await lastRow(side)).toMatchObject({ status: "client_aborted", surface: "openai_responses" });
  });

  test("ollama SDK, in mid-stream", async () => {
    const side = sideOf(way);
    const words = unique("stall");
    const messages = [{ role: "user", content: words }];
    const stream = await ollamaOf(side).chat({ model: side.model, messages, stream: true });
    const reading = rejection(
      (async () => {
        for await (const record of stream) if (record.message.content !== "") stream.abort();
      })(),
    );
    expect(await reading).toMatchObject({ name: "AbortError" });
    await side.upstream.departure(words);
    expect(await lastRow(side)).toMatchObject({ status: "client_aborted", surface: "ollama_chat", streamed: true });
  });
});
