import { describe, expect, test } from "bun:test";
import { ok } from "../../../src/core/result.ts";
import type { Decided } from "../../../src/gateway/decided.ts";
import { countsOf, intentOf, outcomeOf } from "../../../src/gateway/records.ts";
import { Stopwatch } from "../../../src/gateway/stopwatch.ts";
import { activeOf, chatRequest, fakeDeps } from "../../support/deps.ts";
import { documentOf, featuresOf } from "../../support/policy.ts";
import { decisionFor, target } from "../../support/target.ts";

const RECEIVED_AT = new Date("2026-11-22T09:59:00.500Z");
const REQUEST = chatRequest("", {
  streamed: false,
  messages: [
    { role: "system", content: "be kind" },
    { role: "user", content: "👋" },
  ],
});

const { active: ACTIVE } = fakeDeps();
const OPENAI = {
  kind: "openai",
  zone: "cloud",
  base_url: "https://api.example.com/v1",
  default_model: "gpt",
} as const;
const PRICED = documentOf({
  providers: { openai: OPENAI },
  prices: { openai: { gpt: { input: 2_000_000, output: 3_000_000 } } },
  default: { route: ["openai"], reason: "default" },
});
const FEATURES = featuresOf({ messageCount: 2, promptChars: 8 });
const DECISION = decisionFor(
  [
    { provider: "local", model: "llama" },
    { provider: "openai", model: "gpt" },
  ],
  {
    rule: "short-prompt",
    shadow: [{ rule: "later", outcome: "deny", provider: null, differs: true }],
  },
);

function decided(overrides: Partial<Decided> = {}): Decided {
  return {
    call: { requestId: "0193-id", signal: new AbortController().signal, caller: "a", labels: {} },
    request: REQUEST,
    findings: { "pii.email": 2 },
    active: ACTIVE,
    features: FEATURES,
    decision: DECISION,
    planned: ok([target("local", "llama"), target("openai", "gpt")] as const),
    reasonCodes: ["default"],
    stopwatch: new Stopwatch(() => 0),
    ...overrides,
  };
}

function intent(overrides: Partial<Decided> = {}) {
  const { deps } = fakeDeps();
  return intentOf(deps, decided(overrides), RECEIVED_AT);
}

describe("intentOf", () => {
  test("puts the decision and measures of the request on record", () => {
    expect(intent()).toEqual({
      requestId: "0193-id",
      receivedAt: RECEIVED_AT,
      surface: "native",
      decision: "route",
      provider: "local",
      zone: "local",
      model: "llama",
      reasonCodes: ["default"],
      findings: { "pii.email": 2 },
      scanRuleset: expect.stringMatching(/^\d+\.\d+\.\d+:[0-9a-f]{64}$/),
      policyHash: DECISION.policyHash,
      rule: "short-prompt",
      features: FEATURES,
      shadow: DECISION.shadow,
      messageCount: 2,
      promptLength: 8,
      promptDigest: expect.stringMatching(/^hmac-sha256:/),
      streamed: false,
    });
  });

  test("names no destination for what is denied", () => {
    const reasonCodes = ["default", "policy.no_compliant_route"] as const;
    const planned = { ok: false, error: { code: "policy.no_compliant_route", field: null, provider: null } } as const;
    expect(intent({ planned, reasonCodes })).toMatchObject({
      decision: "deny",
      provider: null,
      zone: null,
      model: null,
      reasonCodes: [...reasonCodes],
    });
  });
});

