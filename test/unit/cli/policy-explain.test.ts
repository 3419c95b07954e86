import { describe, expect, test } from "bun:test";
import { EXPLAIN, explain } from "../../../src/cli/policy/explain.ts";
import { type Files, report } from "../../support/policy-command.ts";
import { chat, KEYWORD, MAIL, POLICY } from "../../support/sample-policy.ts";

const run = (body: string | Uint8Array, options: readonly string[] = [], policy = POLICY, more: Files = {}) =>
  report(EXPLAIN, explain, ["p.yaml", "r.json", ...options], { "p.yaml": policy, "r.json": body, ...more });
const LONG = "x".repeat(200);

describe("policy explain", () => {
  test("says where a request would go and why, and never what is in it", async () => {
    const { stdout, stderr, exitCode } = await run(chat(`About the ${KEYWORD}: mail ${MAIL}`, { stream: true }));
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout.replace(/[0-9a-f]{64}/, "HASH").split("\n")).toEqual([
      "Goes to local (llama3.1, zone local).",
      "",
      "  by       rule short, since the prompt has at most 100 characters",
      "  reasons  sensitive, short",
      "  cost     0 micro-USD by estimate",
      "  policy   regulated, version 3",
      "  hash     sha256:HASH",
      "",
      "Constraints",
      '  held keep-project  forbids zone cloud, since signal "project" is found, and',
      '                     signal "personal" is found',
      "",
      "Rules",
      "  yes  short  routes where the prompt has at most 100 characters",
      "              2 rules after it, the default among them: not asked",
      "",
      "Providers",
      "  1.   local  llama3.1, zone local, 0 micro-USD by estimate",
      '  -    cloud  forbidden_zone: constraint "keep-project" forbids zone "cloud"',
      "",
      "The request, as policy sees it",
      "  asked by  openai_chat, for a chat",
      "  size      1 message, 52 characters of prompt",
      "  model     left to policy",
      "  has       a stream to answer with",
      "  signals   personal, project",
      "  found     keyword.project (1), pii.email (1)",
      "",
    ]);
  });

  test("says of each rule that did not match what failed", async () => {
    const { stdout } = await run(chat(LONG));
    expect(stdout).toStartWith(
      "Goes to cloud (gpt-4o-mini, zone cloud).\n\n  by       the default, since no rule holds\n",
    );
    expect(stdout).toContain("  -    short     the prompt has more than 100 characters\n");
    expect(stdout).toContain("  -    streamed  the answer is not to be streamed\n");
    expect(stdout).toContain("  yes  default   routes all that is left\n");
  });

  test("says why a request is denied", async () => {
    const { stdout, exitCode } = await run(chat(`${MAIL} ${LONG}`));
    expect(exitCode).toBe(0);
    expect(stdout).toStartWith("Refused: policy.no_compliant_route. ");
    const { json } = await run(chat(`${MAIL} ${LONG}`), ["--json"]);
    expect(json()).toMatchObject({ ok: true, decision: "deny", error: { code: "policy.no_compliant_route" } });
  });

  test("says what it asks for beside a route, and what watched rules would do", async () => {
    const policy = `${POLICY}limits: { max_output_tokens: 500 }
shadow:
  - { id: no-chats, when: { task: chat }, deny: true, reason: none }
`;
    const { stdout, exitCode } = await run(chat(LONG, { max_tokens: 9, n: 2 }), [], policy);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("  effects  at most 500 tokens of output\n");
    expect(stdout).toContain("Rules that are only watched\n       no-chats  would deny; that is something else\n");
    expect(stdout.replace(/\n +/g, " ")).toContain("at most 9 tokens of output asked for, 2 answers asked for");
  });

  test("says how a route is tried, each limit in words", async () => {
    const attempts =
      "{ deadline_seconds: 90, timeout_seconds: 30, connect_timeout_ms: 500, first_token_timeout_ms: 4000, idle_timeout_ms: 600, retries: 0, max_targets: 1 }";
    const policy = POLICY.replace("reason: default\n", `reason: default\n  attempts: ${attempts}\n`);
    const { stdout, exitCode } = await run(chat(LONG), [], policy);
    expect(exitCode).toBe(0);
    const words = [
      "at most 90000 ms for all attempts",
      "at most 30000 ms for an attempt",
      "at most 500 ms for a connection",
      "at most 4000 ms to the first token of a stream",
      "at most 600 ms of silence in a stream",
      "no provider asked again",
      "at most 1 provider tried",
    ];
    expect(stdout.replace(/\n +/g, " ")).toContain(`effects  ${words.join("; ")}`);
    const again = await run(chat(LONG), [], policy.replace("retries: 0", "retries: 2"));
    expect(again.stdout.replace(/\n +/g, " ")).toContain("; a provider asked again at most 2 times; ");
  });

  test("says it as JSON, as the gateway does", async () => {
    const { json, stderr, exitCode } = await run(chat(LONG), ["--json"]);
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(json()).toMatchObject({
      file: "p.yaml",
      ok: true,
      policy: { name: "regulated", version: 3 },
      decision: "route",
      rule: "default",
      reason_codes: ["default"],
      candidates: [{ provider: "cloud", model: "gpt-4o-mini" }],
      excluded: [{ provider: "local", by: "not_in_route" }],
      features: { surface: "openai_chat", prompt_chars: 200, signals: [] },
      findings: {},
      notes: [],
    });
  });

  test("takes the body of any surface", async () => {
    const generate = JSON.stringify({ model: "auto", prompt: "hello" });
    const { json, stderr } = await run(generate, ["--surface", "ollama_generate", "--json"]);
    expect([stderr, json().features.surface]).toEqual(["", "ollama_generate"]);
    const wrong = await run(chat("x"), ["--surface", "telex"]);
    expect([wrong.stdout, wrong.exitCode]).toEqual(["", 2]);
    expect(wrong.stderr).toStartWith("policy-mesh policy explain: --surface takes one of native, openai_chat,");
    expect((await report(EXPLAIN, explain, ["-", "-"], {})).exitCode).toBe(2);
  });

  test("says what it supposes of a model that is asked for", async () => {
    const wished = await run(chat(LONG, { model: "o9" }));
    expect(wished.stdout).toStartWith("Goes to cloud (o9, zone cloud).\n");
    expect(wished.stdout).toContain("  model     o9; to be had of cloud\n");
    expect(wished.stdout.replaceAll("\n", " ")).toContain("No provider was asked which models it has.");
    const hosted = await run(chat("x", { model: "gpt-oss:120b-cloud" }));
    expect([hosted.stderr, hosted.exitCode]).toEqual(["", 0]);
    expect(hosted.stdout).toStartWith("Refused: policy.cloud_model_refused. ");
  });

  test("takes labels as the gateway does, and says which count for nothing", async () => {
    const policy = POLICY.replace("signals:\n", "labels:\n  team: [research]\nsignals:\n").replace(
      "{ stream: true }",
      "{ labels: { team: research } }",
    );
    const known = await run(chat(LONG), ["--label", "team=research"], policy);
    expect(known.stdout).toStartWith("Goes to cloud (gpt-4o-mini, zone cloud), or else to local");
    expect(known.stdout).toContain("  labels    team=research\n");
    const other = await run(chat(LONG), ["--label=team=sales", "--json"], policy);
    expect(other.json()).toMatchObject({ rule: "default", features: { labels: {} } });
    expect(other.json().notes).toEqual([
      "The policy declares no label team with this value, so it counts for nothing.",
    ]);
    for (const label of ["team", "team=", "=x", "team=a b", "team=\u{1f600}", "team=a\nx: y"]) {
      const wrong = await run(chat("x"), ["--label", label]);
      expect([wrong.stdout, wrong.exitCode]).toEqual(["", 2]);
    }
    expect((await run(chat("x"), ["--label", "a=b", "--label", "a=c"])).exitCode).toBe(2);
  });

  test.each([
    ["a body that is no JSON", `{"messages": [${MAIL}`, "request.invalid_json"],
    ["no body", "", "request.invalid_json"],
    ["a field that stands twice", chat("x").replace("{", '{"model":"a",'), "request.duplicate_key"],
    ["a field of another type", chat("x", { stream: "yes" }), "request.invalid_field"],
    ["a body that nests too deep", `{"a":${"[".repeat(100)}${"]".repeat(100)}}`, "request.too_deep"],
    ["a body that is no text", Uint8Array.from([0xff]), "unreadable_file"],
  ])("refuses %s as the gateway does", async (_, body, code) => {
    const text = await run(body);
    expect([text.stdout, text.exitCode]).toEqual(["", 1]);
    expect(text.stderr).toStartWith("r.json");
    const asJson = await run(body, ["--json"]);
    expect([asJson.stderr, asJson.exitCode]).toEqual(["", 1]);
    expect(asJson.json()).toMatchObject({ ok: false, faults: [{ code }] });
  });

  test("says what is wrong with the policy before it reads a request", async () => {
    const { stdout, stderr, exitCode } = await run("{", [], POLICY.replace("version: 3", "version: x"));
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toStartWith("p.yaml:3:");
  });
});
