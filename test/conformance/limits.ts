import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ask, RETRY_AFTER_SECONDS } from "../support/scripted-upstream.ts";
import { expectRaised, LOCAL_LENGTH, reasonOf, wordsFor } from "./by-length.ts";
import { ALL_CALLS, STREAM_CALLS } from "./calls.ts";
import { lastRow, openaiOf, user, watched } from "./clients.ts";
import { CHAT, PIXEL, QUESTION } from "./facts.ts";
import { forgetRefusals, ownGateway, VISION_MODELS, WAYS } from "./gateways.ts";
import {
  corsHeaders,
  expectLogged,
  expectOnRecord,
  isRecord,
  postJson,
  rejection,
  until,
  untilError,
  WITH_IMAGE,
} from "./harness.ts";

/** What settings do: time for providers, size of bodies, origins of web pages, and what may not go to the cloud. */

const PAGE = "http://localhost:3000";

/** What a part of the log tells of requests that came to their end. */
function finishedIn(log: string): string[] {
  const whole = log.split("\n").slice(0, -1);
  const entries = whole.map((line): unknown => (line.startsWith("{") ? JSON.parse(line) : null));
  return entries.flatMap((entry) => {
    if (!isRecord(entry) || entry["event"] !== "chat") return [];
    return [
      `${entry["provider"]} ${entry["surface"]} ${entry["streamed"]} ${entry["status"]} ${entry["failure_category"]}`,
    ];
  });
}

