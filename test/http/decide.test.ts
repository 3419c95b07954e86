import { describe, expect, test } from "bun:test";
import { SURFACES, type Surface } from "../../src/core/chat.ts";
import type { PolicyDocument } from "../../src/policy/document.ts";
import { fakeApp } from "../support/app.ts";
import { activeOf, fakeDeps } from "../support/deps.ts";
import { documentOf } from "../support/policy.ts";

const user = (content: string) => [{ role: "user", content }];

/** One good request for each surface; `text` is all that differs. */
const BODIES: Readonly<Record<Surface, (text: string) => object>> = {
  native: (text) => ({ messages: user(text) }),
  openai_chat: (text) => ({ model: "auto", messages: user(text) }),
  openai_completions: (text) => ({ model: "auto", prompt: text }),
  openai_embeddings: (text) => ({ model: "auto", input: text }),
  openai_responses: (text) => ({ model: "auto", input: text }),
  ollama_chat: (text) => ({ model: "auto", messages: user(text), stream: false }),
  ollama_generate: (text) => ({ model: "auto", prompt: text, stream: false }),
  ollama_embed: (text) => ({ model: "auto", input: text }),
  ollama_embeddings: (text) => ({ model: "auto", prompt: text }),
};
const PATHS: Readonly<Record<Surface, string>> = {
  native: "/v1/chat",
  openai_chat: "/v1/chat/completions",
  openai_completions: "/v1/completions",
  openai_embeddings: "/v1/embeddings",
  openai_responses: "/v1/responses",
  ollama_chat: "/api/chat",
  ollama_generate: "/api/generate",
  ollama_embed: "/api/embed",
  ollama_embeddings: "/api/embeddings",
};

type App = ReturnType<typeof fakeApp>;

async function decide(app: App, body: unknown, query = "") {
  const response = await app.post(`/v1/decide${query}`, body);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
}

/** Nobody was called, nothing is on record, and no metric of chats has it. */
function expectNothingDone({ audit, local, openai, telemetry }: App): void {
  expect([audit.journal, [...audit.intents], local.calls, openai.calls, telemetry.finished]).toEqual([
    [],
    [],
    [],
    [],
    [],
  ]);
}

const byPolicy = (overrides: Partial<PolicyDocument>) => {
  const active = activeOf(
    documentOf({ providers: { ...TWO }, prices: {}, default: { route: ["openai"], reason: "default" }, ...overrides }),
    fakeDeps().active.providers,
  );
  return fakeApp({ active: () => active });
};
const TWO: PolicyDocument["providers"] = {
  local: { kind: "ollama", zone: "local", base_url: "http://127.0.0.1:11434", default_model: "local-default" },
  openai: { kind: "openai", zone: "cloud", base_url: "https://api.example.com/v1", default_model: "openai-default" },
};

describe.each(SURFACES)("POST /v1/decide?surface=%s", (surface) => {
  const query = `?surface=${surface}`;
  const LONG = "a prompt that is too long for the local provider";

  test("decides as the route itself would, and does nothing", async () => {
    const [app, real] = [fakeApp(), fakeApp()];
    for (const text of ["hello", LONG, `${LONG} secret`]) {
      const dry = await decide(app, BODIES[surface](text), query);
      expect(dry.status).toBe(200);
      expectNothingDone(app);
      const { headers } = await real.post(PATHS[surface], BODIES[surface](text));
      expect([dry.body.candidates[0].provider, dry.body.candidates[0].model, dry.body.reason_codes.join(",")]).toEqual([
        headers.get("x-policy-mesh-provider"),
        headers.get("x-policy-mesh-model"),
        headers.get("x-policy-mesh-reason-codes"),
      ]);
      expect(dry.body.features.surface).toBe(surface);
    }
    expect(app.telemetry.dryRuns.map(({ denied }) => denied)).toEqual([false, false, false]);
  });

  test("quotes nothing of what it finds", async () => {
    const mail = ["jane.roe", "mail.example.org"].join("@");
    const { body, text } = await decide(fakeApp(), BODIES[surface](`The secret of canary-9f3b is ${mail}`), query);
    expect(body.findings).toMatchObject({ "keyword.sensitive_keyword": 1, "pii.email": 1 });
    expect(body.features.signals.toSorted()).toEqual(["sensitive_data", "sensitive_keyword"]);
    for (const word of ["canary", "jane", "roe", "example.org", '"secret']) expect(text).not.toContain(word);
  });

  test("refuses a body that the route refuses, by the same code and field", async () => {
    const wrong = [
      "{",
      [],
      "null",
      {},
      { ...BODIES[surface]("x"), model: 7 },
      '{"messages":1,"messages":2}',
      { ...BODIES[surface]("\ud800") },
      `${"[".repeat(80)}${"]".repeat(80)}`,
    ];
    const [app, real] = [fakeApp(), fakeApp()];
    for (const body of wrong) {
      const dry = await decide(app, body, query);
      expect([dry.status, typeof dry.body.error.code]).toEqual([400, "string"]);
      expect((await real.post(PATHS[surface], body)).status).toBe(400);
    }
    expectNothingDone(app);
    expect(app.telemetry.dryRuns).toEqual([]);
    const told = ({ code, field }: { code: string; field: string | null }) => [code, field];
    expect(app.telemetry.refused.map(told)).toEqual(real.telemetry.refused.map(told));
    expect(app.telemetry.refused).toHaveLength(wrong.length);
  });

  test("refuses more bytes, and other content types, as the route does", async () => {
    const app = fakeApp();
    expect((await decide(app, BODIES[surface]("a".repeat(1_100_000)), query)).status).toBe(413);
    const asText = async (path: string) =>
      (await app.post(path, BODIES[surface]("hello"), { "content-type": "text/plain" })).status;
    const [dry, real] = [await asText(`/v1/decide${query}`), await asText(PATHS[surface])];
    expect(dry).toBe(real);
    expect(dry).toBe(surface.startsWith("ollama_") ? 200 : 415);
  });
});

