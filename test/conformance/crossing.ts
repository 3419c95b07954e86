import { describe, expect, test } from "bun:test";
import { ask } from "../support/scripted-upstream.ts";
import { lastRow, ollamaOf, openaiOf, user } from "./clients.ts";
import { WEATHER_PARAMETERS, WEATHER_QUESTION } from "./facts.ts";
import { sideOf, WAYS } from "./gateways.ts";
import { collect, corsHeaders, postJson, rejection, untilError } from "./harness.ts";

/** What one protocol can say and the other cannot, and what the gateway gives nobody unless it is told to. */

const FUNCTION = { name: "get_weather", description: "Current weather of a city", parameters: WEATHER_PARAMETERS };
const tools = [{ type: "function" as const, function: FUNCTION }];
const question = user(`${WEATHER_QUESTION} ${ask("array-arguments")}`);

describe("a tool call whose arguments are no JSON object", () => {
  const failed = {
    status: "failed",
    failure_category: "malformed_response",
    provider: "openai",
    surface: "ollama_chat",
  };

  test("is nothing that an Ollama client can be given, whole", async () => {
    const side = sideOf("cloud");
    const error = await rejection(ollamaOf(side).chat({ model: side.model, messages: question, tools }));
    expect(error).toMatchObject({
      name: "ResponseError",
      status_code: 502,
      error: expect.stringContaining("arguments"),
    });
    expect(await lastRow(side)).toMatchObject({ ...failed, streamed: false });
  });

  test("ends an Ollama client's stream with an error, and the row says so", async () => {
    const side = sideOf("cloud");
    const body = { model: side.model, messages: question, tools };
    const { items, error } = await untilError(await ollamaOf(side).chat({ ...body, stream: true }));
    expect(items.filter((item) => item.done || item.message.tool_calls !== undefined)).toEqual([]);
    expect(error).toMatchObject({ message: expect.stringContaining("arguments") });
    expect(await lastRow(side)).toMatchObject({ ...failed, streamed: true });
    const lines = (await (await postJson(side, "/api/chat", body)).text()).trimEnd().split("\n");
    expect(lines.join("\n")).not.toContain('"done":true');
    expect(JSON.parse(lines.at(-1) ?? "")).toEqual({ error: expect.stringContaining("arguments") });
  });

  test("reaches OpenAI clients as the text that the model wrote", async () => {
    const side = sideOf("cloud");
    const body = { model: side.model, messages: question, tools };
    const client = openaiOf(side);
    const whole = await client.chat.completions.create(body);
    expect<unknown>(whole.choices[0]?.message.tool_calls).toEqual([
      { id: expect.any(String), type: "function", function: { name: "get_weather", arguments: "[1]" } },
    ]);
    const chunks = await collect(await client.chat.completions.create({ ...body, stream: true }));
    const deltas = chunks.flatMap((chunk) => chunk.choices.flatMap((choice) => choice.delta.tool_calls ?? []));
    expect(deltas.map((delta) => delta.function?.arguments ?? "").join("")).toBe("[1]");
    expect(await lastRow(side)).toMatchObject({ status: "succeeded", streamed: true });
    const asResponse = {
      model: side.model,
      input: question,
      tools: [{ type: "function" as const, strict: false, ...FUNCTION }],
    };
    for (const response of [
      await client.responses.create(asResponse),
      await client.responses.stream(asResponse).finalResponse(),
    ]) {
      expect(response.output.map((item) => (item.type === "function_call" ? item.arguments : item.type))).toEqual([
        "[1]",
      ]);
    }
  });
});

describe.each([...WAYS])("web pages, at the gateway of the %s model", (way) => {
  test("get nothing to read by, since no origin is allowed", async () => {
    const side = sideOf(way);
    const origin = "http://localhost:3000";
    const headers = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    for (const path of ["/v1/chat/completions", "/api/chat", "/v1/chat"]) {
      const preflight = await fetch(`${side.url}${path}`, { method: "OPTIONS", headers });
      expect(preflight.status).toBe(405);
      expect(corsHeaders(preflight)).toEqual({});
    }
    const response = await postJson(
      side,
      "/v1/chat/completions",
      { model: "auto", messages: user("Hello") },
      { origin },
    );
    expect(response.status).toBe(200);
    expect(corsHeaders(response)).toEqual({});
  });
});
