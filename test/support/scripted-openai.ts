import type { JsonObject, JsonValue } from "../../src/core/json.ts";
import { numbersAt, objectAt, objectsAt, recordedBody, recordedStream } from "./scripted-recordings.ts";
import {
  type Asked,
  RETRY_AFTER_SECONDS,
  type Reply,
  type Script,
  startScripted,
  UPSTREAM_WORDS,
} from "./scripted-server.ts";

/** The only key that is let in. */
export const UPSTREAM_KEY = "sk-invented-key-90ab";

/**
 * A server of OpenAI's protocol made of recorded answers of llama-server. By hand, after the recorded shapes: the errors
 * 403, 404 and 429, the content filter's and the error on the way of a stream, as OpenAI writes them; two calls in one
 * answer; a call with an array for its arguments; thinking as llama-server writes it (`reasoning_content`).
 */
export const startScriptedOpenAi = () => startScripted(answer);

async function answer(asked: Asked): Promise<Reply> {
  if (asked.headers.authorization !== `Bearer ${UPSTREAM_KEY}`) return refusal("wrong-key", 401);
  if (asked.path === "/v1/models") return whole(200, await recordedBody("llama-server", "models"));
  if (asked.script === "silence") return { kind: "silence" };
  const error = await scriptedError(asked.script);
  if (error !== null) return error;
  const streamed = asked.body["stream"] === true;
  switch (asked.path) {
    case "/v1/chat/completions":
      return streamed ? stream(asked, await chatStream(asked)) : whole(200, await chatAnswer(asked));
    case "/v1/completions":
      return streamed
        ? stream(asked, await recordedStream("llama-server", "completions-stream"))
        : whole(200, await recordedBody("llama-server", "completions"));
    case "/v1/embeddings":
      return whole(200, await embeddings(asked));
    default:
      return refusal("unknown-path", 404);
  }
}

async function scriptedError(script: Script | null): Promise<Reply | null> {
  switch (script) {
    case "bad-request":
      return refusal("bad-request-parameter", 400);
    case "context-length":
      return refusal("context-length", 400);
    case "unauthorized":
      return refusal("wrong-key", 401);
    case "forbidden":
      return whole(403, openAiError("permission_denied", "model_not_allowed"));
    case "not-found":
      return whole(404, openAiError("invalid_request_error", "model_not_found"));
    case "rate-limited":
      return {
        ...whole(429, openAiError("requests", "rate_limit_exceeded")),
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      };
    case "content-filter":
      return whole(400, openAiError("invalid_request_error", "content_filter"));
    case "failing":
      return refusal("bad-request-role", 500);
    case "unavailable":
      return refusal("chat-success-loading", 503);
    default:
      return null;
  }
}

const openAiError = (type: string, code: string): JsonObject => ({
  error: { message: UPSTREAM_WORDS, type, param: null, code },
});

function scenarioOf({ body }: Asked): string {
  if (objectAt(body, "response_format")["type"] === "json_schema") return "chat-json-schema";
  if (
    objectsAt(body, "tools").length > 0 &&
    !objectsAt(body, "messages").some((message) => message["role"] === "tool")
  ) {
    return "chat-tool-call";
  }
  if (body["logprobs"] === true) return "chat-logprobs";
  return body["max_tokens"] === 5 || body["max_completion_tokens"] === 5 ? "chat-max-tokens" : "chat-success";
}

async function chatAnswer(asked: Asked): Promise<JsonObject> {
  const recorded = await recordedBody("llama-server", scenarioOf(asked));
  const choices = objectsAt(recorded, "choices").map((choice) => {
    const message = objectAt(choice, "message");
    return { ...choice, message: { ...message, ...scriptedCalls(asked, message), ...thoughts(asked) } };
  });
  return { ...recorded, choices };
}

async function chatStream(asked: Asked): Promise<readonly JsonObject[]> {
  const scenario = scenarioOf(asked);
  // There is no recording of a streamed answer in a schema: the whole one comes in one piece.
  if (scenario === "chat-json-schema")
    return inOnePiece(await recordedBody("llama-server", scenario), wantsUsage(asked));
  const records = await recordedStream(
    "llama-server",
    scenario === "chat-success" ? (wantsUsage(asked) ? "chat-stream" : "chat-stream-no-usage") : `${scenario}-stream`,
  );
  const usable = wantsUsage(asked) ? records : records.filter((record) => objectsAt(record, "choices").length > 0);
  if (asked.script === "thinking") return spliced(usable, 1, { reasoning_content: "Paris it is." });
  if (asked.script === "array-arguments") return usable.flatMap(withArrayArguments);
  if (asked.script !== "two-calls" || scenario !== "chat-tool-call") return usable;
  const end = usable.findIndex((record) => objectsAt(record, "choices")[0]?.["finish_reason"] === "tool_calls");
  const second = { index: 1, id: "oslo0002oslo0002oslo0002oslo0002", type: "function" };
  const head = spliced(usable, end, { tool_calls: [{ ...second, function: { name: "get_weather", arguments: "{" } }] });
  const rest = { tool_calls: [{ index: 1, function: { arguments: '"city": "Oslo"}' } }] };
  return spliced(head, end + 1, rest);
}

