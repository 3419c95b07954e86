import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { ask, UPSTREAM_WORDS } from "../support/scripted-upstream.ts";
import { OPENING, QUESTION, WEATHER_QUESTION } from "./facts.ts";
import { forgetRefusals, sideOf, startSides, stopSides, WAYS } from "./gateways.ts";
import { expectLogged, postJson } from "./harness.ts";
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
import "./native.ts";
import "./limits.ts";
import "./unrecorded.ts";
import "./crossing.ts";

/** Real clients against the running gateway, each answered by a local and by a cloud model. */

beforeAll(startSides);
afterEach(forgetRefusals);
afterAll(stopSides);

// The last of all, when everything above has been said; it also says of its own what there is to look for.
test.each([...WAYS])(
  "the log of the gateway of the %s model holds no words of anybody and tells of no bug",
  async (way) => {
    const side = sideOf(way);
    const chat = (content: string) =>
      postJson(side, "/api/chat", { model: "auto", messages: [{ role: "user", content }], stream: false });
    const completed = postJson(side, "/v1/completions", { model: "auto", prompt: OPENING });
    const refused = postJson(side, "/v1/chat", {
      messages: [{ role: "user", content: QUESTION }],
      [WEATHER_QUESTION]: 1,
    });
    const answers = await Promise.all([chat(QUESTION), chat(WEATHER_QUESTION), completed, refused]);
    // By itself: who comes after it waits as long as the provider said.
    answers.push(await chat(`Lisbon ${ask("rate-limited")}`));
    expect(answers.map((response) => response.status)).toEqual([200, 200, 200, 400, 429]);
    await expectLogged(side, ['"status":"succeeded"', '"status":"failed"', '"error_code":"request.unknown_field"']);
    const { stdout, stderr } = side.output;
    for (const words of [OPENING, QUESTION, WEATHER_QUESTION, UPSTREAM_WORDS, "Lisbon", '"event":"bug"']) {
      expect(`${stdout}${stderr}`.includes(words)).toBe(false);
    }
  },
);
