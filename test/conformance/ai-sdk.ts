import { describe, expect, test } from "bun:test";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  APICallError,
  embed,
  embedMany,
  generateObject,
  generateText,
  isStepCount,
  Output,
  streamObject,
  streamText,
  tool,
} from "ai";
import { z } from "zod";
import type { Surface } from "../../src/core/chat.ts";
import { ask } from "../support/scripted-upstream.ts";
import { lastRow, watched } from "./clients.ts";
import {
  AFTER_CALL,
  CALL_USAGE,
  CHAT,
  COMPLETION,
  embeddingFacts,
  inSinglePrecision,
  OPENING,
  PIXEL,
  PLACE,
  QUESTION,
  TOOL_RESULT,
  WEATHER_QUESTION,
} from "./facts.ts";
import { forgetRefusals, type Side, sideOf, VISION_MODELS, WAYS, type Way } from "./gateways.ts";
import { collect, expectOnRecord, rejection } from "./harness.ts";

globalThis.AI_SDK_LOG_WARNINGS = false;

const openaiOf = (side: Side) => createOpenAI({ baseURL: `${side.url}/v1`, apiKey: "none", fetch: watched.fetch });
export const compatibleOf = (side: Side) =>
  createOpenAICompatible({
    name: "policy-mesh",
    baseURL: `${side.url}/v1`,
    fetch: watched.fetch,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });

/** The three ways in which the SDK's models chat. */
const MODELS = {
  "@ai-sdk/openai, chat": (side: Side, model = side.model) => openaiOf(side).chat(model),
  "@ai-sdk/openai, responses": (side: Side, model = side.model) => openaiOf(side).responses(model),
  "@ai-sdk/openai-compatible": (side: Side, model = side.model) => compatibleOf(side).chatModel(model),
} as const;
type Kind = keyof typeof MODELS;
const surfaceOf = (kind: Kind): Surface => (kind === "@ai-sdk/openai, responses" ? "openai_responses" : "openai_chat");
const CASES = WAYS.flatMap((way) => (Object.keys(MODELS) as Kind[]).map((kind): readonly [Kind, Way] => [kind, way]));

const Place = z.object({ city: z.string(), country: z.string() });
const usageOf = ([inputTokens, outputTokens]: readonly [number, number]) => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens,
});

