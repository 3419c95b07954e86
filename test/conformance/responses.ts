import { describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import type { Response as ModelResponse, ResponseInputItem } from "openai/resources/responses/responses";
import { z } from "zod";
import { ask } from "../support/scripted-upstream.ts";
import { lastRequestId, openaiOf, watched } from "./clients.ts";
import { piecesOf } from "./expected.ts";
import {
  AFTER_CALL,
  CALL_USAGE,
  CHAT,
  CUT_SHORT,
  PIXEL,
  PLACE,
  QUESTION,
  TOOL_RESULT,
  WEATHER_PARAMETERS,
  WEATHER_QUESTION,
} from "./facts.ts";
import { type Side, sideOf, VISION_MODELS, WAYS } from "./gateways.ts";
import { collect, expectOnRecord, rejection } from "./harness.ts";

const tools = [
  {
    type: "function" as const,
    name: "get_weather",
    description: "Current weather of a city",
    parameters: WEATHER_PARAMETERS,
    strict: false,
  },
];

/** The whole object, as its type has it; only times and ids are not known before. */
const responseOf = (side: Side, [input, output]: readonly [number, number], items: readonly object[]) => ({
  id: `resp_${lastRequestId()}`,
  object: "response",
  created_at: expect.any(Number),
  completed_at: expect.any(Number),
  status: "completed",
  background: false,
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  model: side.model,
  output: items,
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  store: false,
  temperature: null,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: null,
  truncation: "disabled",
  usage: {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  },
  user: null,
});
const messageOf = (text: string) => ({
  id: expect.stringMatching(/^msg_/),
  type: "message",
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [], logprobs: [] }],
});
const callOf = (city: string) => ({
  id: expect.stringMatching(/^fc_/),
  type: "function_call",
  status: "completed",
  call_id: expect.any(String),
  name: "get_weather",
  arguments: expect.stringMatching(new RegExp(`^\\{"city": ?"${city}"\\}$`)),
});
/** What the SDK adds to an answer for its own comfort. */
const withoutComfort = ({ output_text: _, ...response }: ModelResponse) => response;

