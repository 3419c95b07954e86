import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Outcome } from "../../../../src/audit/event.ts";
import { type AttemptRecord, intentRecord, type RequestRecord, settledRecord } from "../../../../src/audit/record.ts";
import { deriveAgain } from "../../../../src/audit/verify/derive.ts";
import type { Features } from "../../../../src/core/features.ts";
import { compilePolicy, compileStored } from "../../../../src/policy/compile.ts";
import type { CompiledPolicy } from "../../../../src/policy/compiled.ts";
import { priceOf, usedCostMicros } from "../../../../src/policy/cost.ts";
import { decide } from "../../../../src/policy/decide.ts";
import { storedForm } from "../../../../src/policy/identity.ts";
import { arbitraryDocument, arbitraryFeatures } from "../../../support/arbitrary-policy.ts";
import { intentAt, outcomeOf } from "../../../support/audit-requests.ts";

const STAMP = { instance_id: "0192d3a4-aaaa-4bbb-8ccc-dddddddddddd", instance_seq: 1, salt: "0".repeat(32) };
const AT = new Date("2026-11-22T10:00:00Z");
const PLAIN = intentAt("0192d3a4-1111-7222-8333-000000000001", AT);

/** What a gateway puts on record that leaves out `skipped` candidates, and is answered by the one `later` after them. */
function recordOf(policy: CompiledPolicy, features: Features, skipped: number, later: number): RequestRecord {
  const decision = decide(policy, features);
  const able = decision.candidates.slice(Math.min(skipped, decision.candidates.length - 1));
  const [target] = able;
  const answered = able[Math.min(later, able.length - 1)];
  const provider = policy.providers.find(({ id }) => id === answered?.provider);
  const usage = { promptTokens: 7, completionTokens: 9 };
  const isDenied = target === undefined || answered === undefined || provider === undefined;
  const intent = {
    ...PLAIN,
    surface: features.surface,
    streamed: features.streamed,
    messageCount: features.messageCount,
    promptLength: features.promptChars,
    features,
    decision: isDenied ? ("deny" as const) : ("route" as const),
    provider: target?.provider ?? null,
    zone: target?.zone ?? null,
    model: target?.model ?? null,
    reasonCodes: decision.denial === null ? decision.reasonCodes : [...decision.reasonCodes, decision.denial],
    policyHash: decision.policyHash,
    rule: decision.rule,
    shadow: decision.shadow,
  };
  const outcome: Outcome = {
    ...outcomeOf(PLAIN, AT),
    status: isDenied ? ("denied" as const) : ("succeeded" as const),
    provider: answered?.provider ?? null,
    zone: answered?.zone ?? null,
    model: isDenied ? null : "a-name-of-its-own",
    attempts: able
      .slice(0, later + 1)
      .map(({ provider, model }) => ({ provider, model, result: "left", sent: true, durationMs: 1 })),
    usage,
    costMicros: isDenied ? null : usedCostMicros(priceOf(provider, answered.model, features), usage, features.task),
  };
  return JSON.parse(JSON.stringify(settledRecord(intentRecord(intent), outcome, STAMP)));
}

const worlds = arbitraryDocument()
  .map(compilePolicy)
  .chain((policy) => fc.record({ policy: fc.constant(policy), features: arbitraryFeatures(policy) }));

describe("a decision that is derived again", () => {
  test("is the one on record, whatever policy, features and candidates there were", () => {
    const property = fc.property(worlds, fc.nat(3), fc.nat(3), ({ policy, features }, skipped, later) => {
      const stored = compileStored(JSON.parse(JSON.stringify(storedForm(policy.document))));
      expect(deriveAgain(stored, recordOf(policy, features, skipped, later))).toEqual([]);
    });
    fc.assert(property, { numRuns: 120 });
  });

  test("differs in every column that says something else", () => {
    const changes: Partial<Record<keyof RequestRecord, unknown>> = {
      surface: "none",
      streamed: "other",
      message_count: -1,
      prompt_length: -1,
      rule: "no-such-rule",
      shadow: [{ rule: "none", outcome: "deny", provider: null, differs: true }],
      reason_codes: ["made_up"],
      provider: "nobody",
      zone: "nowhere",
      answered_provider: "nobody",
      answered_zone: "nowhere",
      attempts: [{ provider: "nobody", model: "m", result: "timeout", sent: true, duration_ms: 1 }],
      cost_micros: -1,
    };
    const property = fc.property(worlds, ({ policy, features }) => {
      const record = recordOf(policy, features, 0, 0);
      for (const [column, value] of Object.entries(changes)) {
        expect(deriveAgain(policy, { ...record, [column]: value })).toContain(column);
      }
    });
    fc.assert(property, { numRuns: 60 });
  });
});

