import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../../../src/config/config.ts";
import { activationFaults, type PreparedPolicy, preparePolicy } from "../../../src/gateway/prepare-policy.ts";
import { type BuiltInOptions, builtInPolicy } from "../../../src/policy/built-in.ts";
import { coverageOf, unexercised } from "../../../src/policy/coverage.ts";
import type { PolicyDocument } from "../../../src/policy/document.ts";
import { formatPolicy } from "../../../src/policy/format.ts";
import { policyHash } from "../../../src/policy/identity.ts";
import { fillPrices } from "../../../src/policy/price-table.ts";

const FOLDER = join(import.meta.dir, "../../../docs/policies");
const FILES = readdirSync(FOLDER).toSorted();
const textOf = (file: string): string => readFileSync(join(FOLDER, file), "utf8");

function prepared(file: string): PreparedPolicy {
  const result = preparePolicy(textOf(file), { environment: null });
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  return result.value;
}

describe.each(FILES)("docs/policies/%s", (file) => {
  const policy = prepared(file);

  test("is sound, and nothing in it looks wrong", () => {
    expect(policy.loaded.warnings.map(({ message }) => message)).toEqual([]);
    expect(activationFaults(policy).map(({ message }) => message)).toEqual([]);
  });

  test("passes its own tests", () => {
    const failed = policy.cases.filter(({ passed }) => !passed).map(({ name, mismatches }) => ({ name, mismatches }));
    expect(failed).toEqual([]);
    expect(policy.cases.length).toBeGreaterThan(5);
  });

  test("has a test for every rule and every constraint", () => {
    const coverage = coverageOf(policy.loaded.policy, policy.cases);
    expect(unexercised(coverage)).toEqual({ constraints: [], rules: [] });
    expect(coverage.shadow.filter(({ tests }) => tests === 0)).toEqual([]);
  });

  test("says what it is for, and has no key in it", () => {
    const { document } = policy.loaded;
    expect(document.description).toBeString();
    for (const { api_key = "$" } of Object.values(document.providers)) expect(api_key).toStartWith("$");
  });

  test("is laid out as `policy fmt` has it", () => {
    expect(formatPolicy(textOf(file))).toEqual({ ok: true, value: textOf(file) });
  });
});

test("built-in.yaml is the policy that is in force without a file, with all settings at their defaults", () => {
  const { document } = prepared("built-in.yaml").loaded;
  const keywords = document.signals?.["sensitive_keyword"]?.keywords ?? [];
  expect(policyHash(document)).toBe(policyHash(fillPrices(builtInPolicy(optionsWith(keywords)))));
});

/** The key is set, since the file names it. */
function optionsWith(sensitivityKeywords: readonly string[]): BuiltInOptions {
  const config = readConfig({ OPENAI_API_KEY: "a-key" });
  if (!config.ok) throw new Error("the defaults are no configuration");
  return { ...config.value, sensitivityKeywords };
}

describe("what the three policies show", () => {
  const documents: readonly PolicyDocument[] = FILES.map((file) => prepared(file).loaded.document);
  const some = (has: (document: PolicyDocument) => unknown): boolean => documents.some((one) => Boolean(has(one)));

  test.each([
    ["a zone of one's own", (one: PolicyDocument) => Object.values(one.providers).some(({ zone }) => zone === "eu")],
    ["approved models", (one: PolicyDocument) => Object.values(one.providers).some(({ models }) => models)],
    ["wishes", (one: PolicyDocument) => Object.values(one.providers).some(({ wishes }) => wishes)],
    ["prices", ({ prices }: PolicyDocument) => prices],
    ["labels", ({ labels }: PolicyDocument) => labels],
    ["a pattern", ({ signals = {} }: PolicyDocument) => Object.values(signals).some(({ patterns }) => patterns)],
    ["zones_except", ({ constraints }: PolicyDocument) => constraints?.some(({ forbid }) => forbid.zones_except)],
    ["forbidden models", ({ constraints }: PolicyDocument) => constraints?.some(({ forbid }) => forbid.models)],
    ["a denial", ({ rules }: PolicyDocument) => rules?.some(({ deny }) => deny)],
    ["delivery", ({ rules }: PolicyDocument) => rules?.some(({ delivery }) => delivery)],
    ["attempts", ({ rules }: PolicyDocument) => rules?.some(({ attempts }) => attempts)],
    ["a deadline", ({ rules }: PolicyDocument) => rules?.some((rule) => rule.attempts?.deadline_seconds)],
    ["attempts of a provider", (one: PolicyDocument) => Object.values(one.providers).some((body) => body.attempts)],
    ["a breaker", (one: PolicyDocument) => Object.values(one.providers).some(({ breaker }) => breaker)],
    ["places", (one: PolicyDocument) => Object.values(one.providers).some((body) => body.max_concurrency)],
    ["limits of a rule", ({ rules }: PolicyDocument) => rules?.some(({ limits }) => limits)],
    ["limits of all", ({ limits }: PolicyDocument) => limits],
    ["a shadow rule", ({ shadow }: PolicyDocument) => shadow],
  ])("%s", (_what, has) => {
    expect(some(has)).toBe(true);
  });
});
