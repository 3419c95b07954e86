import { afterAll, afterEach, beforeEach, describe, expect, mock, spyOn, test } from "bun:test";
import { join } from "node:path";
import { type Chunk, NO_USAGE } from "../../src/core/chat.ts";
import { createOllama } from "../../src/providers/ollama.ts";
import { createOpenAi } from "../../src/providers/openai.ts";
import { chatRequest } from "../support/deps.ts";
import { asking } from "../support/ollama-requests.ts";
import { CHAT, COMPLETION, openAiRequest, otherRequest } from "../support/openai-streams.ts";
import { AS_LOCAL, AS_OPENAI } from "../support/provider-options.ts";
import { target } from "../support/target.ts";

type Id = "local" | "openai";

const TAGS = { models: [{ name: "m:latest" }] };
const MODELS = { data: [{ id: "m" }] };
const SAID = "words of the answer";

let list: () => Response;
let answer: () => Response;
const posted: string[] = [];
const upstream = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  async fetch(request) {
    if (request.method === "GET") return list();
    posted.push(await request.text());
    return answer();
  },
});
afterAll(() => upstream.stop(true));
beforeEach(() => {
  posted.length = 0;
  list = () => Response.json({ ...TAGS, ...MODELS });
});

const base = `http://127.0.0.1:${upstream.port}`;
const provider = (id: Id) =>
  id === "local"
    ? createOllama({ ...AS_LOCAL, baseUrl: base, defaultModel: "m" })
    : createOpenAi({ ...AS_OPENAI, baseUrl: base, apiKey: "k", defaultModel: "m", needsKey: true });

function ask(id: Id, model = "m", request = chatRequest("private words")): Promise<Chunk[]> {
  return Array.fromAsync(provider(id).answer(target(id, model), request, AbortSignal.timeout(5_000)));
}

async function categoryOf(id: Id, model?: string) {
  const chunks = await ask(id, model);
  expect(JSON.stringify(chunks)).not.toContain(SAID);
  expect(chunks.map((chunk) => chunk.kind)).toEqual(["failure"]);
  return chunks[0]?.kind === "failure" ? chunks[0].failure.category : null;
}

const ollamaAnswer = (fields: Record<string, unknown> = {}) => ({
  model: "m",
  message: { role: "assistant", content: SAID },
  done: true,
  done_reason: "stop",
  ...fields,
});

const completion = (choice: Record<string, unknown>) => ({ model: "m", choices: [{ index: 0, ...choice }] });
const ENDED = {
  kind: "end",
  model: "m",
  finishReason: "stop",
  usage: { promptTokens: null, completionTokens: null },
} as const;
const plain: Record<Id, unknown> = {
  local: ollamaAnswer(),
  openai: completion({ finish_reason: "stop", message: { role: "assistant", content: SAID } }),
};

