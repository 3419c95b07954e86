import { afterAll, beforeAll, expect, test } from "bun:test";
import { UPSTREAM_WORDS } from "../support/scripted-upstream.ts";
import { OPENING, QUESTION, WEATHER_QUESTION } from "./facts.ts";
import { sideOf, startSides, WAYS } from "./harness.ts";
import "./openai-chat.ts";
import "./openai-tools.ts";
import "./openai-more.ts";
import "./responses.ts";
import "./ollama-chat.ts";
import "./ollama-more.ts";
import "./ai-sdk.ts";
import "./langchain.ts";
import "./thinking.ts";
import "./errors.ts";
import "./mid-stream.ts";
import "./leaving.ts";
import "./refusals.ts";

/** Real clients against the running gateway, each answered by a local and by a cloud model. */

let stop: () => Promise<void>;
beforeAll(async () => {
  stop = await startSides();
});
afterAll(() => stop());

// The last of all, when everything above has been said.
test.each([...WAYS])("the log of the gateway of the %s model holds no words of anybody and tells of no bug", (way) => {
  const { stdout, stderr } = sideOf(way).output;
  expect(stdout.includes('"status":"succeeded"')).toBe(true);
  for (const words of [OPENING, QUESTION, WEATHER_QUESTION, UPSTREAM_WORDS, "Lisbon", '"event":"bug"']) {
    expect(`${stdout}${stderr}`.includes(words)).toBe(false);
  }
});
