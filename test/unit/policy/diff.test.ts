import { describe, expect, test } from "bun:test";
import { definitionChanges } from "../../../src/policy/analyse/definitions.ts";
import { diffPolicies } from "../../../src/policy/diff.ts";
import type { PolicyDocument, RuleBody } from "../../../src/policy/document.ts";
import { POLICY_SCHEMA } from "../../../src/policy/json-schema.ts";
import { PLAIN_DOCUMENT, policyOf } from "../../support/policy.ts";

const diffOf = (old: Partial<PolicyDocument>, now: Partial<PolicyDocument>) =>
  diffPolicies(policyOf(old), policyOf(now));

const { local, cloud } = PLAIN_DOCUMENT.providers;
if (local === undefined || cloud === undefined) throw new Error("the plain document has both");

const SENSITIVE_STAYS: Partial<PolicyDocument> = {
  constraints: [{ id: "kept", when: { signal: "sensitive" }, forbid: { zones: ["cloud"] }, reason: "kept" }],
  default: { route: ["cloud", "local"], reason: "default" },
};
const withWords = (...keywords: [string, ...string[]]): Partial<PolicyDocument> => ({
  ...SENSITIVE_STAYS,
  signals: { sensitive: { keywords } },
});
const to = (route: [string, ...string[]], others: Partial<RuleBody> = {}): RuleBody => ({
  id: "asked",
  when: { stream: true },
  route,
  reason: "asked",
  ...others,
});
const onlyTo = (...route: [string, ...string[]]): Partial<PolicyDocument> => ({
  default: { route, reason: "default" },
});

describe("a diff", () => {
  test("of a policy with itself is empty, and both checks are proven", () => {
    expect(diffOf(SENSITIVE_STAYS, { ...SENSITIVE_STAYS, version: 2 })).toMatchObject({
      complete: true,
      checks: { no_new_cloud: { result: "proven" }, no_new_deny: { result: "proven" } },
      changes: [],
      moreChanges: false,
      reasonChanges: [],
      definitions: [],
    });
  });

  test("says which requests go another way, with conditions and both decisions", () => {
    const { changes } = diffOf(onlyTo("cloud"), {
      ...onlyTo("cloud"),
      rules: [to(["local"], { when: { task: "chat", prompt_chars: { at_most: 100 } } })],
    });
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({
      from: { denial: null, candidates: [{ provider: "cloud", zone: "cloud" }] },
      to: { denial: null, candidates: [{ provider: "local", zone: "local" }] },
      when: [['the task is "chat"', "the prompt has at most 100 characters"]],
      more: false,
    });
    const { old, new: now } = changes[0]?.witness ?? {};
    expect([old?.decision.rule, now?.decision.rule]).toEqual(["default", "asked"]);
    expect(now?.features.promptChars).toBeLessThanOrEqual(100);
  });

  test("lists reasons apart from ways", () => {
    const { changes, reasonChanges } = diffOf(onlyTo("cloud"), { ...onlyTo("cloud"), rules: [to(["cloud"])] });
    expect(changes).toEqual([]);
    expect(reasonChanges.map(({ reason, change, when }) => [reason, change, when])).toEqual([
      ["asked", "added", [["the answer is to be streamed"]]],
      ["default", "removed", [["the answer is to be streamed"]]],
    ]);
  });

  test("lists what names stand for, and no keyword", () => {
    const { definitions } = diffOf(withWords("tulip"), {
      ...withWords("orchid"),
      providers: {
        ...PLAIN_DOCUMENT.providers,
        cloud: { ...cloud, base_url: "https://eu.example.com/v1", zone: "eu" },
      },
      prices: { cloud: { "gpt-4o-mini": { input: 1, output: 2 } } },
    });
    expect(definitions).toEqual([
      { path: "/providers/cloud/zone", from: "cloud", to: "eu" },
      { path: "/providers/cloud/base_url", from: "https://api.example.com/v1", to: "https://eu.example.com/v1" },
      {
        path: "/prices/cloud",
        from: { "gpt-4o-mini": { input: 150_000, output: 600_000 } },
        to: { "gpt-4o-mini": { input: 1, output: 2 } },
      },
    ]);
    expect(JSON.stringify(definitions)).not.toContain("tulip");
  });

  test("names each setting of a provider's calls that is another", () => {
    const { definitions, changes, checks } = diffOf(
      {
        providers: {
          local: { ...local, allowed_addresses: ["192.0.2.0/24"] },
          cloud: { ...cloud, attempts: { retries: 2, timeout_seconds: 9 }, breaker: { open_seconds: 5 } },
        },
      },
      {
        providers: {
          local: { ...local, allowed_addresses: "any", max_concurrency: 8 },
          cloud: { ...cloud, attempts: { retries: 1, timeout_seconds: 9, idle_timeout_ms: 50 } },
        },
      },
    );
    expect(definitions).toEqual([
      { path: "/providers/cloud/attempts/idle_timeout_ms", from: null, to: 50 },
      { path: "/providers/cloud/attempts/retries", from: 2, to: 1 },
      { path: "/providers/cloud/breaker/open_seconds", from: 5, to: null },
      { path: "/providers/local/allowed_addresses", from: ["192.0.2.0/24"], to: "any" },
      { path: "/providers/local/max_concurrency", from: null, to: 8 },
    ]);
    expect(changes).toEqual([]);
    expect(checks.no_new_cloud.result).toBe("proven");
  });

  test("passes over no key that a provider has", () => {
    const [body] = Object.values(POLICY_SCHEMA.properties?.["providers"]?.patternProperties ?? {});
    const keys = Object.keys(body?.properties ?? {});
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) {
      const of = (value: number) =>
        ({ ...PLAIN_DOCUMENT, providers: { some: { ...cloud, [key]: { inner: value } } } }) as PolicyDocument;
      expect(definitionChanges(of(1), of(2)).map(({ path }) => path.split("/")[3])).toEqual([key]);
    }
  });

  test("tells two rules apart that differ in how often and how long they try", () => {
    const trying = (attempts: NonNullable<RuleBody["attempts"]>): Partial<PolicyDocument> => ({
      default: { route: ["cloud"], reason: "default", attempts },
    });
    const settings: readonly NonNullable<RuleBody["attempts"]>[] = [
      { deadline_seconds: 9 },
      { timeout_seconds: 9 },
      { connect_timeout_ms: 9_000 },
      { first_token_timeout_ms: 9_000 },
      { idle_timeout_ms: 9_000 },
      { retries: 2 },
      { max_targets: 9 },
    ];
    for (const one of settings) {
      for (const other of settings) {
        expect(diffOf(trying(one), trying(other)).changes).toHaveLength(one === other ? 0 : 1);
      }
    }
  });

  test("lists only so many changes, and says that there are more", () => {
    const diff = diffPolicies(policyOf(onlyTo("cloud")), policyOf(onlyTo("local")), { maxChanges: 0 });
    expect(diff).toMatchObject({ changes: [], moreChanges: true });
  });

  test("beyond its budget is undecided and says so", () => {
    const diff = diffPolicies(policyOf(SENSITIVE_STAYS), policyOf(onlyTo("cloud")), { maxNodes: 3 });
    expect(diff).toMatchObject({
      complete: false,
      checks: { no_new_cloud: { result: "undecided" }, no_new_deny: { result: "undecided" } },
      changes: [],
    });
  });
});

