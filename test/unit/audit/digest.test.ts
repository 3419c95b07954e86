import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { digestKey, promptDigest } from "../../../src/audit/digest.ts";

const key = digestKey(new Uint8Array(32).fill(1));
const messages = [{ role: "user" as const, content: 'höllo \u2028 \u0001 "x"' }];

describe("promptDigest", () => {
  test("is the HMAC-SHA-256 of the RFC 8785 form, under the key's id", () => {
    const canonical = '[{"content":"höllo \u2028 \\u0001 \\"x\\"","role":"user"}]';
    const expected = createHmac("sha256", key.secret).update(canonical, "utf8").digest("hex");
    expect(promptDigest(key, messages)).toBe(`hmac-sha256:${key.id}:${expected}`);
  });

  test("differs by key, by role and by order", () => {
    const other = digestKey(new Uint8Array(32).fill(2));
    const two = [...messages, { role: "assistant" as const, content: "x" }];
    const digests = [
      promptDigest(key, messages),
      promptDigest(other, messages),
      promptDigest(key, [{ role: "system", content: messages[0]?.content ?? "" }]),
      promptDigest(key, two),
      promptDigest(key, two.toReversed()),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  test("does not depend on properties that a message may have beside its own", () => {
    const decorated = messages.map((message) => ({ ...message, internal: 1 }));
    expect(promptDigest(key, decorated)).toBe(promptDigest(key, messages));
  });

  test("names its key without giving it away", () => {
    expect(key.id).toMatch(/^[0-9a-f]{16}$/);
    expect(Buffer.from(key.secret).toString("hex")).not.toContain(key.id);
  });
});