describe("a refusal of the gateway's own", () => {
  const policy = compilePolicy({
    ...{ apiVersion: "policy-mesh/v1", name: "two", version: 1 },
    providers: {
      local: { kind: "ollama", zone: "local", base_url: "http://127.0.0.1:1", default_model: "m" },
      cloud: { kind: "openai", zone: "cloud", base_url: "https://api.example.com", default_model: "n" },
    },
    rules: [{ id: "never", when: { stream: true }, deny: true, reason: "no_streams" }],
    default: { route: ["local", "cloud"], reason: "default" },
  });
  const routed = recordOf(policy, { ...PLAIN.features, surface: "openai_chat", wish: "other" }, 0, 0);
  const NOBODY = { provider: null, zone: null, model: null };
  const NO_ANSWER = { answered_provider: null, answered_zone: null, answered_model: null, cost_micros: null };
  const refused = (code: string): RequestRecord => ({
    ...routed,
    ...{ ...NOBODY, ...NO_ANSWER, attempts: [] },
    decision: "deny",
    status: "denied",
    reason_codes: ["default", code],
  });

  test("follows the reasons of the decision, where its request can have met it", () => {
    for (const code of [
      "policy.cloud_model_refused",
      "policy.steering_field_refused",
      "request.untranslatable_field",
    ]) {
      expect(deriveAgain(policy, refused(code))).toEqual([]);
    }
    expect(deriveAgain(policy, refused("policy.denied"))).toEqual(["reason_codes"]);
    const native = { ...refused("policy.steering_field_refused"), surface: "native" as const };
    const features = { ...native.features, surface: "native" as const };
    expect(deriveAgain(policy, { ...native, features })).toEqual(["reason_codes"]);
    const wishless = { ...routed.features, wish: "auto" as const };
    expect(deriveAgain(policy, { ...refused("policy.cloud_model_refused"), features: wishless })).toEqual([
      "reason_codes",
    ]);
  });

  test("names nobody", () => {
    expect(deriveAgain(policy, { ...refused("request.untranslatable_field"), answered_provider: "cloud" })).toContain(
      "answered_provider",
    );
  });

  test("cannot be of a request that went somewhere, nor the other way round", () => {
    expect(deriveAgain(policy, { ...routed, reason_codes: ["default", "policy.denied"] })).toEqual(["reason_codes"]);
    const denied = { ...routed, streamed: true, features: { ...routed.features, stream: true } };
    expect(deriveAgain(policy, { ...denied, rule: "never", reason_codes: ["no_streams"] })).toContain("decision");
  });

  test("leaves an answer by nobody to those that failed, and one by a candidate before the first to none", () => {
    expect(deriveAgain(policy, { ...routed, ...NO_ANSWER, status: "interrupted" })).toEqual([]);
    expect(deriveAgain(policy, { ...routed, ...NO_ANSWER })).toEqual(["answered_provider"]);
    const second = { ...routed, provider: "cloud", zone: "cloud", model: "n" };
    expect(deriveAgain(policy, second)).toEqual(["answered_provider", "attempts"]);
  });

  test("gives a turn to candidates, by the models that they are asked for, and to no others", () => {
    const turn = (provider: string, model: string) =>
      ({ provider, model, result: "timeout", sent: true, duration_ms: 9 }) as const;
    const [local, cloud] = [turn("local", "m"), turn("cloud", "n")];
    const derived = (attempts: readonly AttemptRecord[] | null, record: RequestRecord = routed) =>
      deriveAgain(policy, { ...record, attempts });
    for (const attempts of [[], [local, local, cloud], [cloud], null]) expect(derived(attempts)).toEqual([]);
    for (const attempts of [[turn("local", "n")], [local, turn("else", "m")]]) {
      expect(derived(attempts)).toEqual(["attempts"]);
    }
    expect(derived("altered" as never)).toEqual(["attempts"]);
    expect(derived([null] as never)).toEqual(["attempts"]);
    expect(derived([local], refused("request.untranslatable_field"))).toEqual(["attempts"]);
    const { attempts: _, ...older } = routed;
    expect(deriveAgain(policy, { ...older, record_version: 1 })).toEqual([]);
  });

  test("says that features are of a form that nobody reads", () => {
    const { wish: _, ...others } = routed.features;
    expect(deriveAgain(policy, { ...routed, features: others as RequestRecord["features"] })).toEqual(["features"]);
  });
});