describe("an answer of the OpenAI protocol", () => {
  test.each([
    ["part of the text", SAID],
    ["no text", ""],
    ["null", null],
  ])("that its content filter cut is a failure, with %s left of it", async (_name, content) => {
    answer = () => Response.json(completion({ finish_reason: "content_filter", message: { content } }));
    expect(await categoryOf("openai")).toBe("content_filter");
  });

  test("that its content filter cut says so to clients of protocols that have a word for it", async () => {
    const body = completion({ finish_reason: "content_filter", message: { content: SAID } });
    const end = { ...ENDED, finishReason: "content_filter" };
    answer = () => Response.json({ id: "i", ...body });
    expect(await ask("openai", "m", openAiRequest({}, CHAT, false))).toEqual([
      { kind: "document", body: { id: "i", ...body } },
      end,
    ]);
    expect(await ask("openai", "m", otherRequest(CHAT, { streamed: false }))).toEqual([
      { kind: "text", text: SAID },
      end,
    ]);
  });

  test.each(["length", "content_filter"])("that was cut (%s) before it said anything is empty", async (reason) => {
    answer = () => Response.json(completion({ finish_reason: reason, message: { content: null } }));
    const chunks = await ask("openai", "m", otherRequest(CHAT, { streamed: false }));
    expect(chunks).toEqual([{ ...ENDED, finishReason: reason }]);
  });

  test("is its thinking, its text and its calls, each with an id", async () => {
    const call = (name: string, id?: string) => ({ ...(id ? { id } : {}), function: { name, arguments: "{}" } });
    const message = { content: SAID, reasoning: "hm", tool_calls: [call("f", "c"), call("g"), call("g")] };
    answer = () => Response.json(completion({ finish_reason: "function_call", message }));
    const chunks = await ask("openai", "m", otherRequest(CHAT, { streamed: false }));
    const ids = chunks.flatMap((chunk) => (chunk.kind === "tool_call" ? [chunk.id] : []));
    expect(new Set(ids).size).toBe(3);
    const made = { kind: "tool_call", name: "g", id: expect.stringMatching(/^call_./) };
    expect(chunks).toMatchObject([
      { kind: "thinking", text: "hm" },
      { kind: "text", text: SAID },
      { kind: "tool_call", index: 0, id: "c", name: "f" },
      { kind: "tool_arguments", index: 0, text: "{}" },
      { ...made, index: 1 },
      { kind: "tool_arguments", index: 1, text: "{}" },
      { ...made, index: 2 },
      { kind: "tool_arguments", index: 2, text: "{}" },
      { ...ENDED, finishReason: "tool_calls" },
    ]);
  });

  test("may be calls and nothing else", async () => {
    const message = { content: null, tool_calls: [{ id: "c", function: { name: "f", arguments: "" } }] };
    answer = () => Response.json(completion({ finish_reason: "tool_calls", message }));
    expect(await ask("openai")).toEqual([
      { kind: "tool_call", index: 0, id: "c", name: "f" },
      { ...ENDED, finishReason: "tool_calls" },
    ]);
  });

  test("has no thinking for a client that wants none", async () => {
    answer = () => Response.json(completion({ message: { content: SAID, reasoning: "hm" }, finish_reason: "stop" }));
    const task = { ...CHAT, thinking: "none" } as const;
    const chunks = await ask("openai", "m", otherRequest(task, { streamed: false }));
    expect(chunks).toEqual([{ kind: "text", text: SAID }, ENDED]);
  });

  test.each([
    ["missing", {}],
    ["empty", { id: "", model: "" }],
    ["null", { id: null, model: null }],
  ])("gets an id and a model for a client of the protocol where they are %s", async (_name, head) => {
    const { model: _, ...body } = completion({ message: { content: SAID }, finish_reason: "stop" });
    answer = () => Response.json({ ...body, ...head, own: 1 });
    expect(await ask("openai", "m", openAiRequest({}, CHAT, false))).toEqual([
      { kind: "document", body: { ...body, own: 1, id: expect.stringMatching(/^chatcmpl-./), model: "m" } },
      ENDED,
    ]);
    answer = () => Response.json({ ...head, choices: [{ index: 0, text: SAID, finish_reason: "stop" }] });
    expect(await ask("openai", "m", openAiRequest({}, COMPLETION, false))).toMatchObject([
      { kind: "document", body: { id: expect.stringMatching(/^cmpl-./), model: "m" } },
      ENDED,
    ]);
  });

  test("is vectors in the order of the texts", async () => {
    const vector = (index: number) => ({ index, embedding: [index, 0.5] });
    answer = () => Response.json({ model: "m", data: [vector(1), vector(0)], usage: { prompt_tokens: 2 } });
    const task = { kind: "embedding", inputs: ["a", "b"], dimensions: null } as const;
    expect(await ask("openai", "m", otherRequest(task, { streamed: false }))).toEqual([
      {
        kind: "vectors",
        vectors: [
          [0, 0.5],
          [1, 0.5],
        ],
      },
      { ...ENDED, finishReason: null, usage: { promptTokens: 2, completionTokens: null } },
    ]);
  });

  test.each([
    ["an error", { error: { message: SAID, code: 500 } }, "upstream_error"],
    ["an error that says why", { error: { code: "context_length_exceeded" } }, "context_length"],
    [
      "an error for a finish reason",
      completion({ finish_reason: "error", message: { content: SAID } }),
      "upstream_error",
    ],
    ["of vLLM's shape for errors", { object: "error", message: SAID, code: 400 }, "bad_request"],
    ["an error with a code of OpenRouter's", { error: { code: 429, message: SAID } }, "rate_limited"],
    [
      "an error for a finish reason that says why",
      completion({ finish_reason: "error", error: { code: 402 } }),
      "upstream_error",
    ],
    ["a refusal of the key", { error: { code: "invalid_api_key", message: SAID } }, "authentication"],
    ["of that shape and says why", { object: "error", message: "longer than the context length" }, "context_length"],
    ["a message", { message: SAID }, "upstream_error"],
    ["a detail", { detail: [{ msg: SAID }], choices: [] }, "upstream_error"],
  ])("that is %s is a failure, whoever asks", async (_name, body, category) => {
    answer = () => Response.json(body);
    const embedding = { kind: "embedding", inputs: ["a"], dimensions: null } as const;
    const tasks = [CHAT, COMPLETION, embedding];
    const own = tasks.map((task) => openAiRequest({}, task, false));
    for (const request of [...own, ...tasks.map((task) => otherRequest(task, { streamed: false }))]) {
      const chunks = await ask("openai", "m", request);
      expect(chunks).toMatchObject([{ kind: "failure", failure: { category } }]);
      expect(JSON.stringify(chunks)).not.toContain(SAID);
    }
  });

  test.each([
    ["a chat", openAiRequest({}, CHAT, false), { choices: [{ text: SAID }] }],
    ["a completion", openAiRequest({}, COMPLETION, false), { choices: [{ message: { content: SAID } }] }],
    ["a translated completion", otherRequest(COMPLETION, { streamed: false }), { choices: [] }],
    ["a call's name", chatRequest(""), completion({ message: { tool_calls: [{ id: "c", function: {} }] } })],
  ])("that is not that of %s is none", async (_name, request, body) => {
    answer = () => Response.json(body);
    const chunks = await ask("openai", "m", request);
    expect(chunks).toMatchObject([{ kind: "failure", failure: { category: "malformed_response" } }]);
  });

  test.each([
    [
      { prompt_tokens: 3_000_000_000, completion_tokens: 5 },
      { promptTokens: null, completionTokens: 5 },
    ],
    [{ prompt_tokens: -1, completion_tokens: 1.5 }, NO_USAGE],
    [{ prompt_tokens: "3", completion_tokens: {} }, NO_USAGE],
    [[3], NO_USAGE],
    ["3", NO_USAGE],
    [null, NO_USAGE],
  ])("is whole, whatever it says of usage: %j", async (reported, usage) => {
    const body = { ...completion({ message: { content: SAID }, finish_reason: "stop" }), id: "i", usage: reported };
    answer = () => Response.json(body);
    expect(await ask("openai", "m", openAiRequest({}, CHAT, false))).toEqual([
      { kind: "document", body },
      { ...ENDED, usage },
    ] as Chunk[]);
    expect(await ask("openai")).toEqual([
      { kind: "text", text: SAID },
      { ...ENDED, usage },
    ]);
    const vectors = { model: "m", data: [{ embedding: [1] }], usage: reported };
    const task = { kind: "embedding", inputs: ["a"], dimensions: null } as const;
    answer = () => Response.json(vectors);
    expect(await ask("openai", "m", openAiRequest({}, task, false))).toMatchObject([{ body: vectors }, { usage }]);
    expect(await ask("openai", "m", otherRequest(task, { streamed: false }))).toMatchObject([
      { vectors: [[1]] },
      { usage },
    ]);
  });

  test("may be vectors with a message beside them", async () => {
    const body = { model: "m", data: [{ embedding: [1] }], message: "ok" };
    answer = () => Response.json(body);
    const task = { kind: "embedding", inputs: ["a"], dimensions: null } as const;
    expect(await ask("openai", "m", openAiRequest({}, task, false))).toMatchObject([{ kind: "document", body }, {}]);
  });

  test.each([
    ["eos", "stop"],
    ["max_tokens", "length"],
    ["tool_use", "tool_calls"],
  ])("that ends by %s ends by %s for a client of another protocol", async (word, finishReason) => {
    answer = () => Response.json(completion({ finish_reason: word, message: { content: SAID } }));
    expect(await ask("openai")).toEqual([
      { kind: "text", text: SAID },
      { ...ENDED, finishReason },
    ]);
  });

  const OPENAI_TASKS = [CHAT, COMPLETION];
  const UNSAID = {
    kind: "failure",
    failure: {
      category: "malformed_response",
      message: "The OpenAI-compatible provider did not say whether its answer is complete.",
    },
  };

  test.each([
    ["abort", "abort"],
    ["a word that nobody knows", "private words"],
  ])("that ends by %s is none for a client of another protocol, and whole for one of its own", async (_name, word) => {
    const body = { id: "i", ...completion({ message: { content: SAID }, text: SAID, finish_reason: word }) };
    answer = () => Response.json(body);
    for (const task of OPENAI_TASKS) {
      expect<unknown>(await ask("openai", "m", otherRequest(task, { streamed: false }))).toEqual([UNSAID]);
      expect(await ask("openai", "m", openAiRequest({}, task, false))).toMatchObject([
        { kind: "document", body },
        { kind: "end", finishReason: word },
      ]);
    }
  });

  test.each([
    ["null", { finish_reason: null }],
    ["an empty word", { finish_reason: "" }],
    ["nothing", {}],
  ])("that ends by %s is none for any client", async (_name, end) => {
    answer = () => Response.json({ id: "i", ...completion({ message: { content: SAID }, text: SAID, ...end }) });
    for (const task of OPENAI_TASKS) {
      for (const request of [otherRequest(task, { streamed: false }), openAiRequest({}, task, false)]) {
        expect<unknown>(await ask("openai", "m", request)).toEqual([UNSAID]);
      }
    }
  });

  test("is none where one of several choices is not at its end", async () => {
    const choice = { message: { content: SAID }, text: SAID };
    const choices = [
      { index: 0, ...choice, finish_reason: "stop" },
      { index: 1, ...choice, finish_reason: null },
    ];
    answer = () => Response.json({ id: "i", ...completion({}), choices });
    for (const task of OPENAI_TASKS) {
      expect<unknown>(await ask("openai", "m", openAiRequest({ n: 2 }, task, false))).toEqual([UNSAID]);
    }
  });

  test.each([
    ["null content", { content: null, refusal: "I cannot help with that." }],
    ["no content", { refusal: "I cannot help with that." }],
  ])("that is a refusal of the model with %s says that", async (_name, message) => {
    answer = () => Response.json(completion({ finish_reason: "stop", message }));
    expect(await ask("openai")).toEqual([
      { kind: "text", text: "I cannot help with that." },
      { kind: "end", model: "m", finishReason: "stop", usage: { promptTokens: null, completionTokens: null } },
    ]);
  });

  test("is its content where it has both content and an empty refusal", async () => {
    answer = () => Response.json(completion({ finish_reason: "stop", message: { content: SAID, refusal: null } }));
    expect((await ask("openai"))[0]).toEqual({ kind: "text", text: SAID });
  });

  test.each([
    ["neither content nor refusal", completion({ finish_reason: "stop", message: { content: null, refusal: null } })],
    ["no choice", { model: "m", choices: [] }],
  ])("with %s is none", async (_name, body) => {
    answer = () => Response.json(body);
    expect(await categoryOf("openai")).toBe("malformed_response");
  });
});

