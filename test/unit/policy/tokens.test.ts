import { describe, expect, test } from "bun:test";
import { type ChatMessage, type ChatRequest, PLAIN_CHAT } from "../../../src/core/chat.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import { TokenCounter } from "../../../src/policy/token-counter.ts";
import { estimateTokens } from "../../../src/policy/tokens.ts";
import { asking, chatTask, completionTask, embeddingTask } from "../../support/ollama-requests.ts";

const WORDS = "The weather in Lisbon is fine today.";
const tokens = (text: string): number => new TokenCounter().count(text);
const estimated = (...args: Parameters<typeof asking>): number => estimateTokens(asking(...args));
const plain = estimated(chatTask(WORDS));

/** What a request is more than one of the words alone. */
const added = (task: Partial<ReturnType<typeof chatTask>>, rest: Partial<ChatRequest> = {}): number =>
  estimated(chatTask(WORDS, task), rest) - plain;

describe("estimateTokens", () => {
  test("counts the words of a message, and what the chat format puts around them", () => {
    expect(plain - tokens(WORDS)).toBe(7);
    const two: ChatMessage[] = [
      { role: "system", content: WORDS },
      { role: "user", content: WORDS },
    ];
    expect(estimated(chatTask(two)) - 2 * tokens(WORDS)).toBe(11);
  });

  test("counts a completion and texts to embed as they are", () => {
    expect(estimated(completionTask(WORDS, { suffix: "So." }))).toBe(tokens(WORDS) + tokens("So."));
    expect(estimated(embeddingTask([WORDS, WORDS]))).toBe(2 * tokens(WORDS));
  });

  test("counts thinking, calls with their names, and results", () => {
    const call = { id: "call_1", name: "get_weather", arguments: '{"city":"Lisbon"}' };
    const messages: ChatMessage[] = [
      { role: "assistant", content: "", thinking: WORDS, toolCalls: [call] },
      { role: "tool", content: WORDS, toolCallId: "call_1" },
    ];
    const said = 2 * tokens(WORDS) + tokens(call.name) + tokens(call.arguments);
    expect(estimated(chatTask(messages))).toBeGreaterThanOrEqual(said);
    expect(estimated(chatTask(messages))).toBeLessThan(said + 30);
  });

  test("counts tools and the format asked for", () => {
    const parameters = { type: "object", properties: { city: { type: "string", description: WORDS } } };
    const tool = { name: "get_weather", description: WORDS, parameters, strict: null };
    const schema = { type: "object", properties: { answer: { type: "string" } } };
    const json = tokens(JSON.stringify(parameters));
    expect(added({ tools: [tool] })).toBeGreaterThanOrEqual(json + tokens(WORDS) + tokens(tool.name));
    expect(added({ tools: [{ ...tool, description: null, parameters: null }] })).toBeLessThan(json);
    expect(added({ format: { kind: "json_schema", name: null, schema, strict: null } })).toBe(
      tokens(JSON.stringify(schema)),
    );
    expect(added({ format: { kind: "json" } })).toBe(0);
  });

  test("counts a flat figure for each part that is no text, however large", () => {
    const image = { kind: "image", mediaType: "image/png", base64: "A".repeat(100_000) } as const;
    const other = {
      kind: "other",
      original: { type: "image_url", image_url: { url: "https://a.example/b.png" } },
    } as const;
    const withParts = (...parts: (typeof image | typeof other)[]) =>
      estimated(chatTask([{ role: "user", content: [{ kind: "text", text: WORDS }, ...parts] }]));
    expect(withParts(image) - withParts()).toBe(1_501);
    expect(withParts(image, other) - withParts()).toBe(3_002);
  });

  const uncarried = (body: JsonObject, ...names: string[]) => added({}, { body, untranslated: names });

  test("counts what goes to a server of the same protocol beside the task", () => {
    const functions = [{ name: "get_weather", description: WORDS }];
    expect(uncarried({ functions }, "functions")).toBeGreaterThanOrEqual(tokens(WORDS) + tokens("get_weather"));
    const messages = [{}, { function_call: { arguments: WORDS } }];
    expect(uncarried({ messages }, "messages[1].function_call")).toBeGreaterThanOrEqual(tokens(WORDS));
    expect(uncarried({ messages }, "messages[1].function_call")).toBeLessThan(tokens(WORDS) + 5);
    expect(uncarried({ temperature: 1, "🙂": WORDS }, "body")).toBeGreaterThanOrEqual(tokens(WORDS));
  });

  test("leaves parts of messages, which are counted already, and counts images that are none", () => {
    const messages = [
      { content: [{ type: "file", file: { data: WORDS.repeat(100) } }], images: ["A".repeat(9_999), "B"] },
    ];
    expect(uncarried({ messages }, "messages[0].content[0].type")).toBe(0);
    expect(uncarried({ messages }, "messages[0].images")).toBe(3_000);
  });

  test("counts prompts and inputs of token numbers, without counting their texts twice", () => {
    const prompt = [[1, 2, 3], [4]];
    expect(estimated(completionTask(""), { body: { prompt }, untranslated: ["prompt"] })).toBe(4);
    const both = { body: { input: [WORDS, [5, 6]] }, untranslated: ["input"] };
    expect(estimated(embeddingTask([WORDS]), both)).toBe(tokens(WORDS) + 2);
    expect(uncarried({ context: [1, 2, 3, 4] }, "context")).toBe(4);
  });

  test("is bounded by bytes and what stands around messages", () => {
    const content = "z".repeat(50_000);
    const messages = Array.from({ length: 200 }, (): ChatMessage => ({ role: "user", content }));
    const task = { ...PLAIN_CHAT, ...chatTask(messages) };
    expect(estimated(task)).toBe(200 * (50_000 + 4) + 3);
  });
});