const cloudCheck = (old: Partial<PolicyDocument>, now: Partial<PolicyDocument>) => diffOf(old, now).checks.no_new_cloud;

describe("no new cloud", () => {
  test("is proven where a word is added to a list", () => {
    expect(cloudCheck(withWords("tulip"), withWords("Tulip ", "orchid")).result).toBe("proven");
  });

  test("has a counterexample where a word is taken from a list", () => {
    const check = cloudCheck(withWords("tulip", "orchid"), withWords("tulip"));
    if (check.result !== "counterexample") throw new Error("there is one");
    expect(check.when[0]).toEqual([
      'the task is "chat" or "completion"',
      "all content is text",
      "the scanner read all text",
      'something that only signal "sensitive" of the old policy looks for is found',
      'signal "sensitive" is not found by the new policy',
    ]);
    expect(check.witness.old.features.signals).toEqual(["sensitive"]);
    expect(check.witness.new.features.signals).toEqual([]);
    expect(check.witness.new.decision.candidates[0]?.zone).toBe("cloud");
  });

  test("is proven where a group takes the place of one of its codes, and not the other way round", () => {
    const code = { ...SENSITIVE_STAYS, signals: { sensitive: { detectors: ["pii.email"] } } };
    const group: Partial<PolicyDocument> = { ...SENSITIVE_STAYS, signals: { sensitive: { groups: ["pii"] } } };
    expect(cloudCheck(code, group).result).toBe("proven");
    expect(cloudCheck(group, code).result).toBe("counterexample");
  });

  test("is proven where the scanner takes more for a match, and not where it takes less", () => {
    const groups: Partial<PolicyDocument> = { ...SENSITIVE_STAYS, signals: { sensitive: { groups: ["pii"] } } };
    const weak: Partial<PolicyDocument> = { ...groups, scan: { threshold: "weak" } };
    expect(cloudCheck(groups, weak).result).toBe("proven");
    expect(cloudCheck(weak, groups).result).toBe("counterexample");
    expect(cloudCheck(groups, { ...groups, scan: { detectors: false } }).result).toBe("counterexample");
  });

  test("has a counterexample where content that nobody can read is allowed", () => {
    const check = cloudCheck(SENSITIVE_STAYS, { ...SENSITIVE_STAYS, scan: { opaque_content: "allowed" } });
    if (check.result !== "counterexample") throw new Error("there is one");
    expect(check.witness.new.features.opaqueContent).toBe(true);
  });

  test("has a counterexample where a constraint forbids a zone that is now called otherwise", () => {
    const renamed = { ...PLAIN_DOCUMENT.providers, cloud: { ...cloud, zone: "eu" } };
    expect(cloudCheck(SENSITIVE_STAYS, { ...SENSITIVE_STAYS, providers: renamed }).result).toBe("counterexample");
  });

  test("has a counterexample where a provider keeps its name and leaves the local zone", () => {
    const moved = { ...PLAIN_DOCUMENT.providers, local: { ...local, zone: "eu" } };
    expect(cloudCheck(onlyTo("local"), { ...onlyTo("local"), providers: moved }).result).toBe("counterexample");
  });

  test("has a counterexample where a name of the cloud stands for another server", () => {
    const moved = { ...PLAIN_DOCUMENT.providers, cloud: { ...cloud, base_url: "https://elsewhere.example.com/v1" } };
    expect(cloudCheck(onlyTo("cloud"), { ...onlyTo("cloud"), providers: moved }).result).toBe("counterexample");
    expect(cloudCheck(onlyTo("local"), { ...onlyTo("local"), providers: moved }).result).toBe("proven");
  });

  test("has a counterexample where the cloud is last in a chain, or is now tried at all", () => {
    expect(cloudCheck(onlyTo("local"), onlyTo("local", "cloud")).result).toBe("counterexample");
    const tried = (max_targets: number): Partial<PolicyDocument> => ({
      default: { route: ["local", "cloud"], reason: "default", attempts: { max_targets } },
    });
    expect(cloudCheck(tried(1), tried(2)).result).toBe("counterexample");
    expect(cloudCheck(tried(2), tried(1)).result).toBe("proven");
  });

  test("has a counterexample where the cloud is only tried if a target before it cannot carry the request", () => {
    const chats = (...route: [string, ...string[]]): Partial<PolicyDocument> => ({
      rules: [to(route, { when: { task: "chat" }, attempts: { max_targets: 1 } })],
      default: { deny: true, reason: "default" },
    });
    expect(cloudCheck(chats("local"), chats("local", "cloud")).result).toBe("counterexample");
    expect(cloudCheck(chats("local", "cloud"), chats("local", "cloud")).result).toBe("proven");
  });

  test("has a counterexample where nothing is scanned any more that the scanner could give up on", () => {
    const unread: Partial<PolicyDocument> = {
      ...onlyTo("cloud", "local"),
      signals: {},
      constraints: [{ id: "unread", when: { scan_incomplete: true }, forbid: { zones: ["cloud"] }, reason: "unread" }],
    };
    expect(cloudCheck(unread, { ...unread, scan: { detectors: false } }).result).toBe("counterexample");
    expect(cloudCheck(unread, { ...unread, scan: { threshold: "weak" } }).result).toBe("proven");
  });

  test("has a counterexample where what was denied may go to the cloud", () => {
    const denied: Partial<PolicyDocument> = { default: { deny: true, reason: "default" } };
    expect(cloudCheck(denied, onlyTo("cloud")).result).toBe("counterexample");
    expect(cloudCheck(denied, onlyTo("local")).result).toBe("proven");
  });

  test("is proven where rules only change places behind a constraint that holds", () => {
    const rules = [to(["local", "cloud"]), to(["cloud", "local"], { id: "tools", when: { has_tools: true } })];
    const turned = [...rules].reverse();
    expect(cloudCheck({ ...SENSITIVE_STAYS, rules }, { ...SENSITIVE_STAYS, rules: turned }).result).toBe("proven");
  });
});

describe("no new denial", () => {
  test("has a counterexample where a constraint closes the only way", () => {
    const check = diffOf(onlyTo("cloud"), { ...SENSITIVE_STAYS, ...onlyTo("cloud") }).checks.no_new_deny;
    if (check.result !== "counterexample") throw new Error("there is one");
    expect(check.witness.old.decision.denial).toBeNull();
    expect(check.witness.new.decision.denial).toBe("policy.no_compliant_route");
  });

  test("is proven where the constraint leaves another way", () => {
    const old: Partial<PolicyDocument> = { default: { route: ["cloud", "local"], reason: "default" } };
    const check = diffOf(old, SENSITIVE_STAYS).checks.no_new_deny;
    // Local embeds what leaves the model to policy, but has no other model for a wish.
    expect(check.result).toBe("counterexample");
    const chats: Partial<PolicyDocument> = {
      constraints: [
        { id: "kept", when: { signal: "sensitive", task: "chat" }, forbid: { zones: ["cloud"] }, reason: "kept" },
      ],
    };
    expect(diffOf(old, { ...old, ...chats }).checks.no_new_deny.result).toBe("proven");
  });
});
