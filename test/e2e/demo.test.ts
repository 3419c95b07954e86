import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { scenarios } from "../../src/cli/demo/scenarios.ts";
import { DEMO_KEYWORDS, demoEnvironment } from "../../src/cli/demo/settings.ts";
import { SIMULATED_LOCAL_MODEL, startSimulatedOllama } from "../../src/cli/demo/simulated-ollama.ts";
import { SIMULATED_CLOUD_MODEL, SIMULATED_KEY, startSimulatedOpenAi } from "../../src/cli/demo/simulated-openai.ts";
import { readConfig } from "../../src/config/config.ts";

/** Longer than the minute that it gives its database. */
const START_TIMEOUT_MS = 90_000;
/** Longer than all bounds of an orderly end together. */
const END_TIMEOUT_MS = 30_000;
const BINARY = process.env["POLICY_MESH_BINARY"];
const COMMAND = BINARY ? [resolve(BINARY)] : [process.execPath, join(import.meta.dir, "../../src/main.ts")];
const messages = [{ role: "user" as const, content: "Do not repeat this." }];

/** The real command with nothing of this process's environment, in an empty directory that is also its TMPDIR. */
function startDemo(options: { readonly env?: Record<string, string>; readonly args?: readonly string[] } = {}) {
  const home = mkdtempSync(join(tmpdir(), "pm-demo-test-"));
  const child = Bun.spawn([...COMMAND, "demo", ...(options.args ?? [])], {
    cwd: home,
    env: { PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: home, PORT: "0", ...options.env },
    stdout: "pipe",
    stderr: "pipe",
  });
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) output += decoder.decode(bytes, { stream: true });
  };
  const closed = Promise.all([read(child.stdout), read(child.stderr)]);
  const left = () => readdirSync(home).filter((name) => name.startsWith("policy-mesh"));
  return {
    child,
    left,
    lines: () => output.split("\n"),
    async until(words: string) {
      const endMs = performance.now() + START_TIMEOUT_MS;
      while (!output.includes(words) && child.exitCode === null && performance.now() < endMs) await Bun.sleep(20);
      expect(output).toContain(words);
    },
    /** Kills what does not end by itself, with -1 as its code; the directory is gone afterwards. */
    async ended(timeoutMs: number) {
      const code = await Promise.race([child.exited, Bun.sleep(timeoutMs).then(() => -1)]);
      child.kill("SIGKILL");
      await closed;
      const ending = { code, left: left() };
      rmSync(home, { recursive: true, force: true });
      return ending;
    },
  };
}

describe("policy-mesh demo", () => {
  const demo = startDemo();
  beforeAll(() => demo.until("Ctrl-C ends the demo."), START_TIMEOUT_MS);
  afterAll(() => demo.child.kill("SIGKILL"));

  test("shows for every request what was decided and why", () => {
    const rows = demo.lines().map((line) => line.split(/ {2,}/));
    const local = SIMULATED_LOCAL_MODEL;
    for (const row of [
      ["a short question", "200", "local", local, "cost_prefer_local"],
      ["a keyword in the system message", "200", "local", local, "sensitive_keyword_match"],
      ["the same, wishing for the cloud", "200", "local", local, "sensitive_keyword_match"],
      ["a long question", "200", "openai", SIMULATED_CLOUD_MODEL, "default"],
      ["a long one with a keyword", "200", "local", local, "sensitive_keyword_match"],
      ["a long one with an e-mail", "200", "local", local, "sensitive_data_match"],
      ["a model Ollama would forward", "403", "-", "-", "cost_prefer_local, policy.cloud_model_refused"],
      ["a long one, the cloud fails", "502", "openai", "simulated-cloud-failing", "default, provider.upstream_error"],
    ]) {
      expect(rows).toContainEqual(row);
    }
  });

  test("prints curl lines that work while it serves", async () => {
    const lines = demo.lines().filter((line) => line.startsWith("  curl "));
    expect(lines).toHaveLength(4);
    const answers = await Promise.all(lines.map(runCurlLine));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    const [chat, audit, metrics, docs] = answers.map((answer) => answer.body);
    expect(chat).toContain("This is a simulated answer from the simulated local server");
    expect(audit).toContain('"reason_codes":["cost_prefer_local"]');
    expect(metrics).toContain('chat_requests_total{provider="openai",status="succeeded"} 1');
    expect(docs).toContain('"openapi":"3.');
  });

  test("prints no prompt, and calls simulated whatever answers", () => {
    const config = readConfig({});
    if (!config.ok) throw new Error("the default settings are valid");
    const printed = demo.lines().filter((line) => !line.startsWith("  curl "));
    for (const { content } of scenarios(config.value, DEMO_KEYWORDS[0]).flatMap((scenario) => scenario.messages)) {
      expect(printed.join("\n")).not.toContain(content.slice(0, 20));
    }
    const naming = printed.filter((line) => /(^| )(local|openai) {2}/.test(line));
    expect(naming.length).toBeGreaterThanOrEqual(8);
    for (const line of naming) expect(line).toContain("simulated");
  });

  test("ends at SIGTERM with code 0 and leaves nothing behind", async () => {
    expect(demo.left()).toHaveLength(1);
    demo.child.kill("SIGTERM");
    expect(await demo.ended(END_TIMEOUT_MS)).toEqual({ code: 0, left: [] });
  });
});

test("the demo says how it is used when given an argument", async () => {
  const demo = startDemo({ args: ["extra-arg"] });
  expect(await demo.ended(END_TIMEOUT_MS)).toEqual({ code: 2, left: [] });
  expect(demo.lines()[0]).toBe("Usage: policy-mesh demo");
});