const wantsUsage = (asked: Asked): boolean => objectAt(asked.body, "stream_options")["include_usage"] === true;

const withArguments = (call: JsonObject, text: string): JsonObject => ({
  ...call,
  function: { ...objectAt(call, "function"), arguments: text },
});

/** All of the arguments come with the name of the function. */
function withArrayArguments(record: JsonObject): readonly JsonObject[] {
  const [choice] = objectsAt(record, "choices");
  const [call] = objectsAt(objectAt(choice ?? {}, "delta"), "tool_calls");
  if (call === undefined) return [record];
  if (call["id"] === undefined) return [];
  return [{ ...record, choices: [{ ...choice, delta: { tool_calls: [withArguments(call, "[1]")] } }] }];
}

/** The records with one more delta at a place. */
function spliced(records: readonly JsonObject[], at: number, delta: JsonObject): readonly JsonObject[] {
  const added = { ...records[0], choices: [{ finish_reason: null, index: 0, delta }] };
  return [...records.slice(0, at), added, ...records.slice(at)];
}

function inOnePiece(recorded: JsonObject, withUsage: boolean): readonly JsonObject[] {
  const { choices: _, usage, timings: __, ...rest } = recorded;
  const head = { ...rest, object: "chat.completion.chunk" };
  const [choice] = objectsAt(recorded, "choices");
  const delta = choice === undefined ? {} : objectAt(choice, "message");
  const records: JsonObject[] = [
    { ...head, choices: [{ finish_reason: null, index: 0, delta }] },
    { ...head, choices: [{ finish_reason: "stop", index: 0, delta: {} }] },
  ];
  return withUsage ? [...records, { ...head, choices: [], usage: usage ?? null }] : records;
}

function scriptedCalls(asked: Asked, message: JsonObject): JsonObject {
  const calls = objectsAt(message, "tool_calls");
  if (asked.script === "array-arguments") return { tool_calls: calls.map((call) => withArguments(call, "[1]")) };
  if (asked.script !== "two-calls" || calls.length === 0) return {};
  const second = {
    type: "function",
    function: { name: "get_weather", arguments: '{"city": "Oslo"}' },
    id: "oslo0002oslo0002oslo0002oslo0002",
  };
  return { tool_calls: [...calls, second] };
}

const thoughts = (asked: Asked): JsonObject =>
  asked.script === "thinking" ? { reasoning_content: "Paris it is." } : {};

async function embeddings(asked: Asked): Promise<JsonObject> {
  const recorded = await recordedBody("llama-server", "embeddings-float-embedding-server");
  const encoded = asked.body["encoding_format"] === "base64";
  const inputs = Array.isArray(asked.body["input"]) ? asked.body["input"] : [asked.body["input"]];
  const [first] = objectsAt(recorded, "data");
  const vector = first === undefined ? [] : numbersAt(first, "embedding");
  const dimensions = asked.body["dimensions"];
  const data = inputs.map((_, index): JsonValue => {
    // One vector is on record; so that the order can be told, the second input's is its opposite.
    const own = vector
      .slice(0, typeof dimensions === "number" ? dimensions : undefined)
      .map((x) => (index % 2 ? -x : x));
    return { ...first, index, embedding: encoded ? toBase64(own) : own };
  });
  return { ...recorded, data };
}

const toBase64 = (vector: readonly number[]): string => Buffer.from(new Float32Array(vector).buffer).toString("base64");

function stream(asked: Asked, records: readonly JsonObject[]): Reply {
  const events = records.map((record) => `data: ${JSON.stringify(record)}\n\n`);
  const shape = { kind: "stream", contentType: "text/event-stream" } as const;
  if (asked.script === "stall") return { ...shape, pieces: events.slice(0, 3), stalls: true };
  if (asked.script === "error-event") {
    const error = `data: ${JSON.stringify(openAiError("server_error", "server_error"))}\n\n`;
    return { ...shape, pieces: [...events.slice(0, 3), error], stalls: false };
  }
  return { ...shape, pieces: [...events, "data: [DONE]\n\n"], stalls: false };
}

const whole = (status: number, body: JsonObject) => ({ kind: "whole", status, body }) as const;

async function refusal(scenario: string, status: number): Promise<Reply> {
  return whole(status, await recordedBody("llama-server", scenario));
}
