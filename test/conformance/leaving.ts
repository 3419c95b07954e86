import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ask } from "../support/scripted-upstream.ts";
import { ALL_CALLS, STREAM_CALLS } from "./calls.ts";
import { lastRow } from "./clients.ts";
import { sideOf, WAYS } from "./gateways.ts";
import { askedWith, loggedRow, rejection, untilError } from "./harness.ts";

const unique = (script: "stall" | "silence") => `${ask(script)} ${crypto.randomUUID()}`;
const LEFT = {
  status: "client_aborted",
  failure_category: null,
  usage: { prompt_tokens: null, completion_tokens: null },
} as const;
const STREAMS = Object.entries(STREAM_CALLS).map(([name, call]) => ({ name, ...call }));

describe.each([...WAYS])("a client of the %s model that leaves", (way) => {
  test.each([...ALL_CALLS])(
    "$name, before the answer: the upstream sees it, the row says it",
    async ({ sdk, surface, streamed, ask: call }) => {
      const side = sideOf(way);
      const words = unique("silence");
      const sinceMs = Date.now();
      const abort = new AbortController();
      const answer = rejection(call(side, words, abort.signal));
      await askedWith(side, words);
      abort.abort();
      const error = await answer;
      if (sdk === "openai") expect(error).toBeInstanceOf(OpenAI.APIUserAbortError);
      else expect(error).toMatchObject({ name: "AbortError" });
      await side.upstream.departure(words);
      const row = await loggedRow(side, sinceMs, "client_aborted");
      expect(row).toMatchObject({ ...LEFT, surface, streamed, provider: side.provider });
    },
  );

  test.each(STREAMS)("$name, in mid-stream", async ({ sdk, surface, open }) => {
    const side = sideOf(way);
    const words = unique("stall");
    const { stream, abort } = await open(side, words);
    const { items, error } = await untilError(stream, abort);
    expect(items.length).toBeGreaterThan(0);
    // The openai SDK takes its caller's own abort for an end.
    if (sdk === "openai") expect(error).toBeNull();
    else expect(error).toMatchObject({ name: "AbortError" });
    await side.upstream.departure(words);
    expect(await lastRow(side)).toMatchObject({ ...LEFT, surface, streamed: true, provider: side.provider });
  });
});
