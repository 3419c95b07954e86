import { describe, expect, test } from "bun:test";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { objectAt, recordedBody } from "../support/scripted-recordings.ts";
import { expectOneStream, lastRequestId, lastRow, messagesAsked, openaiOf, usageOf, user, watched } from "./clients.ts";
import { chatChunks } from "./expected.ts";
import { CHAT, CUT_SHORT, PIXEL, PLACE, QUESTION, WEATHER_PARAMETERS } from "./facts.ts";
import { sideOf, VISION_MODELS, WAYS } from "./gateways.ts";
import { collect, expectOnRecord, WITH_IMAGE } from "./harness.ts";

describe.each([...WAYS])("the openai SDK, answered by the %s model", (way) => {
  test("chat: a whole answer", async () => {
    const side = sideOf(way);
    const completion = await openaiOf(side).chat.completions.create({
      model: side.model,
      messages: [{ role: "developer", content: "Be brief." }, ...user(QUESTION)],
      temperature: 0.5,
      top_p: 0.9,
      seed: 7,
      stop: ["END"],
      max_completion_tokens: 64,
      frequency_penalty: 0.25,
      presence_penalty: 0.75,
      n: 1,
      user: "somebody",
      metadata: { team: "blue" },
    });
    const { text, usage } = CHAT[way];
    if (way === "cloud") {
      expect<unknown>(completion).toEqual(await recordedBody("llama-server", "chat-success"));
    } else {
      expect<unknown>(completion).toEqual({
        id: `chatcmpl-${lastRequestId()}`,
        object: "chat.completion",
        created: expect.any(Number),
        model: side.model,
        choices: [
          {
            index: 0,
            message: { role: "assistant", content: text, refusal: null },
            logprobs: null,
            finish_reason: "stop",
          },
        ],
        usage: usageOf(usage),
      });
    }
    await expectOnRecord(side, watched.last(), { surface: "openai_chat", messageCount: 2, usage });

    const asked = side.upstream.lastPosted();
    if (way === "cloud") {
      expect(asked.body).toEqual({
        model: side.model,
        messages: [
          { role: "developer", content: "Be brief." },
          { role: "user", content: QUESTION },
        ],
        temperature: 0.5,
        top_p: 0.9,
        seed: 7,
        stop: ["END"],
        max_completion_tokens: 64,
        frequency_penalty: 0.25,
        presence_penalty: 0.75,
        n: 1,
        user: "somebody",
        metadata: { team: "blue" },
        stream: false,
      });
    } else {
      expect(asked.body).toEqual({
        model: side.model,
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: QUESTION },
        ],
        options: {
          temperature: 0.5,
          top_p: 0.9,
          seed: 7,
          stop: ["END"],
          num_predict: 64,
          frequency_penalty: 0.25,
          presence_penalty: 0.75,
        },
        stream: false,
        // To OpenAI's clients a prompt that is too long is an error; Ollama would cut it.
        truncate: false,
        shift: false,
      });
    }
  });

  test("chat: the model named auto, and a model under its provider's name", async () => {
    const side = sideOf(way);
    for (const model of ["auto", `${side.provider}/${side.model}`]) {
      const completion = await openaiOf(side).chat.completions.create({ model, messages: user(QUESTION) });
      expect(completion.model).toBe(side.model);
      await expectOnRecord(side, watched.last(), { surface: "openai_chat", usage: CHAT[way].usage });
    }
  });

  test("chat: an answer cut short says so, whole and streamed", async () => {
    const side = sideOf(way);
    const body = { model: side.model, messages: user(QUESTION), max_tokens: 5 };
    const completion = await openaiOf(side).chat.completions.create(body);
    expect<unknown>(completion).toEqual(
      way === "cloud"
        ? await recordedBody("llama-server", "chat-max-tokens")
        : {
            id: `chatcmpl-${lastRequestId()}`,
            object: "chat.completion",
            created: expect.any(Number),
            model: side.model,
            choices: [
              {
                index: 0,
                message: { role: "assistant", content: CUT_SHORT.local.text, refusal: null },
                logprobs: null,
                finish_reason: "length",
              },
            ],
            usage: usageOf(CUT_SHORT.local.usage),
          },
    );
    await expectOnRecord(side, watched.last(), { surface: "openai_chat", usage: CUT_SHORT[way].usage });
    const chunks = await collect(await openaiOf(side).chat.completions.create({ ...body, stream: true }));
    expectOneStream(chunks, side.model);
    const reasons = chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.finish_reason));
    expect(reasons).toEqual([...reasons.slice(1).map(() => null), "length"]);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(CUT_SHORT[way].text);
  });

  test.each([true, false])("chat: a stream, usage asked for: %p", async (includeUsage) => {
    const side = sideOf(way);
    const stream = await openaiOf(side).chat.completions.create({
      model: side.model,
      messages: user(QUESTION),
      stream: true,
      ...(includeUsage ? { stream_options: { include_usage: true } } : {}),
    });
    const chunks = await collect(stream);
    expectOneStream(chunks, side.model);
    expect<unknown>(chunks).toEqual(await chatChunks(side, includeUsage));
    expect(watched.last().headers.get("content-type")).toStartWith("text/event-stream");
    await expectOnRecord(side, watched.last(), { surface: "openai_chat", streamed: true, usage: CHAT[way].usage });
  });

  test("chat: the stream helper puts together what it gets", async () => {
    const side = sideOf(way);
    const stream = openaiOf(side).chat.completions.stream({
      model: side.model,
      messages: user(QUESTION),
      stream_options: { include_usage: true },
    });
    expect(await stream.finalContent()).toBe(CHAT[way].text);
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]).toMatchObject({
      index: 0,
      finish_reason: "stop",
      message: { role: "assistant", content: CHAT[way].text },
    });
    expect(completion.usage).toMatchObject(usageOf(CHAT[way].usage));
  });

  test("chat: what the model said before, and what SDKs send without being asked, is no obstacle", async () => {
    const side = sideOf(way);
    const before = { content: "Lisbon.", refusal: null, annotations: [], audio: null, function_call: null };
    const messages = [...user("Which city?"), { role: "assistant", ...before, tool_calls: null }, ...user(QUESTION)];
    const tool = { name: "get_weather", parameters: WEATHER_PARAMETERS, strict: true };
    for (const extra of [{}, { tools: [{ type: "function", function: tool }], tool_choice: "none" }]) {
      const body = { model: side.model, messages, store: false, verbosity: "medium", ...extra };
      await openaiOf(side).post("/chat/completions", { body });
      expect(await lastRow(side)).toMatchObject({ status: "succeeded", surface: "openai_chat", message_count: 3 });
    }
    expect(messagesAsked(side).map((message) => [message["role"], message["content"]])).toEqual([
      ["user", "Which city?"],
      ["assistant", "Lisbon."],
      ["user", QUESTION],
    ]);
  });

  test("chat: an answer in a schema, parsed by the SDK", async () => {
    const side = sideOf(way);
    const Place = z.object({ city: z.string(), country: z.string() });
    const completion = await openaiOf(side).chat.completions.parse({
      model: side.model,
      messages: user(QUESTION),
      response_format: zodResponseFormat(Place, "place"),
    });
    expect<unknown>(completion.choices[0]?.message.parsed).toEqual(PLACE[way].value);
    expect(completion.choices[0]?.message.content).toBe(PLACE[way].text);
    await expectOnRecord(side, watched.last(), { surface: "openai_chat", usage: PLACE[way].usage });
    const { body } = side.upstream.lastPosted();
    const schema =
      way === "local" ? body["format"] : objectAt(objectAt(body, "response_format"), "json_schema")["schema"];
    expect<unknown>(schema).toMatchObject({ type: "object", required: ["city", "country"] });
  });

  test("chat: an image in a data URL", async () => {
    const side = sideOf(way);
    const content = [
      { type: "text" as const, text: QUESTION },
      { type: "image_url" as const, image_url: { url: `data:image/png;base64,${PIXEL}` } },
    ];
    const completion = await openaiOf(side).chat.completions.create({
      model: VISION_MODELS[way],
      messages: [{ role: "user", content }],
    });
    expect(completion.choices[0]?.message.content).toBe(CHAT[way].text);
    const told = { surface: "openai_chat", model: VISION_MODELS[way], usage: CHAT[way].usage } as const;
    await expectOnRecord(side, watched.last(), { ...told, findings: WITH_IMAGE });
    expect<unknown>(messagesAsked(side)).toEqual([
      way === "local" ? { role: "user", content: QUESTION, images: [PIXEL] } : { role: "user", content },
    ]);
  });
});