describe.each([...WAYS])("responses by the openai SDK, answered by the %s model", (way) => {
  test("a whole answer", async () => {
    const side = sideOf(way);
    const response = await openaiOf(side).responses.create({ model: side.model, input: QUESTION });
    const { text, usage } = CHAT[way];
    expect<unknown>(withoutComfort(response)).toEqual(responseOf(side, usage, [messageOf(text)]));
    expect(response.output_text).toBe(text);
    await expectOnRecord(side, watched.last(), { surface: "openai_responses", usage });
  });

  test("instructions, items, an image and what steers the model reach it", async () => {
    const side = sideOf(way);
    const response = await openaiOf(side).responses.create({
      model: VISION_MODELS[way],
      instructions: "Be brief.",
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: QUESTION },
            { type: "input_image", image_url: `data:image/png;base64,${PIXEL}`, detail: "auto" },
          ],
        },
      ],
      temperature: 0.5,
      top_p: 0.9,
      max_output_tokens: 5,
      store: false,
    });
    expect(response).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [{ type: "message", status: "incomplete", content: [{ text: CUT_SHORT[way].text }] }],
      instructions: "Be brief.",
      temperature: 0.5,
      top_p: 0.9,
      max_output_tokens: 5,
    });
    const { body } = side.upstream.lastPosted();
    const [system, question] = Array.isArray(body["messages"]) ? body["messages"] : [];
    expect(system).toMatchObject({ content: "Be brief." });
    expect(JSON.stringify(question)).toContain(PIXEL);
    expect<unknown>(body).toMatchObject(
      way === "local"
        ? { options: { temperature: 0.5, top_p: 0.9, num_predict: 5 } }
        : { temperature: 0.5, top_p: 0.9, max_tokens: 5 },
    );
  });

  test("a stream of events, numbered, from created to completed", async () => {
    const side = sideOf(way);
    const stream = await openaiOf(side).responses.create({ model: side.model, input: QUESTION, stream: true });
    const events = await collect(stream);
    const { text, usage } = CHAT[way];
    const begun = { ...responseOf(side, usage, []), status: "in_progress", completed_at: null, usage: null };
    const { id } = messageOf(text);
    const place = { item_id: id, output_index: 0, content_index: 0 };
    const part = (said: string) => ({ type: "output_text", text: said, annotations: [], logprobs: [] });
    expect<unknown>(events).toEqual(
      [
        { type: "response.created", response: begun },
        { type: "response.in_progress", response: begun },
        {
          type: "response.output_item.added",
          output_index: 0,
          item: { id, type: "message", status: "in_progress", role: "assistant", content: [] },
        },
        { type: "response.content_part.added", ...place, part: part("") },
        ...(await piecesOf(way)).map((delta) => ({
          type: "response.output_text.delta",
          ...place,
          delta,
          logprobs: [],
        })),
        { type: "response.output_text.done", ...place, text, logprobs: [] },
        { type: "response.content_part.done", ...place, part: part(text) },
        { type: "response.output_item.done", output_index: 0, item: messageOf(text) },
        { type: "response.completed", response: responseOf(side, usage, [messageOf(text)]) },
      ].map((event, index) => ({ ...event, sequence_number: index })),
    );
    const ids = events.flatMap((event) => ("item_id" in event ? [event.item_id] : []));
    expect(new Set(ids).size).toBe(1);
    await expectOnRecord(side, watched.last(), { surface: "openai_responses", streamed: true, usage });
  });

  test("the stream helper puts together what it gets", async () => {
    const side = sideOf(way);
    const response = await openaiOf(side).responses.stream({ model: side.model, input: QUESTION }).finalResponse();
    expect(response.output_text).toBe(CHAT[way].text);
    expect(response.status).toBe("completed");
  });

  test.each([false, true])("a tool in a loop until the final answer, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const input: ResponseInputItem[] = [{ role: "user", content: WEATHER_QUESTION }];
    const turn = async () => {
      const body = { model: side.model, input, tools };
      const { responses } = openaiOf(side);
      return streamed ? await responses.stream(body).finalResponse() : await responses.create(body);
    };
    const first = await turn();
    // A copy, since Bun's toMatchObject writes its matchers into what it is given.
    expect<unknown>(structuredClone(first.output)).toMatchObject([callOf("Lisbon")]);
    await expectOnRecord(side, watched.last(), { surface: "openai_responses", streamed, usage: CALL_USAGE[way] });
    // As OpenAI's guides do it: the whole output goes back, items as they came.
    for (const item of first.output) {
      if (item.type !== "function_call") throw new Error("the model called no function");
      input.push(item, { type: "function_call_output", call_id: item.call_id, output: TOOL_RESULT });
    }
    const last = await turn();
    expect(last.output_text).toBe(AFTER_CALL[way].text);
    const told = { surface: "openai_responses", streamed, messageCount: 3, usage: AFTER_CALL[way].usage } as const;
    await expectOnRecord(side, watched.last(), told);
    expect(JSON.stringify(side.upstream.lastPosted().body["messages"])).toContain(TOOL_RESULT);
  });

  test.each([false, true])("two tool calls at once are two items, streamed: %p", async (streamed) => {
    const side = sideOf(way);
    const body = { model: side.model, input: `${WEATHER_QUESTION} ${ask("two-calls")}`, tools };
    const { responses } = openaiOf(side);
    const { output } = streamed ? await responses.stream(body).finalResponse() : await responses.create(body);
    expect<unknown>(structuredClone(output)).toMatchObject([callOf("Lisbon"), callOf("Oslo")]);
    expect(new Set(output.map((item) => (item.type === "function_call" ? item.call_id : null))).size).toBe(2);
  });

  test("an answer in a schema, parsed by the SDK", async () => {
    const side = sideOf(way);
    const Place = z.object({ city: z.string(), country: z.string() });
    const response = await openaiOf(side).responses.parse({
      model: side.model,
      input: QUESTION,
      text: { format: zodTextFormat(Place, "place") },
    });
    expect<unknown>(response.output_parsed).toEqual(PLACE[way].value);
  });

  test("what needs a stored conversation is refused by name", async () => {
    const side = sideOf(way);
    const cases = [
      ["previous_response_id", { previous_response_id: "resp_1" }],
      ["conversation", { conversation: "conv_1" }],
      ["store", { store: true }],
      ["background", { background: true }],
    ] as const;
    for (const [param, extra] of cases) {
      const error = await rejection(openaiOf(side).responses.create({ model: side.model, input: QUESTION, ...extra }));
      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect(error).toMatchObject({ status: 400, param, code: "request.stored_responses_unsupported" });
    }
    const asked = side.upstream.posted().length;
    const builtIn = await rejection(
      openaiOf(side).responses.create({ model: side.model, input: QUESTION, tools: [{ type: "web_search" }] }),
    );
    expect(builtIn).toMatchObject({ status: 400, param: "tools[0].type", code: "request.untranslatable_field" });
    expect(side.upstream.posted()).toHaveLength(asked);
  });
});