describe("outcomeOf", () => {
  const COMPLETED_AT = new Date("2026-11-22T10:00:03.000Z");
  const { deps } = fakeDeps({ now: () => COMPLETED_AT });

  function at(...readingsMs: number[]) {
    return new Stopwatch(() => readingsMs.shift() ?? Number.NaN);
  }

  const ATTEMPTS = [{ provider: "local", model: "llama", result: "answered", sent: true, durationMs: 4 }] as const;

  const ended = {
    status: "succeeded",
    failureCategory: null,
    model: "llama-2026",
    usage: { promptTokens: 3, completionTokens: 5 },
    error: null,
  } as const;

  test("takes over how it ended, who answered and what it took, and none of the answer", () => {
    expect(outcomeOf(deps, decided({ stopwatch: at(100, 250) }), target("local", "llama"), ended, ATTEMPTS)).toEqual({
      requestId: "0193-id",
      completedAt: COMPLETED_AT,
      status: "succeeded",
      provider: "local",
      zone: "local",
      model: "llama-2026",
      failureCategory: null,
      attempts: ATTEMPTS,
      usage: { promptTokens: 3, completionTokens: 5 },
      costMicros: 0,
      latencyMs: 150,
    });
  });

  test("reckons what was used at the price of the model that was asked for", () => {
    const active = activeOf(PRICED, new Map());
    const asked = target("openai", "gpt");
    const stopwatch = () => at(0, 1);
    expect(outcomeOf(deps, decided({ active, stopwatch: stopwatch() }), asked, ended, ATTEMPTS)).toMatchObject({
      model: "llama-2026",
      costMicros: 3 * 2 + 5 * 3,
    });
    const unsaid = { ...ended, usage: { promptTokens: 3, completionTokens: null } };
    expect(outcomeOf(deps, decided({ active, stopwatch: stopwatch() }), asked, unsaid, ATTEMPTS).costMicros).toBeNull();
    const other = target("openai", "unpriced");
    expect(outcomeOf(deps, decided({ active, stopwatch: stopwatch() }), other, ended, ATTEMPTS).costMicros).toBeNull();
  });

  test("names nobody where nobody was asked", () => {
    const ending = { ...ended, status: "denied", model: null } as const;
    const outcome = outcomeOf(deps, decided({ stopwatch: at(0, 1) }), null, ending, ATTEMPTS);
    expect(outcome).toMatchObject({ provider: null, zone: null, model: null, costMicros: null });
  });

  test("names nobody where nothing was sent to whom it would have gone to", () => {
    const ending = { ...ended, status: "failed", failureCategory: "circuit_open", model: "llama" } as const;
    const unsent = [{ provider: "local", model: "llama", result: "circuit_open", sent: false, durationMs: 0 }] as const;
    for (const attempts of [unsent, []]) {
      const outcome = outcomeOf(deps, decided({ stopwatch: at(0, 1) }), target("local", "llama"), ending, attempts);
      expect(outcome).toMatchObject({ provider: null, zone: null, model: null, costMicros: null, attempts });
    }
  });

  test("names who got it last, where the last one did not", () => {
    const ending = { ...ended, status: "failed", failureCategory: "not_local", model: "llama" } as const;
    const attempts = [
      { provider: "openai", model: "gpt", result: "timeout", sent: true, durationMs: 4 },
      { provider: "local", model: "llama", result: "not_local", sent: false, durationMs: 1 },
    ] as const;
    const planned = { ok: true, value: [target("openai", "gpt"), target("local", "llama")] } as const;
    const outcome = outcomeOf(
      deps,
      decided({ stopwatch: at(0, 1), planned }),
      target("local", "llama"),
      ending,
      attempts,
    );
    expect(outcome).toMatchObject({ provider: "openai", zone: "cloud", model: "gpt", failureCategory: "not_local" });
  });

  test("says of a failure what it was", () => {
    const ending = { ...ended, status: "failed", failureCategory: "rate_limited", model: null } as const;
    expect(outcomeOf(deps, decided({ stopwatch: at(0, 1) }), target("local", "llama"), ending, ATTEMPTS)).toMatchObject(
      {
        status: "failed",
        failureCategory: "rate_limited",
        model: "llama",
      },
    );
  });

  test.each([
    [150.4, 150],
    [150.6, 151],
  ])("takes %d ms as %d, since the column holds whole ones", (tookMs, latencyMs) => {
    expect(
      outcomeOf(deps, decided({ stopwatch: at(0, tookMs) }), target("local", "llama"), ended, ATTEMPTS).latencyMs,
    ).toBe(latencyMs);
  });
});

describe("countsOf", () => {
  const found = (code: string, path: string, count: number) => ({ code, path, view: "raw" as const, count });

  test("adds up each code over all places, and keeps none of the places", () => {
    const findings = [
      found("pii.email", "/messages/0/content", 2),
      found("keyword", "/my private key", 1),
      found("pii.email", "/my private key", 3),
    ];
    expect(countsOf(findings)).toEqual({ keyword: 1, "pii.email": 5 });
    expect(countsOf([])).toEqual({});
  });

  test("says the same of the same, in whatever order it was found", () => {
    const findings = [found("secret.jwt", "/a", 1), found("keyword", "/b", 1), found("pii.email", "/c", 1)];
    expect(JSON.stringify(countsOf(findings))).toBe(JSON.stringify(countsOf(findings.toReversed())));
  });
});
