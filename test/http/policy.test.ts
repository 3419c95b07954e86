import { describe, expect, test } from "bun:test";
import type { PolicyDocument } from "../../src/policy/document.ts";
import { fakeApp } from "../support/app.ts";
import { activeOf, fakeDeps } from "../support/deps.ts";
import { documentOf } from "../support/policy.ts";

const CANARY = "canary-keyword";

const DOCUMENT: PolicyDocument = documentOf({
  name: "team",
  version: 7,
  providers: {
    local: {
      kind: "ollama",
      zone: "local",
      base_url: "http://someone:canary-password@canary-host.internal:11434",
      allowed_addresses: ["203.0.113.0/24"],
      default_model: "llama3.1",
    },
    cloud: {
      kind: "openai",
      zone: "cloud",
      base_url: "https://canary-host.example/v1",
      api_key: `\${CANARY_KEY}`,
      default_model: "gpt-4o-mini",
      attempts: { idle_timeout_ms: 900, retries: 0 },
      breaker: { failure_percent: 20, open_seconds: 2 },
      max_concurrency: 7,
    },
  },
  signals: {
    project: {
      description: `What ${CANARY} is.`,
      keywords: [CANARY, "another"],
      patterns: [{ id: "case_number", pattern: "canary-[0-9]+", keywords: ["canary-word"] }],
    },
    personal: { groups: ["pii"], detectors: ["secret.jwt"] },
  },
  constraints: [
    { id: "keep-project", when: { signal: "project" }, forbid: { zones_except: ["local"] }, reason: "project" },
    { id: "no-big", when: { has_tools: true }, forbid: { providers: ["cloud"], models: ["big"] }, reason: "no_big" },
  ],
  rules: [
    { id: "tools", when: { any: [{ has_tools: true }, { signal: "project" }] }, route: ["local"], reason: "tools" },
    {
      id: "project-with-tools",
      when: { signal: "project", has_tools: true },
      route: ["local", "cloud"],
      reason: "both",
      limits: { max_output_tokens: 100 },
      delivery: "whole",
      attempts: { deadline_seconds: 60, timeout_seconds: 5, retries: 1, max_targets: 1 },
    },
    { id: "long", when: { prompt_chars: { at_least: 100 } }, deny: true, reason: "too_long" },
  ],
  limits: { max_estimated_cost_micros: 900 },
  shadow: [{ id: "all-local", route: ["local"], reason: "all_local" }],
  tests: [{ name: "x", given: { text: CANARY }, expect: { route: ["local"] } }],
});

const NO_ATTEMPTS = {
  timeout_ms: null,
  connect_timeout_ms: null,
  first_token_timeout_ms: null,
  idle_timeout_ms: null,
  retries: null,
};

/** The routes under the document, in force as a file would be. */
function teamApp() {
  const active = activeOf(DOCUMENT, fakeDeps().active.providers);
  return { ...fakeApp({ active: () => active }), policy: active.policy };
}

async function bodyOf(path: string, app: Pick<ReturnType<typeof fakeApp>, "send"> = teamApp()) {
  const response = await app.send(path);
  expect(response.status).toBe(200);
  const text = await response.text();
  return { text, body: JSON.parse(text) };
}

describe("GET /v1/policy", () => {
  test("says which policy is in force, since when and from where", async () => {
    const app = teamApp();
    expect((await bodyOf("/v1/policy", app)).body).toMatchObject({
      name: "team",
      version: 7,
      hash: app.policy.hash,
      source: "file",
      loaded_at: "2026-11-22T09:00:00.000Z",
    });
    expect((await bodyOf("/v1/policy", fakeApp())).body).toMatchObject({ name: "built-in", source: "built-in" });
  });

  test("names providers, and what signals look for by kinds and numbers", async () => {
    const { body } = await bodyOf("/v1/policy");
    expect(body.providers).toEqual([
      {
        id: "cloud",
        kind: "openai",
        zone: "cloud",
        default_model: "gpt-4o-mini",
        attempts: { ...NO_ATTEMPTS, idle_timeout_ms: 900, retries: 0 },
        breaker: { failure_percent: 20, minimum_calls: 5, window_ms: 30_000, open_ms: 2_000 },
        max_concurrency: 7,
      },
      {
        id: "local",
        kind: "ollama",
        zone: "local",
        default_model: "llama3.1",
        attempts: NO_ATTEMPTS,
        breaker: { failure_percent: 50, minimum_calls: 5, window_ms: 30_000, open_ms: 5_000 },
        max_concurrency: 128,
      },
    ]);
    expect(body.signals).toEqual([
      { id: "personal", keyword_count: 0, patterns: [], detectors: ["secret.jwt"], groups: ["pii"] },
      { id: "project", keyword_count: 2, patterns: ["case_number"], detectors: [], groups: [] },
    ]);
  });

  test("has constraints, rules, default and shadow with their conditions as the file has them", async () => {
    const { body } = await bodyOf("/v1/policy");
    const plain = {
      limits: { max_output_tokens: null, max_estimated_cost_micros: 900 },
      delivery: "live",
      attempts: { deadline_ms: null, ...NO_ATTEMPTS, max_targets: null },
    };
    expect(body.constraints).toEqual([
      {
        id: "keep-project",
        reason: "project",
        when: { signal: "project" },
        forbids: { zones: ["cloud"], providers: [], models: [] },
      },
      {
        id: "no-big",
        reason: "no_big",
        when: { has_tools: true },
        forbids: { zones: [], providers: ["cloud"], models: ["big"] },
      },
    ]);
    expect(body.rules).toEqual([
      { id: "tools", reason: "tools", when: DOCUMENT.rules?.[0]?.when, route: ["local"], ...plain },
      {
        id: "project-with-tools",
        reason: "both",
        when: { signal: "project", has_tools: true },
        route: ["local", "cloud"],
        limits: { max_output_tokens: 100, max_estimated_cost_micros: 900 },
        delivery: "whole",
        attempts: { deadline_ms: 60_000, ...NO_ATTEMPTS, timeout_ms: 5_000, retries: 1, max_targets: 1 },
      },
      { id: "long", reason: "too_long", when: { prompt_chars: { at_least: 100 } }, route: null, ...plain },
    ]);
    expect(body.default).toEqual({ id: "default", reason: "default", when: null, route: ["cloud"], ...plain });
    expect(body.shadow).toEqual([{ id: "all-local", reason: "all_local", when: null, route: ["local"], ...plain }]);
  });
});

