import { expect, test } from "bun:test";
import { diffPolicies } from "../../../../src/policy/diff.ts";
import type { PolicyDocument } from "../../../../src/policy/document.ts";
import { PLAIN_DOCUMENT, policyOf } from "../../../support/policy.ts";

const { cloud, local } = PLAIN_DOCUMENT.providers;
if (cloud === undefined || local === undefined) throw new Error("the plain document has two providers");
const here = { ...local, kind: "openai" as const, default_embedding_model: "small", default_model: "small" };
const bigHere = { ...here, models: { small: {}, big: {} } };
const smallHere = { ...here, models: { small: {} } };
const bigAway = { ...cloud, models: { "gpt-4o-mini": {}, big: {} } };
const stays = { default: { route: ["local"], reason: "default" } };

const check = (old: Partial<PolicyDocument>, now: Partial<PolicyDocument>) =>
  diffPolicies(policyOf(old), policyOf(now)).checks.no_new_cloud.result;

const asked = { rules: [{ id: "r", when: { requested_provider: "cloud" }, route: ["cloud"], reason: "r" }], ...stays };
const unasked = {
  constraints: [{ id: "c", when: { model: "big" }, forbid: { models: ["gpt-4o-mini"] }, reason: "c" }],
  default: { route: ["cloud", "local"], reason: "default" },
};
const latest = { id: "r", when: { model: "big:latest" }, route: ["local"], reason: "r" };
const bare = { id: "s", when: { model: "big" }, route: ["cloud"], reason: "s" };

test.each<[string, Partial<PolicyDocument>, Partial<PolicyDocument>]>([
  [
    "who a client asks for is who has the model, where a provider loses it",
    { ...asked, providers: { local: bigHere, cloud: bigAway } },
    { ...asked, providers: { local: smallHere, cloud: bigAway } },
  ],
  [
    "a server that lists no models is asked for one that no local provider has any more",
    { ...unasked, providers: { local: bigHere, cloud } },
    { ...unasked, providers: { local: smallHere, cloud } },
  ],
  [
    "a server says something else to another key",
    { ...unasked, providers: { local, cloud: { ...cloud, api_key: "${ONE}" } } },
    { ...unasked, providers: { local, cloud: { ...cloud, api_key: "${OTHER}" } } },
  ],
  ["a name is spelled as the policy spells it", { rules: [latest] }, { rules: [latest, bare] }],
  [
    "a name with a provider in it is nothing but a name to who has no such provider",
    { rules: [{ ...latest, when: { model: "big" } }], providers: { local, cloud: bigAway } },
    {
      rules: [{ ...latest, when: { model: "big" } }],
      providers: { local, other: bigAway },
      prices: { other: PLAIN_DOCUMENT.prices?.["cloud"] ?? {} },
      default: { route: ["other"], reason: "default" },
    },
  ],
])("%s", (_, old, now) => expect(check(old, now)).toBe("counterexample"));

test("nothing new leaves where nothing changes", () => {
  for (const one of [asked, unasked, { rules: [latest, bare] }]) expect(check(one, one)).toBe("proven");
});