describe.each(["local", "openai"] as const)("an encoded answer of %s", (id) => {
  const gzipped = (status: number, body: unknown) => () =>
    new Response(Bun.gzipSync(JSON.stringify(body)), {
      status,
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
    });

  test("is decoded", async () => {
    answer = gzipped(200, plain[id]);
    expect((await ask(id))[0]).toEqual({ kind: "text", text: SAID });
  });

  test("is decoded where it is an error, too", async () => {
    answer = gzipped(400, { error: { code: "context_length_exceeded" } });
    expect(await categoryOf(id)).toBe("context_length");
  });

  test("is decoded where it is the list of models", async () => {
    list = gzipped(200, { ...TAGS, ...MODELS });
    const asked = provider(id);
    expect(await asked.check(0)).toEqual({ status: "up", modelCount: 1 });
    expect([asked.has("m"), asked.has("absent")]).toEqual(["yes", "no"]);
  });

  test("that is not what its header says is a clean failure", async () => {
    answer = () => new Response("no gzip", { headers: { "content-encoding": "gzip" } });
    expect(["unreachable", "malformed_response"]).toContain((await categoryOf(id)) ?? "none");
  });
});

describe("an answer that Ollama says another host gave", () => {
  test.each([
    ["only the host", { remote_host: "https://ollama.com:443" }],
    ["only the model there", { remote_model: "gpt-oss:120b" }],
    ["both", { remote_host: "https://ollama.com:443", remote_model: "gpt-oss:120b" }],
    ["a cloud name for the model that answered", { model: "m:cloud" }],
    ["a cloud tag for the model that answered", { model: "m:120b-cloud" }],
  ])("by %s is withheld", async (_name, fields) => {
    answer = () => Response.json(ollamaAnswer(fields));
    expect(await categoryOf("local")).toBe("remote_model");
  });

  test("is not one where it names neither", async () => {
    answer = () => Response.json(ollamaAnswer({ remote_host: "", remote_model: "" }));
    expect((await ask("local")).map((chunk) => chunk.kind)).toEqual(["text", "end"]);
  });
});

