import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ChatRequest } from "../../src/core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/core/json.ts";
import type { Provider } from "../../src/core/provider.ts";
import { nativeChat } from "../../src/http/translate/native.ts";
import { ollamaChat } from "../../src/http/translate/ollama-chat.ts";
import { ollamaEmbed, ollamaEmbeddings } from "../../src/http/translate/ollama-embed.ts";
import { ollamaGenerate } from "../../src/http/translate/ollama-generate.ts";
import { openaiChat } from "../../src/http/translate/openai-chat.ts";
import { openaiCompletions } from "../../src/http/translate/openai-completions.ts";
import { openaiEmbeddings } from "../../src/http/translate/openai-embeddings.ts";
import { openaiResponses } from "../../src/http/translate/openai-responses.ts";
import { createOllama } from "../../src/providers/ollama.ts";
import { createOpenAi } from "../../src/providers/openai.ts";
import { AS_LOCAL, AS_OPENAI } from "../support/provider-options.ts";
import { target } from "../support/target.ts";

/** Keeps what it is asked and answers nothing that anybody could use. */
const asked: { readonly path: string; readonly body: JsonObject }[] = [];
let server: Bun.Server<undefined>;
let providers: { readonly ollama: Provider; readonly openai: Provider };

beforeAll(() => {
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname: path } = new URL(request.url);
      if (path === "/api/tags") return Response.json({ models: [{ name: "m:latest" }] });
      const body: JsonObject = JSON.parse(await request.text());
      asked.push({ path, body });
      return Response.json({ error: "not today" }, { status: 503 });
    },
  });
  const url = `http://127.0.0.1:${server.port}`;
  providers = {
    ollama: createOllama({ ...AS_LOCAL, baseUrl: url, defaultModel: "m" }),
    openai: createOpenAi({ ...AS_OPENAI, baseUrl: `${url}/v1`, apiKey: "k", defaultModel: "m", needsKey: true }),
  };
});
afterEach(() => {
  asked.length = 0;
});
afterAll(() => server.stop(true));

/** The body that the provider sent; null where it refused to send any. */
async function sent(kind: keyof typeof providers, request: ChatRequest, most: number | null) {
  asked.length = 0;
  const provider = providers[kind];
  if (provider.unsupportedField(request) !== null) return null;
  const allowed = target(provider.id, "m", { maxOutputTokens: most });
  await Array.fromAsync(provider.answer(allowed, request, new AbortController().signal));
  expect(asked).toHaveLength(1);
  return asked[0] ?? null;
}

const limit: fc.Arbitrary<JsonValue | undefined> = fc.oneof(
  fc.constantFrom(undefined, null, 0, 1, -1, -2, 50, 51),
  fc.integer({ min: -5, max: 200 }),
  fc.integer({ min: 1_000_000, max: 2_000_000_000 }),
);
/** What no schema knows may be anything. */
const anything = fc.oneof(limit, fc.constantFrom("9999", 99.5, true, [9_999], { max: 9_999 }));
const unsaid = (fields: object): JsonObject => JSON.parse(JSON.stringify(fields));
const given = (fields: Record<string, fc.Arbitrary<JsonValue | undefined>>) => fc.record(fields).map(unsaid);

const MESSAGES = [{ role: "user", content: "hi" }];
const openAiLimits = {
  max_tokens: limit,
  max_completion_tokens: limit,
  n_predict: anything,
  max_output_tokens: anything,
};
const ollamaOptions = given({ num_predict: limit, temperature: fc.constantFrom(undefined, 0.5) });

const bodies = {
  native: given({}).map((): ChatRequest => nativeChat.toRequest({ messages: [{ role: "user", content: "hi" }] })),
  openai_chat: given(openAiLimits).map((body) =>
    openaiChat.toRequest({ model: "m", messages: MESSAGES, ...body } as never),
  ),
  openai_completions: given({ ...openAiLimits, max_completion_tokens: anything }).map((body) =>
    openaiCompletions.toRequest({ model: "m", prompt: "hi", ...body } as never),
  ),
  openai_responses: given({ max_output_tokens: limit }).map((body) =>
    openaiResponses.toRequest({ model: "m", input: "hi", ...body } as never),
  ),
  ollama_chat: fc
    .option(ollamaOptions, { nil: undefined })
    .map((options) =>
      ollamaChat.toRequest(unsaid({ model: "m", messages: MESSAGES, stream: false, options }) as never),
    ),
  ollama_generate: fc
    .option(ollamaOptions, { nil: null })
    .map((options) => ollamaGenerate.toRequest(unsaid({ model: "m", prompt: "hi", stream: false, options }) as never)),
};

/** Every number in a body that a server may take for how much to write. */
function limitsIn({ options, ...body }: JsonObject): Readonly<Record<string, JsonValue>> {
  const names = ["max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict", "num_predict"];
  const all: JsonObject = { ...body, ...(isJsonObject(options) ? options : {}) };
  return Object.fromEntries(Object.entries(all).filter(([name, value]) => names.includes(name) && value !== null));
}

const isWithin = (value: JsonValue, most: number): boolean => typeof value === "number" && value >= 1 && value <= most;

