import { describe, expect, test } from "bun:test";
import { mayFollow, type PolicyIdentity } from "../../../src/policy/versions.ts";

const policy = (version: number, hash = `sha256:${version}`, name = "team"): PolicyIdentity => ({
  name,
  version,
  hash,
});
const kindOf = (next: PolicyIdentity, newest: PolicyIdentity | null, isForced = false): string => {
  const judged = mayFollow(next, newest, isForced);
  return judged.ok ? judged.value.kind : judged.error.code;
};

describe("mayFollow", () => {
  test.each<[string, PolicyIdentity, PolicyIdentity | null, string]>([
    ["the first there is", policy(1), null, "first"],
    ["a higher version", policy(3), policy(2), "newer"],
    ["the same policy again", policy(2), policy(2), "same"],
    ["other words under the same version", policy(2, "sha256:x"), policy(2), "edited"],
    ["the same words under a higher version", policy(3, "sha256:2"), policy(2), "newer"],
    ["another name with a lower version", policy(1, "sha256:x", "other"), policy(2), "other_name"],
    ["another name with a higher version", policy(9, "sha256:x", "other"), policy(2), "other_name"],
    ["a lower version", policy(1), policy(2), "version_goes_back"],
    ["a lower version with the same words", policy(1, "sha256:2"), policy(2), "version_goes_back"],
  ])("judges %s", (_, next, newest, kind) => {
    expect(kindOf(next, newest)).toBe(kind);
  });

  test("lets a lower version come only where it is forced, and forcing changes nothing else", () => {
    expect(kindOf(policy(1), policy(2), true)).toBe("older");
    for (const next of [policy(2), policy(3), policy(2, "sha256:x"), policy(1, "sha256:x", "other")]) {
      expect(kindOf(next, policy(2), true)).toBe(kindOf(next, policy(2), false));
    }
  });

  test("has something to say where the log should have it", () => {
    const noteOf = (next: PolicyIdentity, isForced = false) => {
      const judged = mayFollow(next, policy(2), isForced);
      return judged.ok ? judged.value.note : judged.error.message;
    };
    expect([noteOf(policy(3)), noteOf(policy(2))]).toEqual([null, null]);
    expect(noteOf(policy(2, "sha256:x"))).toContain("same version, 2");
    expect(noteOf(policy(1), true)).toContain("from 2 back to 1");
    expect(noteOf(policy(1))).toContain("from 2 back to 1");
    expect(noteOf(policy(5, "sha256:x", "other"))).toMatch(/other.*team/);
  });
});