test.each([
  ["prompt tokens that no column holds", { prompt_eval_count: 3e9, eval_count: 2 }, null, 2],
  ["counts that are none", { prompt_eval_count: -1, eval_count: "2" }, null, null],
])("an answer of Ollama with %s is whole", async (_name, counts, promptTokens, completionTokens) => {
  const usage = { promptTokens, completionTokens };
  answer = () => Response.json(ollamaAnswer(counts));
  expect(await ask("local")).toEqual([
    { kind: "text", text: SAID },
    { ...ENDED, usage },
  ]);
  answer = () => Response.json({ model: "m", embeddings: [[1]], ...counts });
  const task = { kind: "embedding", inputs: ["a"], dimensions: null } as const;
  expect(await ask("local", "m", asking(task))).toEqual([
    { kind: "vectors", vectors: [[1]] },
    { ...ENDED, finishReason: null, usage: { promptTokens, completionTokens: null } },
  ]);
});

test.each([
  ["null", null],
  ["missing", undefined],
])("an answer of Ollama may be tool calls beside content that is %s", async (_name, content) => {
  const message = { role: "assistant", content, tool_calls: [{ id: "c", function: { name: "f", arguments: {} } }] };
  answer = () => Response.json(ollamaAnswer({ message }));
  expect(await ask("local")).toEqual([
    { kind: "tool_call", index: 0, id: "c", name: "f" },
    { kind: "tool_arguments", index: 0, text: "{}" },
    { ...ENDED, finishReason: "tool_calls" },
  ]);
});