describe.each(["ollama", "openai"] as const)("a request that policy limits, to a provider of kind %s", (kind) => {
  test.each(Object.keys(bodies) as (keyof typeof bodies)[])("from %s never asks for more", async (surface) => {
    const field = kind === "ollama" ? "num_predict" : "max_tokens";
    await fc.assert(
      fc.asyncProperty(bodies[surface], fc.constantFrom(1, 2, 50, 100_000), async (request, most) => {
        const { body } = (await sent(kind, request, most)) ?? {};
        if (body === undefined) return;
        const limits = limitsIn(body);
        expect(limits[field]).toBeDefined();
        for (const value of Object.values(limits)) expect([limits, isWithin(value, most)]).toEqual([limits, true]);
        const own = request.task.kind === "embedding" ? null : request.task.sampling.maxTokens;
        if (own !== null && own > 0) expect(Math.min(...Object.values(limits).map(Number))).toBeLessThanOrEqual(own);
      }),
      { numRuns: 60 },
    );
  });

  test.each(Object.keys(bodies) as (keyof typeof bodies)[])("from %s is changed in nothing else", async (surface) => {
    await fc.assert(
      fc.asyncProperty(bodies[surface], async (request) => {
        const without = (await sent(kind, request, null))?.body ?? {};
        const withLimit = (await sent(kind, request, 50))?.body ?? {};
        expect(stripped(withLimit)).toEqual(stripped(without));
        // Where a client's own body is handed on, the model that policy allowed stands behind it.
        if (Object.keys(without).at(-1) === "model") expect(Object.keys(withLimit).at(-1)).toBe("model");
      }),
      { numRuns: 20 },
    );
  });
});

/** Without limits, and without options where there are no others. */
function stripped({ options = {}, ...body }: JsonObject): JsonObject {
  const others = (part: JsonObject) =>
    Object.fromEntries(Object.entries(part).filter(([name, value]) => value !== null && !(name in limitsIn(part))));
  return { ...others(body), options: others(isJsonObject(options) ? options : {}) };
}

describe("a limit of policy", () => {
  const bodyOf = async (kind: keyof typeof providers, request: ChatRequest, most: number | null = 50) =>
    (await sent(kind, request, most))?.body;

  test.each([
    ["openai_embeddings", openaiEmbeddings.toRequest({ model: "m", input: "hi", max_tokens: 900 } as never)],
    ["ollama_embed", ollamaEmbed.toRequest({ model: "m", input: "hi", options: { num_predict: 900 } } as never)],
    [
      "ollama_embeddings",
      ollamaEmbeddings.toRequest({ model: "m", prompt: "hi", options: { num_predict: -1 } } as never),
    ],
  ] as const)("is nothing to %s", async (_, request) => {
    for (const kind of ["ollama", "openai"] as const) {
      expect(await bodyOf(kind, request)).toEqual((await bodyOf(kind, request, null)) as never);
    }
  });

  const chat = (fields: object) => openaiChat.toRequest({ model: "m", messages: MESSAGES, ...fields } as never);

  test.each([
    [{}, { max_tokens: 50 }],
    [{ max_tokens: 7 }, { max_tokens: 7 }],
    [{ max_tokens: 51 }, { max_tokens: 50 }],
    [{ max_tokens: null }, { max_tokens: 50 }],
    [{ max_tokens: -1 }, { max_tokens: 50 }],
    [{ max_tokens: 0 }, { max_tokens: 1 }],
    [{ max_completion_tokens: 7 }, { max_completion_tokens: 7, max_tokens: 7 }],
    [
      { max_completion_tokens: 700, max_tokens: 7 },
      { max_completion_tokens: 50, max_tokens: 7 },
    ],
    [
      { n_predict: -1, max_tokens: 7 },
      { n_predict: 50, max_tokens: 7 },
    ],
    [{ n_predict: "900" }, { n_predict: 50, max_tokens: 50 }],
  ])("makes of %j in OpenAI's protocol %j", async (given, expected) => {
    expect(limitsIn((await bodyOf("openai", chat(given))) ?? {})).toEqual(expected);
  });

  const ollama = (num_predict: number | undefined) =>
    ollamaChat.toRequest(unsaid({ model: "m", messages: MESSAGES, stream: false, options: { num_predict } }) as never);

  test.each([
    [undefined, 50],
    [7, 7],
    [51, 50],
    [0, 50],
    [-1, 50],
    [-2, 50],
  ])("makes of num_predict %p, to which zero and less are no limit, %i", async (given, expected) => {
    const body = await bodyOf("ollama", ollama(given));
    expect(body).toMatchObject({ options: { num_predict: expected } });
    // What stands last is what a server written in Go reads.
    expect(Object.keys(body ?? {}).slice(-3)).toEqual(["options", "stream", "model"]);
  });

  test("leaves a request alone where policy sets none", async () => {
    expect(limitsIn((await bodyOf("openai", chat({ max_tokens: 900, n_predict: -1 }), null)) ?? {})).toEqual({
      max_tokens: 900,
      n_predict: -1,
    });
    expect((await bodyOf("ollama", ollama(-1), null))?.["options"]).toEqual({ num_predict: -1 });
  });
});
