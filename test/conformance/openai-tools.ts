import { describe, expect, test } from "bun:test";
import type OpenAI from "openai";
import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { z } from "zod";
import { recordedBody } from "../support/scripted-recordings.ts";
import { ask } from "../support/scripted-upstream.ts";
import { expectOneStream, lastRequestId, messagesAsked, openaiOf, usageOf, user, watched } from "./clients.ts";
import { chunksFrom, withoutUsage } from "./expected.ts";
import { AFTER_CALL, CALL_USAGE, TOOL_RESULT, WEATHER_PARAMETERS, WEATHER_QUESTION } from "./facts.ts";
import { type Side, sideOf, WAYS } from "./gateways.ts";
import { collect, expectOnRecord } from "./harness.ts";

const weatherTool = {
  type: "function",
  function: { name: "get_weather", description: "Current weather of a city", parameters: WEATHER_PARAMETERS },
} as const;

describe.each([...WAYS])("the openai SDK, answered by the %s model", (way) => {
  test.each([false, true])("chat: a tool in a loop until the final answer, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const cities: string[] = [];
    const run = ({ city }: { city: string }) => {
      cities.push(city);
      return TOOL_RESULT;
    };
    const tools = [{ ...weatherTool, function: { ...weatherTool.function, parse: parseCity, function: run } }];
    const body = { model: side.model, messages: user(WEATHER_QUESTION), tools };
    const client = openaiOf(side);
    const runner = streamed
      ? client.chat.completions.runTools({ ...body, stream: true })
      : client.chat.completions.runTools(body);
    expect(await runner.finalContent()).toBe(AFTER_CALL[way].text);
    expect(cities).toEqual(["Lisbon"]);
    const [, call, result] = runner.messages;
    const id = call?.role === "assistant" ? call.tool_calls?.[0]?.id : undefined;
    expect(id).toEqual(expect.any(String));
    expect(result).toEqual({ role: "tool", tool_call_id: id ?? "", content: TOOL_RESULT });
    await expectOnRecord(side, watched.last(), {
      surface: "openai_chat",
      streamed,
      messageCount: 3,
      usage: AFTER_CALL[way].usage,
    });
    expectToolTurn(side, id ?? "");
  });

  test("chat: a tool call is a complete object, whole and streamed", async () => {
    const side = sideOf(way);
    const body = {
      model: side.model,
      messages: user(WEATHER_QUESTION),
      tools: [weatherTool],
      tool_choice: "auto" as const,
      parallel_tool_calls: true,
    };
    const completion = await openaiOf(side).chat.completions.create(body);
    const called = { name: "get_weather", arguments: '{"city":"Lisbon"}' };
    const id = "call_6t8o5qk3";
    expect<unknown>(completion).toEqual(
      way === "cloud"
        ? await recordedBody("llama-server", "chat-tool-call")
        : {
            id: `chatcmpl-${lastRequestId()}`,
            object: "chat.completion",
            created: expect.any(Number),
            model: side.model,
            choices: [
              {
                index: 0,
                message: {
                  role: "assistant",
                  content: null,
                  refusal: null,
                  tool_calls: [{ id: expect.stringMatching(/^call_/), type: "function", function: called }],
                },
                logprobs: null,
                finish_reason: "tool_calls",
              },
            ],
            usage: usageOf(CALL_USAGE.local),
          },
    );
    await expectOnRecord(side, watched.last(), { surface: "openai_chat", usage: CALL_USAGE[way] });

    const chunks = await collect(await openaiOf(side).chat.completions.create({ ...body, stream: true }));
    const head = { index: 0, id, type: "function", function: { name: called.name, arguments: "" } };
    const rest = { index: 0, function: { arguments: called.arguments } };
    expect<unknown>(chunks).toEqual(
      way === "cloud"
        ? await withoutUsage("chat-tool-call-stream")
        : chunksFrom(side, [{ tool_calls: [head] }, { tool_calls: [rest] }], "tool_calls", null),
    );
    await expectOnRecord(side, watched.last(), { surface: "openai_chat", streamed: true, usage: CALL_USAGE[way] });
  });

  test.each([false, true])("chat: two tool calls at once keep apart, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const client = openaiOf(side);
    const body = { model: side.model, messages: user(`${WEATHER_QUESTION} ${ask("two-calls")}`), tools: [weatherTool] };
    let chunks: ChatCompletionChunk[] = [];
    if (streamed) {
      chunks = await collect(await client.chat.completions.create({ ...body, stream: true }));
      expectOneStream(chunks, side.model);
      const heads = chunks
        .flatMap((chunk) => chunk.choices.flatMap((choice) => choice.delta.tool_calls ?? []))
        .filter((delta) => delta.id !== undefined);
      expect(heads.map((delta) => [delta.index, delta.type, delta.function?.name])).toEqual([
        [0, "function", "get_weather"],
        [1, "function", "get_weather"],
      ]);
    }
    const message = streamed
      ? (await client.chat.completions.stream(body).finalChatCompletion()).choices[0]?.message
      : (await client.chat.completions.create(body)).choices[0]?.message;
    expect(argumentsOf(message)).toEqual([{ city: "Lisbon" }, { city: "Oslo" }]);
    const ids = (message?.tool_calls ?? []).map((call) => call.id);
    expect(new Set(ids).size).toBe(2);

    const answered = await client.chat.completions.create({
      model: side.model,
      messages: [
        ...user(WEATHER_QUESTION),
        { role: "assistant", tool_calls: message?.tool_calls ?? [] },
        ...ids.map((id, index) => ({ role: "tool" as const, tool_call_id: id, content: `${index} degrees` })),
      ],
      tools: [weatherTool],
    });
    expect(answered.choices[0]?.message.content).toBe(AFTER_CALL[way].text);
    const results = messagesAsked(side).filter((item) => item["role"] === "tool");
    expect(results.map((item) => item["content"])).toEqual(["0 degrees", "1 degrees"]);
    if (way === "cloud") expect<unknown>(results.map((item) => item["tool_call_id"])).toEqual(ids);
    else expect(results.map((item) => item["tool_name"])).toEqual(["get_weather", "get_weather"]);
  });
});

const parseCity = (text: string): { city: string } => z.object({ city: z.string() }).parse(JSON.parse(text));

function argumentsOf(message: OpenAI.ChatCompletionMessage | undefined): unknown[] {
  return (message?.tool_calls ?? []).map((call) =>
    call.type === "function" ? JSON.parse(call.function.arguments) : null,
  );
}

/** How the call and its result went to the model. */
function expectToolTurn(side: Side, id: string): void {
  const [, call, result] = messagesAsked(side);
  if (side.way === "cloud") {
    expect(result).toEqual({ role: "tool", tool_call_id: id, content: TOOL_RESULT });
  } else {
    expect(call).toMatchObject({
      role: "assistant",
      tool_calls: [{ function: { name: "get_weather", arguments: { city: "Lisbon" } } }],
    });
    expect(result).toMatchObject({ role: "tool", tool_name: "get_weather", content: TOOL_RESULT });
  }
}