test("an answer of Ollama that is not at its end is none", async () => {
  answer = () => Response.json(ollamaAnswer({ done: false }));
  expect(await categoryOf("local")).toBe("malformed_response");
});

describe("a model that is not on this machine gets nothing of the request", () => {
  beforeEach(() => {
    answer = () => Response.json(ollamaAnswer());
  });

  test.each([
    ["only the host", "m", { name: "m:latest", remote_host: "https://ollama.com:443" }],
    ["only the model there", "m", { name: "m:latest", remote_model: "gpt-oss:120b" }],
    ["nothing but the name x:cloud", "x:cloud", { name: "x:cloud" }],
    ["nothing but the name x:120b-cloud", "x:120b-cloud", { name: "x:120b-cloud" }],
    ["nothing but the name x:CLOUD", "x:CLOUD", { name: "x:CLOUD" }],
  ])("when the list has %s", async (_name, model, entry) => {
    list = () => Response.json({ models: [entry] });
    expect(await categoryOf("local", model)).toBe("remote_model");
    expect(posted).toEqual([]);
    const asked = provider("local");
    await asked.check(0);
    expect(asked.has(model)).toBe("remote");
  });

  test("when the list does not have it and its name is a cloud name", async () => {
    expect(await categoryOf("local", "x:cloud")).toBe("remote_model");
    expect(posted).toEqual([]);
  });

  test("when there is no list and the operator's own model has a cloud name", async () => {
    list = () => new Response(null, { status: 404 });
    const cloud = createOllama({ ...AS_LOCAL, baseUrl: base, defaultModel: "x:cloud" });
    const chunks = await Array.fromAsync(
      cloud.answer(target("local", "x:cloud"), chatRequest("private words"), AbortSignal.timeout(5_000)),
    );
    expect(chunks).toMatchObject([{ kind: "failure", failure: { category: "remote_model" } }]);
    expect(posted).toEqual([]);
  });

  test.each([
    ["fails", () => new Response(null, { status: 500 }), "upstream_error"],
    ["is not in the protocol", () => Response.json({ models: [{}] }), "malformed_response"],
  ] as const)("when the list %s", async (_name, failing, category) => {
    list = failing;
    expect(await categoryOf("local")).toBe(category);
    expect(posted).toEqual([]);
  });

  test("when it was here at the last look-up that failed since", async () => {
    const asked = provider("local");
    await asked.check(0);
    list = () => new Response(null, { status: 500 });
    await asked.check(0);
    list = () => Response.json({ models: [{ name: "m:latest", remote_host: "https://ollama.com:443" }] });
    await Array.fromAsync(asked.answer(target("local", "m"), chatRequest("private words"), AbortSignal.timeout(5_000)));
    expect(posted).toEqual([]);
  });

  test("while one that is here gets it, which shows that the test can fail", async () => {
    await ask("local");
    expect(posted).toHaveLength(1);
  });
});

