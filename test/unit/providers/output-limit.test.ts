import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../src/core/json.ts";
import { type Dialect, toUpstreamRequest } from "../../../src/providers/openai/request.ts";
import { CHAT, COMPLETION, openAiRequest } from "../../support/openai-streams.ts";

const OPENAI: Dialect = { maxTokensField: "max_completion_tokens", readsThinking: false };
const SERVER: Dialect = { maxTokensField: "max_tokens", readsThinking: true };
const ASKED = { model: "m", maxOutputTokens: 50 };

/** What is said of how much to write. */
function limits(body: JsonObject, dialect: Dialect, task: typeof CHAT | typeof COMPLETION = CHAT): object {
  const { path: _path, body: asked } = toUpstreamRequest(openAiRequest(body, task, false), ASKED, dialect);
  const { model: _model, stream: _stream, ...said } = asked as JsonObject;
  return said;
}

describe("a limit of policy", () => {
  test.each([
    [{}, { max_completion_tokens: 50 }],
    [{ max_completion_tokens: null }, { max_completion_tokens: 50 }],
    [{ max_completion_tokens: 900 }, { max_completion_tokens: 50 }],
    [{ max_tokens: 900 }, { max_tokens: 50 }],
    [{ max_tokens: 7 }, { max_tokens: 7 }],
  ])("never makes of %j two limits, which OpenAI refuses", (given, expected) => {
    expect(limits(given, OPENAI)).toEqual(expected);
  });

  test("asks OpenAI for no longer completion than it would make by itself", () => {
    expect(limits({}, OPENAI, COMPLETION)).toEqual({ max_tokens: 16 });
    expect(limits({ max_tokens: 40 }, OPENAI, COMPLETION)).toEqual({ max_tokens: 40 });
    expect(limits({}, SERVER, COMPLETION)).toEqual({ max_tokens: 50 });
  });

  test("leaves the model last", () => {
    const { body } = toUpstreamRequest(openAiRequest({ Model: "x" }, CHAT, false), ASKED, SERVER);
    expect(JSON.stringify(body)).toBe('{"Model":"x","max_tokens":50,"stream":false,"model":"m"}');
  });
});
