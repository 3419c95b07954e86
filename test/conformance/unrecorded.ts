import { describe, expect, test } from "bun:test";
import { NO_DATABASE } from "../support/gateway-process.ts";
import { expectRaised, LOCAL_LENGTH, wordsFor } from "./by-length.ts";
import { ALL_CALLS } from "./calls.ts";
import { openaiOf, user } from "./clients.ts";
import { QUESTION } from "./facts.ts";
import { ownGateway, WAYS } from "./gateways.ts";
import { postJson, rejection } from "./harness.ts";

/** What cannot be put on record is not asked of anybody. */

describe("without a database, where every row has to be there before its answer", () => {
  const gateway = ownGateway({
    ...NO_DATABASE,
    AUDIT_MODE: "strict",
    DEFAULT_PROVIDER: "openai",
    COST_MAX_PROMPT_LENGTH_FOR_LOCAL: `${LOCAL_LENGTH}`,
  });

  test.each([...WAYS])(
    "nothing is asked of the %s model: every call raises a 503 that may be tried again",
    async (way) => {
      const side = gateway().sides[way];
      const raised = await Promise.all(
        ALL_CALLS.map(async ({ ask: call, ...about }) => ({
          ...about,
          error: await rejection(call(side, wordsFor(side, QUESTION))),
        })),
      );
      for (const { name, sdk, error } of raised) {
        expectRaised(name, sdk, error, { status: 503, type: "server_error", code: "audit.unavailable" });
      }
      for (const path of ["/v1/chat/completions", "/api/chat"]) {
        const response = await postJson(side, path, { model: "auto", messages: user(wordsFor(side, QUESTION)) });
        expect(response.status).toBe(503);
        expect({
          shouldRetry: response.headers.get("x-should-retry"),
          retryAfter: response.headers.get("retry-after"),
          retryAfterMs: response.headers.get("retry-after-ms"),
          provider: response.headers.get("x-policy-mesh-provider"),
        }).toEqual({ shouldRetry: "true", retryAfter: "1", retryAfterMs: "1000", provider: side.provider });
      }
      expect(side.upstream.posted()).toEqual([]);
    },
  );

  test("the native surface says so too, and models are listed all the same", async () => {
    for (const stream of [false, true]) {
      const response = await postJson(gateway(), "/v1/chat", { messages: user(QUESTION), stream });
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("1");
      expect(await response.json()).toEqual({
        request_id: response.headers.get("x-request-id"),
        provider: "local",
        model: gateway().sides.local.model,
        reason_codes: ["cost_prefer_local"],
        content: null,
        finish_reason: null,
        usage: { prompt_tokens: null, completion_tokens: null },
        error: { code: "audit.unavailable", message: expect.any(String) },
      });
    }
    const models = await openaiOf(gateway().sides.local).models.list();
    expect(models.data.map((model) => model.id)).toContain("auto");
  });
});