describe("what goes wrong upstream is for the gateway's log to say, not for an SDK", () => {
  const CONSOLE = ["log", "info", "warn", "error", "debug", "trace", "dir"] as const;
  const FAULTS: readonly (readonly [string, () => Response])[] = [
    ["a 400", () => Response.json({ error: { message: SAID } }, { status: 400 })],
    ["a 401", () => Response.json({ error: { message: SAID } }, { status: 401 })],
    ["a 429", () => Response.json({ error: SAID }, { status: 429, headers: { "retry-after": "1" } })],
    ["a 500 that is a page", () => new Response(`<h1>${SAID}</h1>`, { status: 500 })],
    ["no JSON", () => new Response(SAID, { headers: { "content-type": "application/json" } })],
    ["JSON of another shape", () => Response.json({ said: SAID })],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "http://cloud.invalid/" } })],
  ];
  const written: string[] = [];

  beforeEach(() => {
    written.length = 0;
    process.env["OPENAI_LOG"] = "debug";
    for (const method of CONSOLE) {
      spyOn(console, method).mockImplementation((...words: unknown[]) => {
        written.push(`console.${method}: ${Bun.inspect(words)}`);
      });
    }
    for (const stream of [process.stdout, process.stderr]) {
      spyOn(stream, "write").mockImplementation((chunk: unknown) => {
        written.push(`write: ${String(chunk)}`);
        return true;
      });
    }
  });
  afterEach(() => {
    mock.restore();
    delete process.env["OPENAI_LOG"];
  });

  describe.each(["local", "openai"] as const)("%s", (id) => {
    test.each(FAULTS)("prints nothing at %s", async (_name, fault) => {
      answer = fault;
      await ask(id);
      list = fault;
      await provider(id).check(0);
      expect(posted).toHaveLength(1);
      expect(written).toEqual([]);
    });

    test("prints nothing at an answer", async () => {
      answer = () => Response.json(plain[id]);
      expect(await ask(id)).toHaveLength(2);
      expect(written).toEqual([]);
    });
  });

  test.each([
    ["ollama", "up", base],
    ["openai", "up", base],
    ["ollama", "down", "http://127.0.0.1:9"],
    ["openai", "down", "http://127.0.0.1:9"],
  ])("%s in a process of its own prints nothing when it is %s", async (kind, state, baseUrl) => {
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "../support/check-provider.ts"), kind, baseUrl], {
      env: { ...process.env, OPENAI_LOG: "debug", DEBUG: "true" },
      stdout: "pipe",
      stderr: "pipe",
    });
    const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    expect(output).toEqual([`${state}\n`, ""]);
  });
});