describe("POST /v1/decide", () => {
  test("takes the body of OpenAI's chat where nothing is said", async () => {
    const app = fakeApp();
    const { body } = await decide(app, BODIES.openai_chat("hello"));
    expect(body.features.surface).toBe("openai_chat");
    expect((await decide(app, BODIES.ollama_embeddings("hello"))).status).toBe(400);
  });

  test.each(["?surface=", "?surface=chat", "?surface=native&surface=native", "?surface=NATIVE", "?surface=toString"])(
    "does not know %s",
    async (query) => {
      const app = fakeApp();
      const { status, body } = await decide(app, BODIES.native("hello"), query);
      expect([status, body.error.code, body.error.field]).toEqual([400, "request.invalid_field", "surface"]);
      expectNothingDone(app);
    },
  );

  test("says which policy decided, by what rule, and why each other rule did not", async () => {
    const app = byPolicy({
      name: "team",
      version: 7,
      rules: [
        { id: "tools", when: { has_tools: true }, route: ["local"], reason: "tools" },
        { id: "short", when: { prompt_chars: { at_most: 10 } }, route: ["local", "openai"], reason: "short" },
        { id: "any", route: ["openai"], reason: "any" },
      ],
    });
    const { body } = await decide(app, BODIES.openai_chat("hello"));
    expect(body).toMatchObject({
      policy: { name: "team", version: 7, hash: app.deps.active().policy.hash },
      decision: "route",
      rule: "short",
      reason_codes: ["short"],
      error: null,
      candidates: [
        { provider: "local", zone: "local", model: "local-default" },
        { provider: "openai", zone: "cloud", model: "openai-default" },
      ],
      excluded: [],
    });
    const rules = body.rules.map(({ id, matched, reached, holds }: Record<string, unknown>) => [
      id,
      reached,
      holds,
      matched,
    ]);
    expect(rules).toEqual([
      ["tools", true, false, false],
      ["short", true, true, true],
      ["any", false, true, false],
      ["default", false, true, false],
    ]);
    expect(body.rules[0].because).toEqual([{ words: "the request has no tools", truth: "false", value: false }]);
    expect(body.rules[1].because).toMatchObject([{ truth: "true", value: 5 }]);
  });

  test("says what constraints forbid, and why no provider is left", async () => {
    const app = byPolicy({
      signals: { project: { keywords: ["heron"] } },
      constraints: [{ id: "keep", when: { signal: "project" }, forbid: { zones: ["cloud"] }, reason: "project" }],
    });
    const { status, body } = await decide(app, BODIES.openai_chat("about the heron"));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      decision: "deny",
      rule: "default",
      reason_codes: ["project", "default", "policy.no_compliant_route"],
      error: { code: "policy.no_compliant_route", field: null },
      candidates: [],
      estimated_cost_micros: null,
      forbidden: { zones: ["cloud"], providers: [], models: [] },
      findings: { "keyword.project": 1 },
    });
    expect(body.constraints).toMatchObject([{ id: "keep", held: true, certain: true, because: [{ truth: "true" }] }]);
    const excluded = body.excluded.map(({ provider, by, constraints }: Record<string, unknown>) => [
      provider,
      by,
      constraints,
    ]);
    expect(excluded).toEqual([
      ["local", "not_in_route", []],
      ["openai", "forbidden_zone", ["keep"]],
    ]);
    expect(app.telemetry.dryRuns).toMatchObject([{ denied: true }]);
    expectNothingDone(app);
  });

  test("shows a denial by a rule, and what shadow rules would have done", async () => {
    const app = byPolicy({
      rules: [{ id: "no", when: { stream: false }, deny: true, reason: "not_here" }],
      shadow: [{ id: "would", route: ["local"], reason: "would" }],
    });
    const { body } = await decide(app, BODIES.openai_chat("hello"));
    expect(body).toMatchObject({
      decision: "deny",
      rule: "no",
      reason_codes: ["not_here", "policy.denied"],
      error: { code: "policy.denied" },
      shadow: [{ rule: "would", outcome: "route", provider: "local", differs: true }],
    });
  });

  test("knows what only the plan knows: cloud models of Ollama, and fields that a protocol cannot carry", async () => {
    const app = fakeApp();
    const cloud = await decide(app, { ...BODIES.openai_chat("hello"), model: "big:cloud" });
    expect(cloud.body).toMatchObject({
      decision: "deny",
      error: { code: "policy.cloud_model_refused", field: "model" },
      candidates: [],
    });
    expect(cloud.body.excluded.map(({ by }: { by: string }) => by)).toContain("cloud_model_refused");
    const steered = await decide(app, { ...BODIES.openai_chat("hello"), models: ["other"] });
    expect(steered.body.error).toMatchObject({ code: "policy.steering_field_refused", field: "models" });
    expect(steered.body.excluded.map(({ by }: { by: string }) => by)).toContain("steering_field_refused");
    app.local.cannotCarry("some_field");
    const field = await decide(app, BODIES.openai_chat("hello"));
    expect(field.body).toMatchObject({
      decision: "deny",
      error: { code: "request.untranslatable_field", field: "some_field" },
      reason_codes: ["cost_prefer_local", "request.untranslatable_field"],
    });
    expect(field.body.excluded).toMatchObject([
      { provider: "local", by: "untranslatable_field" },
      { provider: "openai", by: "not_in_route" },
    ]);
    expectNothingDone(app);
  });

  test("drops a provider that cannot carry the request, and keeps the next", async () => {
    const app = byPolicy({ default: { route: ["local", "openai"], reason: "default" } });
    // Those of `byPolicy` are others than those of the app.
    const { active } = app.deps;
    const local = active().providers.get("local");
    if (local === undefined) throw new Error("no provider");
    Object.assign(local, { unsupportedField: () => "some_field" });
    const { body } = await decide(app, BODIES.openai_chat("hello"));
    expect(body).toMatchObject({
      decision: "route",
      candidates: [{ provider: "openai" }],
      excluded: [{ provider: "local", by: "untranslatable_field" }],
    });
  });

  test("decides by the labels that a trusted proxy gives, and by no others", async () => {
    const document: Partial<PolicyDocument> = {
      labels: { team: ["research"] },
      rules: [{ id: "research", when: { labels: { team: "research" } }, route: ["local"], reason: "research" }],
    };
    const active = byPolicy(document).deps.active;
    const ruleBy = async (labelsHeader: string | null) => {
      const app = fakeApp({ active, labelsHeader });
      const headers = { "x-labels": "team=research" };
      const response = await app.post("/v1/decide", BODIES.openai_chat("hello"), headers);
      return ((await response.json()) as { rule: string }).rule;
    };
    expect([await ruleBy("x-labels"), await ruleBy(null), await ruleBy("x-other")]).toEqual([
      "research",
      "default",
      "default",
    ]);
  });

  test("does not decide for a caller who left, or when the process ends", async () => {
    const long = `${"a word, another word; ".repeat(40_000)} secret`;
    const app = fakeApp();
    const left = new AbortController();
    left.abort();
    const response = await app.send("/v1/decide", {
      method: "POST",
      body: JSON.stringify(BODIES.openai_chat(long)),
      headers: { "content-type": "application/json" },
      signal: left.signal,
    });
    expect(response.status).toBe(499);
    const answering = app.post("/v1/decide", BODIES.openai_chat(long));
    await Bun.sleep(1);
    const cutting = setInterval(() => app.deps.inFlight.cutAll(), 1);
    const { status } = await answering;
    clearInterval(cutting);
    expect(status).toBe(503);
    expect(app.telemetry.dryRuns).toEqual([]);
    expectNothingDone(app);
  });

  test("takes no other method", async () => {
    const response = await fakeApp().send("/v1/decide");
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });
});