describe.each(CASES)("%s, answered by the %s model", (kind, way) => {
  const ask1 = { prompt: QUESTION, maxRetries: 0 } as const;

  test("generateText", async () => {
    const side = sideOf(way);
    const result = await generateText({ model: MODELS[kind](side), ...ask1, temperature: 0.5 });
    expect(result.text).toBe(CHAT[way].text);
    expect(result.finishReason).toBe("stop");
    expect(result.usage).toMatchObject(usageOf(CHAT[way].usage));
    expect(result.response).toMatchObject({ id: expect.any(String), modelId: side.model, timestamp: expect.any(Date) });
    await expectOnRecord(side, watched.last(), { surface: surfaceOf(kind), usage: CHAT[way].usage });
  });

  test("streamText", async () => {
    const side = sideOf(way);
    const result = streamText({ model: MODELS[kind](side), ...ask1 });
    const pieces = await collect(result.textStream);
    expect(pieces.join("")).toBe(CHAT[way].text);
    expect(pieces.length).toBeGreaterThan(3);
    expect(await result.finishReason).toBe("stop");
    expect(await result.usage).toMatchObject(usageOf(CHAT[way].usage));
    const told = { surface: surfaceOf(kind), streamed: true, usage: CHAT[way].usage };
    await expectOnRecord(side, watched.last(), told);
  });

  test.each([false, true])("a tool in a loop until the final answer, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const cities: string[] = [];
    const settings = {
      model: MODELS[kind](side),
      prompt: WEATHER_QUESTION,
      maxRetries: 0,
      stopWhen: isStepCount(4),
      tools: { get_weather: weatherTool(cities) },
    };
    const result = streamed ? streamText(settings) : await generateText(settings);
    expect(await result.text).toBe(AFTER_CALL[way].text);
    expect(cities).toEqual(["Lisbon"]);
    const steps = await result.steps;
    expect(steps.map((step) => step.finishReason)).toEqual(["tool-calls", "stop"]);
    expect(steps.map((step) => step.usage.inputTokens)).toEqual([CALL_USAGE[way][0], AFTER_CALL[way].usage[0]]);
    const told = { surface: surfaceOf(kind), streamed, messageCount: 3, usage: AFTER_CALL[way].usage };
    await expectOnRecord(side, watched.last(), told);
  });

  test.each([false, true])("two tool calls at once, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const cities: string[] = [];
    const settings = {
      model: MODELS[kind](side),
      prompt: `${WEATHER_QUESTION} ${ask("two-calls")}`,
      maxRetries: 0,
      stopWhen: isStepCount(4),
      tools: { get_weather: weatherTool(cities) },
    };
    const result = streamed ? streamText(settings) : await generateText(settings);
    expect(await result.text).toBe(AFTER_CALL[way].text);
    expect(cities.toSorted()).toEqual(["Lisbon", "Oslo"]);
  });

  test("generateObject, streamObject and Output.object", async () => {
    const side = sideOf(way);
    const model = MODELS[kind](side);
    const whole = await generateObject({ model, schema: Place, ...ask1 });
    expect<unknown>(whole.object).toEqual(PLACE[way].value);
    await expectOnRecord(side, watched.last(), { surface: surfaceOf(kind), usage: PLACE[way].usage });
    const streamed = streamObject({ model, schema: Place, ...ask1 });
    await collect(streamed.partialObjectStream);
    expect<unknown>(await streamed.object).toEqual(PLACE[way].value);
    const { output } = await generateText({ model, output: Output.object({ schema: Place }), ...ask1 });
    expect<unknown>(output).toEqual(PLACE[way].value);
  });

  test("an image", async () => {
    const side = sideOf(way);
    const result = await generateText({
      model: MODELS[kind](side, VISION_MODELS[way]),
      maxRetries: 0,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: QUESTION },
            { type: "file", data: PIXEL, mediaType: "image/png" },
          ],
        },
      ],
    });
    expect(result.text).toBe(CHAT[way].text);
    expect(JSON.stringify(side.upstream.lastPosted().body)).toContain(PIXEL);
  });

  test("errors are the SDK's own, with the status that it decides by", async () => {
    const side = sideOf(way);
    for (const [script, statusCode] of [
      ["bad-request", 400],
      ["not-found", 404],
      ["rate-limited", 429],
      ["unauthorized", 502],
      ["failing", 502],
    ] as const) {
      const error = await rejection(generateText({ model: MODELS[kind](side), prompt: ask(script), maxRetries: 0 }));
      expect(APICallError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ statusCode });
      await forgetRefusals();
    }
  });

  test.each(["stall", "error-event"] as const)("a stream that fails on the way (%s) fails", async (script) => {
    const side = sideOf(way);
    const words = `${ask(script)} ${crypto.randomUUID()}`;
    const errors: unknown[] = [];
    const result = streamText({
      model: MODELS[kind](side),
      prompt: words,
      maxRetries: 0,
      onError: ({ error }) => {
        errors.push(error);
      },
    });
    let text = "";
    for await (const piece of result.textStream) {
      text += piece;
      if (script === "stall") side.upstream.breakOff(words);
    }
    expect(text.length).toBeGreaterThan(0);
    expect(errors).toHaveLength(1);
    const row = await lastRow(side);
    expect(row).toMatchObject({ status: "failed", streamed: true });
  });

  test("a stream that its reader leaves is aborted upstream", async () => {
    const side = sideOf(way);
    const words = `${ask("stall")} ${crypto.randomUUID()}`;
    const abort = new AbortController();
    const model = MODELS[kind](side);
    const result = streamText({ model, prompt: words, maxRetries: 0, abortSignal: abort.signal });
    for await (const part of result.stream) if (part.type === "text-delta") abort.abort();
    await side.upstream.departure(words);
    const row = await lastRow(side);
    expect(row).toMatchObject({ status: "client_aborted", streamed: true });
  });
});

describe.each([...WAYS])("the AI SDK's other models, answered by the %s model", (way) => {
  test("a completion, whole and streamed", async () => {
    const side = sideOf(way);
    for (const model of [openaiOf(side).completion(side.model), compatibleOf(side).completionModel(side.model)]) {
      const settings = { model, prompt: OPENING, maxOutputTokens: 16, maxRetries: 0 };
      expect((await generateText(settings)).text).toContain(COMPLETION[way].text.trim());
      expect((await collect(streamText(settings).textStream)).join("")).toContain(COMPLETION[way].text.trim());
      expect(watched.last().headers.get("x-policy-mesh-provider")).toBe(side.provider);
    }
  });

  test("embeddings of one value and of many", async () => {
    const side = sideOf(way);
    const { vectors, usage } = await embeddingFacts(way);
    const expected = inSinglePrecision(vectors);
    for (const model of [openaiOf(side).embedding(side.model), compatibleOf(side).embeddingModel(side.model)]) {
      const one = await embed({ model, value: "policy", maxRetries: 0 });
      expect(inSinglePrecision([one.embedding])).toEqual(expected.slice(0, 1));
      expect(one.usage.tokens).toBe(usage[0]);
      const many = await embedMany({ model, values: ["policy", "mesh"], maxRetries: 0 });
      expect(inSinglePrecision(many.embeddings)).toEqual(expected);
      await expectOnRecord(side, watched.last(), {
        surface: "openai_embeddings",
        reasonCodes: "embedding_model",
        messageCount: 2,
        usage,
      });
    }
  });
});

function weatherTool(cities: string[]) {
  return tool({
    description: "Current weather of a city",
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => {
      cities.push(city);
      return TOOL_RESULT;
    },
  });
}