test("the demo says that the port is taken, and leaves nothing behind", async () => {
  const taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const demo = startDemo({ env: { PORT: String(taken.port) } });
  expect(await demo.ended(START_TIMEOUT_MS)).toEqual({ code: 1, left: [] });
  expect(demo.lines().join()).toContain(`Cannot listen on 127.0.0.1:${taken.port} (EADDRINUSE). Set PORT`);
  await taken.stop(true);
});

test("the demo never uses the user's own providers or key", () => {
  const own = { OPENAI_API_KEY: "own-key", OPENAI_BASE_URL: "https://own", OLLAMA_BASE_URL: "http://own", PORT: "1" };
  const env = demoEnvironment(own, { ollamaUrl: "http://127.0.0.1:2", openaiUrl: "http://127.0.0.1:3/v1" }, "/scratch");
  expect(JSON.stringify(env)).not.toContain("own");
  expect(env).toMatchObject({
    PORT: "1",
    DATA_DIR: "/scratch",
    DATABASE_URL: undefined,
    OPENAI_API_KEY: SIMULATED_KEY,
  });
});

describe("simulated Ollama, asked by its SDK", () => {
  const server = startSimulatedOllama();
  const client = new Ollama({ host: server.url });
  afterAll(() => server.close());

  test("lists models and answers, whole and streamed", async () => {
    expect((await client.list()).models.map((model) => model.name)).toContain(SIMULATED_LOCAL_MODEL);
    expect((await client.version()).version).toEndWith("-simulated");
    const whole = await client.chat({ model: "simulated-local", messages });
    expect(whole).toMatchObject({ model: "simulated-local", done: true, done_reason: "stop" });
    expect(whole.message.content).toStartWith("This is a simulated answer");
    const parts = await Array.fromAsync(await client.chat({ model: SIMULATED_LOCAL_MODEL, messages, stream: true }));
    expect(parts.map((part) => part.message.content).join("")).toBe(whole.message.content);
    expect(parts.map((part) => part.done).indexOf(true)).toBe(parts.length - 1);
    expect(parts.at(-1)).toMatchObject({ prompt_eval_count: 5, eval_count: parts.length - 1 });
    const cut = await client.chat({ model: SIMULATED_LOCAL_MODEL, messages, options: { num_predict: 2 } });
    expect([cut.message.content, cut.done_reason]).toEqual(["This is", "length"]);
  });

  test("refuses an unknown model and a body that is no chat in Ollama's shape", async () => {
    const unknown = client.chat({ model: "no-such-model:1b", messages });
    await expect(unknown).rejects.toMatchObject({ status_code: 404, error: "model 'no-such-model:1b' not found" });
    const answer = await fetch(`${server.url}/api/chat`, { method: "POST", body: '{"model":"m","messages":"secret"}' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe('{"error":"simulated: /messages: Expected union value"}');
  });
});

describe("simulated OpenAI, asked by its SDK", () => {
  const server = startSimulatedOpenAi();
  const clientWith = (apiKey: string) => new OpenAI({ baseURL: server.url, apiKey, maxRetries: 0, logLevel: "off" });
  const client = clientWith(SIMULATED_KEY);
  const model = SIMULATED_CLOUD_MODEL;
  afterAll(() => server.close());

  test("lists models and answers, whole and streamed", async () => {
    expect((await client.models.list()).data.map((listed) => listed.id)).toContain(model);
    const whole = await client.chat.completions.create({ model, messages });
    const text = whole.choices[0]?.message.content ?? "";
    expect(text).toStartWith("This is a simulated answer");
    const options = { model, messages, stream: true, stream_options: { include_usage: true } } as const;
    const streamed = client.chat.completions.stream(options);
    const usages: unknown[] = [];
    streamed.on("chunk", (chunk) => usages.push(chunk.usage));
    const final = await streamed.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: text } });
    expect(final.usage).toEqual(whole.usage);
    expect(usages.filter((usage) => usage !== null)).toHaveLength(1);
    const cut = await client.chat.completions.create({ model, messages, max_completion_tokens: 2 });
    expect(cut.choices[0]).toMatchObject({ finish_reason: "length", message: { content: "This is" } });
  });

  test("refuses a wrong key, an unknown model and a wrong body in OpenAI's shape", async () => {
    // The SDK's promise is not one that `rejects` can wait for.
    const failure = async (call: PromiseLike<unknown>) => await call.then(null, (error: unknown) => error);
    const wrongKey = clientWith("wrong").chat.completions.create({ model, messages });
    expect(await failure(wrongKey)).toMatchObject({ status: 401, code: "invalid_api_key" });
    const unknown = client.chat.completions.create({ model: "no-such", messages });
    expect(await failure(unknown)).toMatchObject({ status: 404, code: "model_not_found" });
    const empty = client.chat.completions.create({ model, messages: [] });
    expect(await failure(empty)).toMatchObject({ status: 400, param: "messages" });
  });
});

/** What the shell would make of a printed line: the URL, and the body between the last quotes. */
async function runCurlLine(line: string): Promise<{ readonly status: number; readonly body: string }> {
  const url = /(http:\S+)/.exec(line)?.[1] ?? "";
  const data = / -d '(.*)'$/.exec(line)?.[1];
  const post = { method: "POST", headers: { "content-type": "application/json" }, body: data ?? "" };
  const response = await fetch(url, data === undefined ? {} : post);
  return { status: response.status, body: await response.text() };
}
