import { describe, expect, test } from "bun:test";
import { generateText, streamText } from "ai";
import type { Logprob } from "../../src/core/chat.ts";
import { objectAt, objectsAt, recordedBody } from "../support/scripted-recordings.ts";
import { ask } from "../support/scripted-upstream.ts";
import { compatibleOf } from "./ai-sdk.ts";
import { ollamaOf, openaiOf, user } from "./clients.ts";
import { CHAT, QUESTION } from "./facts.ts";
import { sideOf, WAYS, type Way } from "./gateways.ts";
import { collect, isRecord } from "./harness.ts";

/** What a model shows of its work beside the answer: its thinking, and how probable its tokens were. */

const THOUGHT = "Paris it is.";
const question = `${QUESTION} ${ask("thinking")}`;

describe.each([...WAYS])("the thinking of the %s model", (way) => {
  test("is beside the text for the openai SDK, which has no type for it, whole and streamed", async () => {
    const side = sideOf(way);
    const body = { model: side.model, messages: user(question) };
    const completion = await openaiOf(side).chat.completions.create(body);
    expect<unknown>(completion.choices[0]?.message).toMatchObject({
      content: CHAT[way].text,
      reasoning_content: THOUGHT,
    });
    const chunks = await collect(await openaiOf(side).chat.completions.create({ ...body, stream: true }));
    const deltas: unknown[] = chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta));
    expect(deltas.map((delta) => (isRecord(delta) ? (delta["reasoning_content"] ?? "") : "")).join("")).toBe(THOUGHT);
    expect(deltas.map((delta) => (isRecord(delta) ? (delta["content"] ?? "") : "")).join("")).toBe(CHAT[way].text);
  });

  test("is an item of its own among responses", async () => {
    const side = sideOf(way);
    const body = { model: side.model, input: question };
    for (const response of [
      await openaiOf(side).responses.create(body),
      await openaiOf(side).responses.stream(body).finalResponse(),
    ]) {
      expect<unknown>(response.output).toMatchObject([
        { type: "reasoning", summary: [{ type: "summary_text", text: THOUGHT }] },
        { type: "message", content: [{ type: "output_text", text: CHAT[way].text }] },
      ]);
    }
  });

  test("is a field of the message for the ollama SDK, whole and streamed", async () => {
    const side = sideOf(way);
    const body = { model: side.model, messages: user(question) };
    const { message } = await ollamaOf(side).chat(body);
    expect(message).toMatchObject({ thinking: THOUGHT, content: CHAT[way].text });
    const records = await collect(await ollamaOf(side).chat({ ...body, stream: true }));
    expect(records.map((record) => record.message.thinking ?? "").join("")).toBe(THOUGHT);
    expect(records.map((record) => record.message.content).join("")).toBe(CHAT[way].text);
  });

  test("is what the AI SDK calls reasoning, whole and streamed", async () => {
    const side = sideOf(way);
    const settings = { model: compatibleOf(side).chatModel(side.model), prompt: question, maxRetries: 0 };
    const whole = await generateText(settings);
    expect([whole.reasoningText, whole.text]).toEqual([THOUGHT, CHAT[way].text]);
    const streamed = streamText(settings);
    expect([await streamed.reasoningText, await streamed.text]).toEqual([THOUGHT, CHAT[way].text]);
  });
});

describe.each([...WAYS])("log probabilities from the %s model", (way) => {
  test("reach the openai SDK, whole and streamed", async () => {
    const side = sideOf(way);
    const body = { model: side.model, messages: user(QUESTION), logprobs: true, top_logprobs: 2 };
    const expected = await logprobsOf(way);
    const completion = await openaiOf(side).chat.completions.create(body);
    expect<unknown>(completion.choices[0]?.logprobs?.content).toEqual(expected);
    if (way === "cloud") return;
    const chunks = await collect(await openaiOf(side).chat.completions.create({ ...body, stream: true }));
    const streamed = chunks.flatMap((chunk) => chunk.choices.flatMap((choice) => choice.logprobs?.content ?? []));
    expect<unknown>(streamed).toEqual(expected);
  });

  test("reach the ollama SDK", async () => {
    const side = sideOf(way);
    const answer = await ollamaOf(side).chat({
      model: side.model,
      messages: user(QUESTION),
      logprobs: true,
      top_logprobs: 2,
    });
    expect<unknown>(answer.logprobs).toEqual(await logprobsOf(way));
  });
});

async function logprobsOf(way: Way): Promise<readonly Logprob[]> {
  const folder = way === "local" ? "ollama-openai" : "llama-server";
  const [choice] = objectsAt(await recordedBody(folder, "chat-logprobs"), "choices");
  return objectsAt(objectAt(choice ?? {}, "logprobs"), "content");
}
