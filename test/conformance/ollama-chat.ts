import { describe, expect, test } from "bun:test";
import type { Message } from "ollama";
import { objectAt, objectsAt, recordedBody, recordedStream } from "../support/scripted-recordings.ts";
import { ask } from "../support/scripted-upstream.ts";
import { ollamaOf, user, watched } from "./clients.ts";
import { chatRecords, ended } from "./expected.ts";
import {
  AFTER_CALL,
  CALL_USAGE,
  CHAT,
  CUT_SHORT,
  PIXEL,
  PLACE,
  PLACE_SCHEMA,
  QUESTION,
  TOOL_RESULT,
  WEATHER_PARAMETERS,
  WEATHER_QUESTION,
} from "./facts.ts";
import { type Side, sideOf, VISION_MODELS, WAYS } from "./gateways.ts";
import { collect, expectOnRecord, WITH_IMAGE } from "./harness.ts";

const tools = [
  {
    type: "function",
    function: { name: "get_weather", description: "Current weather of a city", parameters: WEATHER_PARAMETERS },
  },
];
describe.each([...WAYS])("the ollama SDK, answered by the %s model", (way) => {
  test("chat: a whole answer", async () => {
    const side = sideOf(way);
    const options = { temperature: 0.5, top_p: 0.9, seed: 7, stop: ["END"], num_predict: 64, num_ctx: 2048 };
    const messages = [{ role: "system", content: "Be brief." }, ...user(QUESTION)];
    const answer = await ollamaOf(side).chat({ model: side.model, messages, options, keep_alive: "5m" });
    const { text, usage } = CHAT[way];
    expect<unknown>(answer).toEqual(
      way === "local"
        ? await recordedBody("ollama", "chat-success")
        : { ...ended(side.model, usage), message: { role: "assistant", content: text } },
    );
    await expectOnRecord(side, watched.last(), { surface: "ollama_chat", messageCount: 2, usage });
    expect<unknown>(side.upstream.lastPosted().body).toEqual(
      way === "local"
        ? { model: side.model, messages, options, keep_alive: "5m", stream: false }
        : {
            model: side.model,
            messages,
            temperature: 0.5,
            top_p: 0.9,
            seed: 7,
            stop: ["END"],
            max_tokens: 64,
          },
    );
  });

  test("chat: a stream", async () => {
    const side = sideOf(way);
    const records = await collect(
      await ollamaOf(side).chat({ model: side.model, messages: user(QUESTION), stream: true }),
    );
    const put = (content: string) => ({ message: { role: "assistant", content } });
    expect<unknown>(records).toEqual(
      way === "local" ? await recordedStream("ollama", "chat-stream") : await chatRecords(side, put),
    );
    expect(watched.last().headers.get("content-type")).toBe("application/x-ndjson");
    await expectOnRecord(side, watched.last(), { surface: "ollama_chat", streamed: true, usage: CHAT[way].usage });
  });

  test("chat: an answer cut short says so", async () => {
    const side = sideOf(way);
    const answer = await ollamaOf(side).chat({
      model: side.model,
      messages: user(QUESTION),
      options: { num_predict: 5 },
    });
    expect<unknown>(answer).toEqual(
      way === "local"
        ? await recordedBody("ollama", "chat-num-predict-limit")
        : {
            ...ended(side.model, CUT_SHORT.cloud.usage, "length"),
            message: { role: "assistant", content: CUT_SHORT.cloud.text },
          },
    );
  });

  test("chat: without a tag, or under its provider's name, the model is found", async () => {
    const side = sideOf(way);
    for (const model of ["auto", "auto:latest", `${side.provider}/${side.model}`]) {
      const answer = await ollamaOf(side).chat({ model, messages: user(QUESTION) });
      expect(answer.model).toBe(side.model);
    }
  });

  test.each([false, true])("chat: a tool in a loop until the final answer, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const messages: Message[] = user(WEATHER_QUESTION);
    const cities: unknown[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const message = await turnOf(side, messages, streamed);
      messages.push(message);
      if (message.tool_calls === undefined) break;
      for (const call of message.tool_calls) {
        cities.push(call.function.arguments["city"]);
        messages.push({ role: "tool", tool_name: call.function.name, content: TOOL_RESULT });
      }
    }
    expect(cities).toEqual(["Lisbon"]);
    expect(messages.at(-1)?.content).toBe(AFTER_CALL[way].text);
    const told = { surface: "ollama_chat", streamed, messageCount: 3, usage: AFTER_CALL[way].usage } as const;
    await expectOnRecord(side, watched.last(), told);
    const [, call, result] = objectsAt(side.upstream.lastPosted().body, "messages");
    if (way === "local") {
      expect(result).toEqual({ role: "tool", tool_name: "get_weather", content: TOOL_RESULT });
    } else {
      const [made] = objectsAt(call ?? {}, "tool_calls");
      expect(made).toEqual({
        id: expect.any(String),
        type: "function",
        function: { name: "get_weather", arguments: expect.stringMatching(/^\{"city": ?"Lisbon"\}$/) },
      });
      expect(result).toEqual({ role: "tool", tool_call_id: made?.["id"] ?? null, content: TOOL_RESULT });
    }
  });

  test.each([false, true])("chat: two tool calls at once, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const message = await turnOf(side, user(`${WEATHER_QUESTION} ${ask("two-calls")}`), streamed);
    expect<unknown>(message.tool_calls?.map((call) => call.function)).toEqual([
      expect.objectContaining({ name: "get_weather", arguments: { city: "Lisbon" } }),
      expect.objectContaining({ name: "get_weather", arguments: { city: "Oslo" } }),
    ]);
    await expectOnRecord(side, watched.last(), { surface: "ollama_chat", streamed, usage: CALL_USAGE[way] });
    const calls = message.tool_calls ?? [];
    const results = calls.map(
      (call, index): Message => ({
        role: "tool",
        tool_name: call.function.name,
        content: `${index} degrees`,
      }),
    );
    await turnOf(side, [...user(WEATHER_QUESTION), message, ...results], streamed);
    const asked = objectsAt(side.upstream.lastPosted().body, "messages");
    const answered = asked.filter((item) => item["role"] === "tool");
    expect(answered.map((item) => item["content"])).toEqual(["0 degrees", "1 degrees"]);
    if (way === "cloud") {
      const made = objectsAt(asked[1] ?? {}, "tool_calls").map((call) => call["id"]);
      expect(new Set(made).size).toBe(2);
      expect(answered.map((item) => item["tool_call_id"])).toEqual(made);
    }
  });

  test.each([false, true])("chat: an answer in a schema, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const body = { model: side.model, messages: user(QUESTION), format: PLACE_SCHEMA };
    const client = ollamaOf(side);
    const text = streamed
      ? (await collect(await client.chat({ ...body, stream: true }))).map((record) => record.message.content).join("")
      : (await client.chat(body)).message.content;
    expect(JSON.parse(text)).toEqual(PLACE[way].value);
    const { body: asked } = side.upstream.lastPosted();
    const schema = objectAt(objectAt(asked, "response_format"), "json_schema")["schema"];
    expect<unknown>(way === "local" ? asked["format"] : schema).toEqual(PLACE_SCHEMA);
  });

  test("chat: an image", async () => {
    const side = sideOf(way);
    const messages = [{ role: "user", content: QUESTION, images: [PIXEL] }];
    const answer = await ollamaOf(side).chat({ model: VISION_MODELS[way], messages });
    expect(answer.message.content).toBe(CHAT[way].text);
    const told = { surface: "ollama_chat", model: VISION_MODELS[way], usage: CHAT[way].usage } as const;
    await expectOnRecord(side, watched.last(), { ...told, findings: WITH_IMAGE });
    expect<unknown>(side.upstream.lastPosted().body["messages"]).toEqual(
      way === "local"
        ? messages
        : [
            {
              role: "user",
              content: [
                { type: "text", text: QUESTION },
                { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
              ],
            },
          ],
    );
  });
});

async function turnOf(side: Side, messages: Message[], streamed: boolean): Promise<Message> {
  const body = { model: side.model, messages, tools };
  if (!streamed) return (await ollamaOf(side).chat(body)).message;
  const records = await collect(await ollamaOf(side).chat({ ...body, stream: true }));
  const calls = records.flatMap((record) => record.message.tool_calls ?? []);
  const content = records.map((record) => record.message.content).join("");
  return { role: "assistant", content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}
