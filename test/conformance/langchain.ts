import { describe, expect, test } from "bun:test";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { type AIMessage, type BaseMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOllama, OllamaEmbeddings } from "@langchain/ollama";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { z } from "zod";
import type { Surface } from "../../src/core/chat.ts";
import { ask } from "../support/scripted-upstream.ts";
import { lastRow, watched } from "./clients.ts";
import {
  AFTER_CALL,
  CALL_USAGE,
  CHAT,
  embeddingFacts,
  inSinglePrecision,
  PIXEL,
  PLACE,
  QUESTION,
  TOOL_RESULT,
  WEATHER_QUESTION,
} from "./facts.ts";
import { forgetRefusals, type Side, sideOf, VISION_MODELS, WAYS, type Way } from "./gateways.ts";
import { collect, expectOnRecord, rejection, untilError } from "./harness.ts";

const once = { maxRetries: 0 } as const;
const openaiOf = (side: Side, model: string, useResponsesApi = false) =>
  new ChatOpenAI({
    ...once,
    model,
    apiKey: "the gateway asks for none",
    useResponsesApi,
    configuration: { baseURL: `${side.url}/v1`, fetch: watched.fetch },
  });

const MODELS = {
  ChatOpenAI: (side: Side, model = side.model) => openaiOf(side, model),
  "ChatOpenAI, responses": (side: Side, model = side.model) => openaiOf(side, model, true),
  ChatOllama: (side: Side, model = side.model) =>
    new ChatOllama({ ...once, model, baseUrl: side.url, fetch: watched.fetch }),
} as const;
type Kind = keyof typeof MODELS;
const SURFACES: Readonly<Record<Kind, Surface>> = {
  ChatOpenAI: "openai_chat",
  "ChatOpenAI, responses": "openai_responses",
  ChatOllama: "ollama_chat",
};
const CASES = WAYS.flatMap((way) => (Object.keys(MODELS) as Kind[]).map((kind): readonly [Kind, Way] => [kind, way]));

const Place = z.object({ city: z.string(), country: z.string() });
const usageOf = ([input, output]: readonly [number, number]) => ({
  input_tokens: input,
  output_tokens: output,
  total_tokens: input + output,
});

