import { describe, expect, test } from "bun:test";
import { NO_SAMPLING, type Part, type Task } from "../../../src/core/chat.ts";
import { isJsonObject, type JsonValue } from "../../../src/core/json.ts";
import { messageCount, promptTexts, textOf } from "../../../src/core/prompt.ts";
import { chatTask } from "../../support/deps.ts";

const IMAGE: Part = { kind: "image", mediaType: null, base64: "aGk=" };
const CHAT: Task = chatTask([
  { role: "system", content: "rules" },
  { role: "user", content: [{ kind: "text", text: "a" }, IMAGE, { kind: "text", text: "b" }] },
  {
    role: "assistant",
    content: "",
    thinking: "hm",
    toolCalls: [
      { id: "1", name: "f", arguments: "{}" },
      { id: "2", name: "g", arguments: '{"x":1}' },
    ],
  },
  { role: "tool", content: "42", toolCallId: "1", toolName: "f" },
]);
const completion = (suffix: string | null): Task => ({
  kind: "completion",
  prompt: "a",
  suffix,
  sampling: NO_SAMPLING,
});

test.each([
  ["a chat", CHAT, ["rules", "a\nb", "", "hm", "{}", '{"x":1}', "42"], 4],
  ["a chat without messages", chatTask([]), [], 0],
  ["a completion", completion(null), ["a"], 1],
  ["a completion with a suffix", completion("b"), ["a", "b"], 2],
  ["embeddings", { kind: "embedding", inputs: ["a", "b", ""], dimensions: null }, ["a", "b", ""], 3],
] as const)("the prompt of %s is all its text", (_name, task, texts, count) => {
  expect(promptTexts(task)).toEqual([...texts]);
  expect(messageCount(task)).toBe(count);
});

describe("the text of a message", () => {
  test.each([
    ["text", "text"],
    ["", []],
    ["", [IMAGE]],
    [
      "a\n\nb",
      [
        { kind: "text", text: "a" },
        { kind: "text", text: "" },
        { kind: "text", text: "b" },
      ],
    ],
  ] as const)("is %j for %j", (text, content) => {
    expect(textOf({ content })).toBe(text);
  });
});

test.each<[JsonValue | undefined, boolean]>([
  [{}, true],
  [{ a: 1 }, true],
  [[], false],
  [null, false],
  ["{}", false],
  [0, false],
  [undefined, false],
])("isJsonObject of %j is %p", (value, expected) => {
  expect(isJsonObject(value)).toBe(expected);
});