describe.each(["/v1/policy", "/v1/routes"])("%s", (path) => {
  test("shows no keyword, no pattern, no description, no test, no address and no key", async () => {
    const { text } = await bodyOf(path);
    expect(text.toLowerCase()).not.toContain("canary");
    expect(text).not.toContain("another");
    expect(text).not.toContain("203.0.113");
  });

  test("follows the policy that is in force at the moment", async () => {
    const { active } = fakeDeps();
    let current = active;
    const app = fakeApp({ active: () => current });
    expect((await bodyOf(path, app)).text).toContain('"built-in"');
    current = activeOf(DOCUMENT, active.providers);
    const { text } = await bodyOf(path, app);
    expect(text).toContain('"team"');
    expect(text).not.toContain('"built-in"');
  });
});

describe("GET /v1/routes", () => {
  test("says the rules in words and in order, with what constraints forbid where they match", async () => {
    const { body } = await bodyOf("/v1/routes");
    expect(body).toEqual({
      policy: "team",
      constraints: [
        {
          id: "keep-project",
          when: 'signal "project" is found',
          forbids: { zones: ["cloud"], providers: [], models: [] },
          reason: "project",
        },
        {
          id: "no-big",
          when: "the request has tools",
          forbids: { zones: [], providers: ["cloud"], models: ["big"] },
          reason: "no_big",
        },
      ],
      rules: [
        {
          id: "tools",
          when: 'the request has tools, or signal "project" is found',
          route: ["local"],
          forbidden_zones: [],
          reason: "tools",
        },
        {
          id: "project-with-tools",
          when: 'the request has tools, and signal "project" is found',
          route: ["local", "cloud"],
          forbidden_zones: ["cloud"],
          reason: "both",
        },
        {
          id: "long",
          when: "the prompt has at least 100 characters",
          route: [],
          forbidden_zones: [],
          reason: "too_long",
        },
        { id: "default", when: "otherwise", route: ["cloud"], forbidden_zones: [], reason: "default" },
      ],
      providers: [
        { id: "cloud", zone: "cloud", default_model: "gpt-4o-mini" },
        { id: "local", zone: "local", default_model: "llama3.1" },
      ],
    });
  });

  test("shows the built-in policy as it follows from the settings", async () => {
    const { body } = await bodyOf("/v1/routes", fakeApp());
    expect(body.policy).toBe("built-in");
    const rules = body.rules.map(({ route, forbidden_zones, reason }: Record<string, unknown>) => [
      route,
      forbidden_zones,
      reason,
    ]);
    const stays = (reason: string) => [["local"], ["cloud"], reason];
    expect(rules.slice(0, 4).toSorted()).toEqual(
      [
        stays("sensitive_keyword_match"),
        stays("sensitive_data_match"),
        stays("scan.budget_exceeded"),
        stays("scan.opaque_part"),
      ].toSorted(),
    );
    expect(rules.slice(4)).toEqual([
      [["openai"], [], "embedding_model"],
      [["local"], [], "embedding_model"],
      [["local"], [], "cost_prefer_local"],
      [["openai"], [], "default"],
    ]);
  });

  test("does not speak of detectors that are off", async () => {
    const { text } = await bodyOf("/v1/routes", fakeApp({}, { detectSensitiveData: false }));
    expect(text).not.toContain("sensitive_data_match");
  });
});
