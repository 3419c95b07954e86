import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { digestKey, promptDigest } from "../../../src/audit/digest.ts";
import type { ChatMessage, ChatRole, Part, Task } from "../../../src/core/chat.ts";
import { NO_SAMPLING } from "../../../src/core/chat.ts";
import { chatTask } from "../../support/deps.ts";

const key = digestKey(new Uint8Array(32).fill(1));
const TEXT = 'höllo \u2028 \u0001 "x"';
const messages: readonly ChatMessage[] = [{ role: "user", content: TEXT }];

const digestOf = (task: Task, by = key) => promptDigest(by, task);
const digestOfMessages = (...given: readonly ChatMessage[]) => digestOf(chatTask(given));
const say = (content: string, role: ChatRole = "user"): ChatMessage => ({ role, content });
const textPart = (text: string): Part => ({ kind: "text", text });
const completion = (prompt: string, suffix: string | null = null): Task => ({
  kind: "completion",
  prompt,
  suffix,
  sampling: NO_SAMPLING,
});
const embedding = (...inputs: readonly string[]): Task => ({ kind: "embedding", inputs, dimensions: null });

describe("promptDigest", () => {
  test("is the HMAC-SHA-256 of the RFC 8785 form, under the key's id", () => {
    const canonical = '[{"content":"höllo \u2028 \\u0001 \\"x\\"","role":"user"}]';
    const expected = createHmac("sha256", key.secret).update(canonical, "utf8").digest("hex");
    expect(digestOf(chatTask(messages))).toBe(`hmac-sha256:${key.id}:${expected}`);
  });

  test("differs by key, by role and by order", () => {
    const other = digestKey(new Uint8Array(32).fill(2));
    const two = [...messages, say("x", "assistant")];
    const digests = [
      digestOf(chatTask(messages)),
      digestOf(chatTask(messages), other),
      digestOfMessages(say(TEXT, "system")),
      digestOf(chatTask(two)),
      digestOf(chatTask(two.toReversed())),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  test("is of what is said, not of what is asked about it", () => {
    const asked = chatTask(messages, {
      tools: [{ name: "f", description: null, parameters: null, strict: null }],
      format: { kind: "json" },
      sampling: { ...NO_SAMPLING, temperature: 0 },
      thinking: "high",
    });
    expect(digestOf(asked)).toBe(digestOf(chatTask(messages)));
    expect(digestOf({ kind: "embedding", inputs: [TEXT], dimensions: 3 })).toBe(digestOf(embedding(TEXT)));
  });

  test("does not depend on the order of properties", () => {
    expect(digestOfMessages({ content: TEXT, role: "user" })).toBe(digestOfMessages({ role: "user", content: TEXT }));
  });

  test("names its key without giving it away", () => {
    expect(key.id).toMatch(/^[0-9a-f]{16}$/);
    expect(Buffer.from(key.secret).toString("hex")).not.toContain(key.id);
  });
});

describe("the same text", () => {
  test.each([
    ["a message of one part", chatTask([{ role: "user", content: [textPart(TEXT)] }])],
    ["a completion", completion(TEXT)],
    ["an embedding", embedding(TEXT)],
  ])("has the same digest as a message and as %s", (_name, task) => {
    expect(digestOf(task)).toBe(digestOf(chatTask(messages)));
  });

  test.each([
    ["parts of one message", chatTask([{ role: "user", content: [textPart("a"), textPart("b")] }]), ["a\nb"]],
    ["a completion with a suffix", completion("a", "b"), ["a", "b"]],
    ["many embeddings", embedding("a", "b"), ["a", "b"]],
  ] as const)("has the same digest as messages and as %s", (_name, task, texts) => {
    expect(digestOf(task)).toBe(digestOfMessages(...texts.map((text) => say(text))));
  });

  test("in other pieces is another prompt", () => {
    expect(digestOf(embedding("a", "b"))).not.toBe(digestOf(embedding("ab")));
    expect(digestOf(embedding("a\nb"))).not.toBe(digestOf(embedding("a", "b")));
  });
});

describe("what a message holds besides text", () => {
  const image = (base64: string): ChatMessage => ({
    role: "user",
    content: [textPart("look"), { kind: "image", mediaType: "image/png", base64 }],
  });
  const calling = (text: string, id = "a"): ChatMessage => ({
    role: "assistant",
    content: "",
    toolCalls: [{ id, name: "f", arguments: text }],
  });

  test("makes another digest: images, other parts, calls, what they answer, thinking", () => {
    const digests = [
      say("look"),
      image("aGk="),
      image("aGo="),
      { role: "user", content: [textPart("look"), { kind: "other", original: { file_id: "1" } }] },
      { role: "user", content: [textPart("look"), { kind: "other", original: { file_id: "2" } }] },
      say("", "assistant"),
      calling("{}"),
      calling('{"x":1}'),
      calling("{}", "b"),
      { ...say("", "assistant"), thinking: "hm" },
      say("1", "tool"),
      { ...say("1", "tool"), toolCallId: "a" },
      { ...say("1", "tool"), toolName: "f" },
    ] satisfies ChatMessage[];
    expect(new Set(digests.map((message) => digestOfMessages(message))).size).toBe(digests.length);
  });

  test("is part of the digest in its RFC 8785 form", () => {
    const canonical =
      '[{"content":[{"kind":"text","text":"look"},{"base64":"aGk=","kind":"image","mediaType":"image/png"}],"role":"user"},' +
      '{"content":"","role":"assistant","toolCalls":[{"arguments":"{}","id":"a","name":"f"}]}]';
    const expected = createHmac("sha256", key.secret).update(canonical, "utf8").digest("hex");
    expect(digestOfMessages(image("aGk="), calling("{}"))).toBe(`hmac-sha256:${key.id}:${expected}`);
  });
});