describe("a gateway with tight limits", () => {
  const gateway = ownGateway({
    DEFAULT_PROVIDER: "openai",
    COST_MAX_PROMPT_LENGTH_FOR_LOCAL: `${LOCAL_LENGTH}`,
    PROVIDER_TIMEOUT_SECONDS: "2",
    MAX_BODY_BYTES: "65536",
    CORS_ALLOWED_ORIGINS: PAGE,
  });

  /** Every call of both ways at once, since each waits for the time to be over. */
  const everyCall = <T>(calls: readonly T[]) =>
    WAYS.flatMap((way) => calls.map((call) => ({ ...call, side: gateway().sides[way] })));

  test("providers that are silent: every call raises a 504 that nobody is to try again", async () => {
    const { output } = gateway().sides.local;
    const since = output.stdout.length;
    const native = [false, true].map((stream) =>
      postJson(gateway(), "/v1/chat", { messages: user(ask("silence")), stream }),
    );
    const raised = await Promise.all(
      everyCall(ALL_CALLS).map(async ({ ask: call, ...about }) => ({
        ...about,
        error: await rejection(call(about.side, wordsFor(about.side, ask("silence")))),
      })),
    );
    for (const { name, sdk, side, surface, error } of raised) {
      expectRaised(name, sdk, error, { status: 504, type: "timeout_error", code: "provider.timeout" });
      if (!(error instanceof OpenAI.APIError)) continue;
      expect(error.headers?.get("x-should-retry")).toBe("false");
      expect(error.headers?.get("x-policy-mesh-reason-codes")).toBe(`${reasonOf(side, surface)},provider.timeout`);
    }
    for (const response of await Promise.all(native)) {
      expect(response.status).toBe(504);
      expect(await response.json()).toMatchObject({ content: null, error: { code: "provider.timeout" } });
    }
    const told = [
      ...raised.map(({ side, surface, streamed }) => `${side.provider} ${surface} ${streamed} failed timeout`),
      "local native false failed timeout",
      "local native true failed timeout",
    ];
    const logged = () => finishedIn(output.stdout.slice(since));
    await until(() => logged().length >= told.length, "a log line for each of them");
    expect(logged().sort()).toEqual(told.sort());
  });

  test("providers that fall silent in mid-stream: every stream of the SDKs ends with an error", async () => {
    const ended = await Promise.all(
      everyCall(Object.entries(STREAM_CALLS).map(([name, call]) => ({ name, ...call }))).map(
        async ({ side, open, ...about }) => {
          const { stream } = await open(side, wordsFor(side, ask("stall")));
          return { ...about, ...(await untilError(stream)) };
        },
      ),
    );
    for (const { name, sdk, items, error } of ended) {
      expect(items.length).toBeGreaterThan(0);
      const told = sdk === "openai" ? { code: "provider.timeout", type: "timeout_error" } : {};
      const message = expect.stringContaining("for 2 s (PROVIDER_IDLE_TIMEOUT_MS, else PROVIDER_TIMEOUT_SECONDS)");
      expect<unknown>({ name, error }).toMatchObject({ name, error: { ...told, message } });
    }
  });

  test("providers that want more time than a request has: every call after raises a 429 that says how much", async () => {
    for (const way of WAYS) {
      const side = gateway().sides[way];
      const [first] = ALL_CALLS;
      await rejection(first?.ask(side, wordsFor(side, ask("rate-limited"))) ?? Promise.resolve());
      const before = side.upstream.posted().length;
      for (const { name, sdk, ask: call } of ALL_CALLS) {
        const error = await rejection(call(side, wordsFor(side, QUESTION)));
        const raised = sdk === "ollama" ? { status_code: 429 } : { status: 429, code: "rate_limit_exceeded" };
        expect<unknown>({ name, error }).toMatchObject({ name, error: raised });
        const { headers } = watched.last();
        expect(headers.get("x-policy-mesh-attempts")).toBe("0");
        expect(headers.get("x-should-retry")).toBe("true");
        const waitMs = Number(headers.get("retry-after-ms"));
        expect(waitMs).toBeGreaterThan(0);
        expect(waitMs).toBeLessThanOrEqual((RETRY_AFTER_SECONDS + 1) * 1_000);
        expect(await lastRow(side)).toMatchObject({
          status: "failed",
          failure_category: "paused",
          answered_provider: null,
          attempts: [{ result: "paused" }],
        });
      }
      expect(side.upstream.posted()).toHaveLength(before);
    }
  });

  test("a body that is too large or no JSON by its type is refused in its surface's shape", async () => {
    const { sides } = gateway();
    const before = sides.local.upstream.posted().length;
    const large = { model: "auto", messages: user("a".repeat(70_000)) };
    const client = openaiOf(sides.local);
    const error = await rejection(client.chat.completions.create(large));
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ status: 413, type: "invalid_request_error", code: "request.body_too_large" });
    const headers = { "content-type": "text/plain" };
    const ofOtherType = await rejection(
      client.post("/chat/completions", { body: { model: "auto", messages: user("a") }, headers }),
    );
    expect(ofOtherType).toBeInstanceOf(OpenAI.APIError);
    expect(ofOtherType).toMatchObject({
      status: 415,
      type: "invalid_request_error",
      code: "request.unsupported_media_type",
    });
    const ollama = await postJson(gateway(), "/api/chat", large);
    expect(ollama.status).toBe(413);
    expect(await ollama.json()).toEqual({ error: expect.any(String) });
    for (const [body, type, status, code] of [
      [{ messages: large.messages }, "application/json", 413, "request.body_too_large"],
      [{ messages: user("a") }, "text/plain", 415, "request.unsupported_media_type"],
    ] as const) {
      const native = await postJson(gateway(), "/v1/chat", body, { "content-type": type });
      expect(native.status).toBe(status);
      expect(await native.json()).toMatchObject({ request_id: expect.any(String), error: { code } });
    }
    expect(sides.local.upstream.posted()).toHaveLength(before);
    await expectLogged(sides.local, [
      '"error_code":"request.body_too_large"',
      '"error_code":"request.unsupported_media_type"',
    ]);
  });

  test("an image stays local, and is refused where the model there does not see", async () => {
    const { local, cloud } = gateway().sides;
    const before = cloud.upstream.posted().length;
    const client = openaiOf(local);
    const image = { type: "image_url" as const, image_url: { url: `data:image/png;base64,${PIXEL}` } };
    const messages = [
      { role: "user" as const, content: [{ type: "text" as const, text: wordsFor(cloud, QUESTION) }, image] },
    ];
    const error = await rejection(client.chat.completions.create({ model: local.model, messages }));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error", code: "provider.bad_request" });
    expect(await lastRow(local)).toMatchObject({
      status: "failed",
      failure_category: "bad_request",
      provider: "local",
      reason_codes: ["scan.opaque_part"],
    });
    const answer = await client.chat.completions.create({ model: VISION_MODELS.local, messages });
    expect(answer.choices[0]?.message.content).toBe(CHAT.local.text);
    const told = {
      surface: "openai_chat",
      model: VISION_MODELS.local,
      reasonCodes: "scan.opaque_part",
      findings: WITH_IMAGE,
    } as const;
    await expectOnRecord(local, watched.last(), { ...told, usage: CHAT.local.usage });
    expect(cloud.upstream.posted()).toHaveLength(before);
  });

  test("web pages of the origins allowed may ask, and read what the answer says of itself", async () => {
    const { url } = gateway();
    const preflight = await fetch(`${url}/v1/chat/completions`, {
      method: "OPTIONS",
      headers: {
        origin: PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-stainless-lang",
      },
    });
    expect(preflight.status).toBe(204);
    expect(corsHeaders(preflight)).toEqual({
      "access-control-allow-origin": PAGE,
      "access-control-allow-methods": "GET, HEAD, POST",
      "access-control-allow-headers": "authorization,content-type,x-stainless-lang",
      "access-control-max-age": "600",
    });
    const messages = user(QUESTION);
    for (const [path, body, status] of [
      ["/v1/chat/completions", { model: "auto", messages, stream: true }, 200],
      ["/v1/chat/completions", { model: "auto", messages: user(ask("rate-limited")) }, 429],
      ["/api/chat", { model: "auto", messages }, 200],
      ["/v1/chat", { messages: "none" }, 400],
    ] as const) {
      const response = await postJson(gateway(), path, body, { origin: PAGE });
      await response.text();
      await forgetRefusals();
      expect(response.status).toBe(status);
      expect(response.headers.get("vary")).toBe("origin");
      const { "access-control-expose-headers": exposed, ...others } = corsHeaders(response);
      expect(others).toEqual({ "access-control-allow-origin": PAGE });
      expect(exposed?.split(", ").sort()).toEqual([
        "retry-after",
        "retry-after-ms",
        "x-policy-mesh-attempts",
        "x-policy-mesh-model",
        "x-policy-mesh-overhead-ms",
        "x-policy-mesh-provider",
        "x-policy-mesh-reason-codes",
        "x-request-id",
        "x-should-retry",
      ]);
    }
    const stranger = await postJson(gateway(), "/v1/chat", { messages }, { origin: "https://elsewhere.example" });
    await stranger.text();
    expect(corsHeaders(stranger)).toEqual({});
  });

  // The last here: its model servers do not come back.
  test("model servers that are gone: every call of the SDKs raises a 502 that may be tried again", async () => {
    const { sides } = gateway();
    await Promise.all(WAYS.map((way) => sides[way].upstream.stop()));
    for (const way of WAYS) {
      const side = sides[way];
      for (const { name, sdk, surface, streamed, ask: call } of ALL_CALLS) {
        const error = await rejection(call(side, wordsFor(side, QUESTION)));
        expectRaised(name, sdk, error, { status: 502, type: "upstream_error", code: "provider.unreachable" });
        expect(watched.last().headers.get("x-should-retry")).toBe("true");
        expect(await lastRow(side)).toMatchObject({
          status: "failed",
          failure_category: "unreachable",
          provider: side.provider,
          reason_codes: [reasonOf(side, surface)],
          surface,
          streamed,
        });
      }
    }
  });
});