describe.each(CASES)("LangChain's %s, answered by the %s model", (kind, way) => {
  // ChatOllama streams whatever it is asked.
  const alwaysStreams = kind === "ChatOllama";
  const surface = SURFACES[kind];

  test("invoke", async () => {
    const side = sideOf(way);
    const answer = await MODELS[kind](side).invoke([new SystemMessage("Be brief."), new HumanMessage(QUESTION)]);
    expect(answer.text).toBe(CHAT[way].text);
    expect(answer.usage_metadata).toMatchObject(usageOf(CHAT[way].usage));
    const told = { surface, streamed: alwaysStreams, messageCount: 2, usage: CHAT[way].usage };
    await expectOnRecord(side, watched.last(), told);
  });

  test("stream", async () => {
    const side = sideOf(way);
    const chunks = await collect(await MODELS[kind](side).stream(QUESTION));
    expect(chunks.map((chunk) => chunk.text).join("")).toBe(CHAT[way].text);
    expect(chunks.length).toBeGreaterThan(3);
    const usages = chunks.flatMap((chunk) => (chunk.usage_metadata === undefined ? [] : [chunk.usage_metadata]));
    expect(usages.at(-1)).toMatchObject(usageOf(CHAT[way].usage));
    await expectOnRecord(side, watched.last(), { surface, streamed: true, usage: CHAT[way].usage });
  });

  test("bindTools, in a loop until the final answer", async () => {
    const side = sideOf(way);
    const { messages, cities } = await converse(MODELS[kind](side), WEATHER_QUESTION);
    expect(cities).toEqual(["Lisbon"]);
    expect(messages.at(-1)?.text).toBe(AFTER_CALL[way].text);
    expect(messages[1]).toMatchObject({ usage_metadata: usageOf(CALL_USAGE[way]) });
    await expectOnRecord(side, watched.last(), {
      surface,
      streamed: alwaysStreams,
      messageCount: 3,
      usage: AFTER_CALL[way].usage,
    });
  });

  test("withStructuredOutput", async () => {
    const side = sideOf(way);
    const place = await MODELS[kind](side).withStructuredOutput(Place, { method: "jsonSchema" }).invoke(QUESTION);
    expect<unknown>(place).toEqual(PLACE[way].value);
    await expectOnRecord(side, watched.last(), { surface, streamed: alwaysStreams, usage: PLACE[way].usage });
  });

  test("an image", async () => {
    const side = sideOf(way);
    const content = [
      { type: "text", text: QUESTION },
      { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
    ];
    const answer = await MODELS[kind](side, VISION_MODELS[way]).invoke([new HumanMessage({ content })]);
    expect(answer.text).toBe(CHAT[way].text);
    expect(JSON.stringify(side.upstream.lastPosted().body)).toContain(PIXEL);
  });

  test("errors carry the status", async () => {
    const side = sideOf(way);
    for (const [script, status] of [
      ["bad-request", 400],
      ["not-found", 404],
      ["rate-limited", 429],
      ["unauthorized", 502],
    ] as const) {
      const error = await rejection(MODELS[kind](side).invoke(ask(script)));
      expect(error).toMatchObject(kind === "ChatOllama" ? { status_code: status } : { status });
      await forgetRefusals();
    }
  });

  test.each(["stall", "error-event"] as const)("a stream that fails on the way (%s) fails", async (script) => {
    const side = sideOf(way);
    const words = `${ask(script)} ${crypto.randomUUID()}`;
    const stream = await MODELS[kind](side).stream(words);
    const { error } = await untilError(stream, () => {
      if (script === "stall") side.upstream.breakOff(words);
    });
    expect(error).toBeInstanceOf(Error);
    const row = await lastRow(side);
    expect(row).toMatchObject({ surface, status: "failed", streamed: true });
  });
});

// ChatOllama looks at its signal only when a record comes, so it leaves no stream that stands still.
const LEAVING = CASES.filter(([kind]) => kind !== "ChatOllama");

describe.each(LEAVING)("LangChain's %s, answered by the %s model", (kind, way) => {
  test("a stream that its reader leaves is aborted upstream", async () => {
    const side = sideOf(way);
    const words = `${ask("stall")} ${crypto.randomUUID()}`;
    const abort = new AbortController();
    const reading = rejection(
      (async () => {
        for await (const chunk of await MODELS[kind](side).stream(words, { signal: abort.signal })) {
          if (chunk.text !== "") abort.abort();
        }
      })(),
    );
    expect(await reading).toBeInstanceOf(Error);
    await side.upstream.departure(words);
    const row = await lastRow(side);
    expect(row).toMatchObject({ surface: SURFACES[kind], status: "client_aborted", streamed: true });
  });
});

describe.each([...WAYS])("LangChain's embeddings from the %s model", (way) => {
  test("OpenAIEmbeddings and OllamaEmbeddings", async () => {
    const side = sideOf(way);
    const { vectors, usage } = await embeddingFacts(way);
    const expected = inSinglePrecision(vectors);
    const openai = new OpenAIEmbeddings({
      ...once,
      model: side.model,
      apiKey: "the gateway asks for none",
      configuration: { baseURL: `${side.url}/v1`, fetch: watched.fetch },
    });
    const ollama = new OllamaEmbeddings({ ...once, model: side.model, baseUrl: side.url, fetch: watched.fetch });
    for (const [client, surface] of [
      [openai, "openai_embeddings"],
      [ollama, "ollama_embed"],
    ] as const) {
      expect(inSinglePrecision([await client.embedQuery("policy")])).toEqual(expected.slice(0, 1));
      expect(inSinglePrecision(await client.embedDocuments(["policy", "mesh"]))).toEqual(expected);
      await expectOnRecord(side, watched.last(), {
        surface,
        reasonCodes: "embedding_model",
        messageCount: 2,
        usage,
      });
    }
  });
});

/** Asks, calls the tool as the model wants, and asks again, until it calls no more. */
async function converse(model: BaseChatModel, question: string) {
  const cities: string[] = [];
  const weather = tool(
    ({ city }: { city: string }) => {
      cities.push(city);
      return TOOL_RESULT;
    },
    { name: "get_weather", description: "Current weather of a city", schema: z.object({ city: z.string() }) },
  );
  const bound = model.bindTools?.([weather]);
  if (bound === undefined) throw new Error("this model takes no tools");
  const messages: BaseMessage[] = [new HumanMessage(question)];
  for (let turn = 0; turn < 4; turn++) {
    const answer: AIMessage = await bound.invoke(messages);
    messages.push(answer);
    if ((answer.tool_calls ?? []).length === 0) break;
    for (const call of answer.tool_calls ?? []) {
      const result: unknown = await weather.invoke(call);
      if (result instanceof ToolMessage) messages.push(result);
    }
  }
  return { messages, cities };
}
