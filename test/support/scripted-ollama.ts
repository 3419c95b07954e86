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

/** Says that it takes images, which no recorded model does. */
export const VISION_MODEL = "gemma3:270m";

/**
 * An Ollama server made of recorded answers. By hand, after the recorded shapes: the errors 401 and 429, an error on the
 * way of a stream (its line is what Ollama's `streamResponse` writes), two calls in one answer, thinking, the capability
 * `vision`, the remote host in other answers than a chat's, and the older call for an embedding.
 */
export const startScriptedOllama = () => startScripted(answer);

async function answer(asked: Asked): Promise<Reply> {
  switch (asked.path) {
    case "/api/tags":
      return whole(200, await recordedBody("ollama", "tags"));
    case "/api/version":
      return whole(200, await recordedBody("ollama", "version"));
    case "/api/ps":
      return whole(200, await recordedBody("ollama", "ps"));
    case "/api/show":
      return (await has(asked)) ? whole(200, await shown(asked)) : refusal("show-unknown-model", 404);
  }
  if (asked.script === "silence") return { kind: "silence" };
  const error = await scriptedError(asked.script);
  if (error !== null) return error;
  if (!(await has(asked))) {
    return refusal(asked.path === "/api/embed" ? "embed-unknown-model" : "chat-unknown-model", 404);
  }
  if (asked.script === "remote-host") return remote(asked);
  switch (asked.path) {
    case "/api/chat":
      return asked.body["stream"] === false
        ? whole(200, named(asked, await chatAnswer(asked)))
        : stream(asked, await chatStream(asked));
    case "/api/generate":
      return asked.body["stream"] === false
        ? whole(200, named(asked, await generateAnswer(asked)))
        : stream(
            asked,
            (await recordedStream("ollama", "generate-stream")).map((record) => rawOr(asked, record)),
          );
    case "/api/embed":
      return whole(200, named(asked, await embedAnswer(asked)));
    case "/api/embeddings":
      return whole(200, { embedding: await firstVector() });
    default:
      return whole(404, { error: UPSTREAM_WORDS });
  }
}

/** What Ollama says where it handed the request to another host. */
async function remote(asked: Asked): Promise<Reply> {
  const streamed = asked.body["stream"] !== false;
  if (asked.path === "/api/chat") {
    return streamed
      ? stream(asked, await recordedStream("ollama", "remote-model-stream"))
      : whole(200, named(asked, await recordedBody("ollama", "remote-model")));
  }
  const { remote_model = null, remote_host = null } = await recordedBody("ollama", "remote-model");
  const marked = (record: JsonObject) => ({ ...record, remote_model, remote_host });
  if (asked.path === "/api/embed") return whole(200, marked(named(asked, await embedAnswer(asked))));
  if (asked.path === "/api/embeddings") return whole(200, marked({ embedding: await firstVector() }));
  return streamed
    ? stream(asked, (await recordedStream("ollama", "generate-stream")).map(marked))
    : whole(200, marked(named(asked, await generateAnswer(asked))));
}

async function shown(asked: Asked): Promise<JsonObject> {
  const recorded = await recordedBody("ollama", "show");
  return asked.body["model"] === VISION_MODEL ? { ...recorded, capabilities: ["completion", "vision"] } : recorded;
}

async function has(asked: Asked): Promise<boolean> {
  const tags = await recordedBody("ollama", "tags");
  return objectsAt(tags, "models").some((model) => model["name"] === asked.body["model"]);
}

async function scriptedError(script: Script | null): Promise<Reply | null> {
  switch (script) {
    case "bad-request":
      return refusal("bad-request", 400);
    case "context-length":
      return refusal("chat-context-length", 400);
    case "unauthorized":
      return whole(401, { error: UPSTREAM_WORDS });
    case "forbidden":
      return refusal("cloud-model-disabled", 403);
    case "not-found":
      return refusal("chat-unknown-model", 404);
    case "rate-limited":
      return { ...whole(429, { error: UPSTREAM_WORDS }), retryAfterSeconds: RETRY_AFTER_SECONDS };
    case "failing":
      return refusal("bad-request-format", 500);
    case "unavailable":
      return refusal("chat-success-busy", 503);
    default:
      return null;
  }
}

function scenarioOf(asked: Asked): string {
  const messages = objectsAt(asked.body, "messages");
  if (asked.body["format"] !== undefined) return "chat-json-format";
  if (objectsAt(asked.body, "tools").length > 0) {
    return messages.some((message) => message["role"] === "tool") ? "chat-tool-result" : "chat-tool-call";
  }
  return objectAt(asked.body, "options")["num_predict"] === 5 ? "chat-num-predict-limit" : "chat-success";
}

async function chatAnswer(asked: Asked): Promise<JsonObject> {
  const recorded = await recordedBody("ollama", scenarioOf(asked));
  return adapted(asked, asked.body["logprobs"] === true ? { ...recorded, logprobs: await logprobs() } : recorded);
}

/** Of the first three tokens. Recorded at Ollama's other protocol, whose entries are the same. */
async function logprobs(): Promise<readonly JsonObject[]> {
  const [choice] = objectsAt(await recordedBody("ollama-openai", "chat-logprobs"), "choices");
  return objectsAt(objectAt(choice ?? {}, "logprobs"), "content");
}

async function chatStream(asked: Asked): Promise<readonly JsonObject[]> {
  const scenario = scenarioOf(asked);
  if (scenario !== "chat-success") {
    // There is no recording of a tool's result, streamed: the recorded answer comes in one piece.
    if (scenario === "chat-tool-result") return inOnePiece(await recordedBody("ollama", scenario));
    return (await recordedStream("ollama", `${scenario}-stream`)).map((record) => adapted(asked, record));
  }
  const records = await recordedStream("ollama", "chat-stream");
  if (asked.body["logprobs"] === true) {
    const entries = await logprobs();
    return records.map((record, index) =>
      index < entries.length ? { ...record, logprobs: entries.slice(index, index + 1) } : record,
    );
  }
  return asked.script === "thinking" ? [thought(records), ...records] : records;
}

function inOnePiece(recorded: JsonObject): readonly JsonObject[] {
  const { model, created_at, message, ...end } = recorded;
  const head = { model: model ?? null, created_at: created_at ?? null };
  return [
    { ...head, message: message ?? null, done: false },
    { ...head, message: { role: "assistant", content: "" }, ...end },
  ];
}

const thought = ([first]: readonly JsonObject[]): JsonObject => ({
  ...first,
  message: { role: "assistant", content: "", thinking: "Paris it is." },
});

function adapted(asked: Asked, record: JsonObject): JsonObject {
  const message = objectAt(record, "message");
  if (asked.script === "thinking") return { ...record, message: { ...message, thinking: "Paris it is." } };
  const [call] = objectsAt(message, "tool_calls");
  if (asked.script !== "two-calls" || call === undefined) return record;
  const second = {
    id: "call_oslo0002",
    function: { ...objectAt(call, "function"), index: 1, arguments: { city: "Oslo" } },
  };
  return { ...record, message: { ...message, tool_calls: [call, second] } };
}

async function generateAnswer(asked: Asked): Promise<JsonObject> {
  const recorded = await recordedBody("ollama", "generate");
  if (asked.body["format"] === undefined) return rawOr(asked, recorded);
  const place = objectAt(await recordedBody("ollama", "chat-json-format"), "message");
  return { ...recorded, response: place["content"] ?? "" };
}

/** A raw prompt has no context to go on from. */
function rawOr(asked: Asked, recorded: JsonObject): JsonObject {
  if (asked.body["raw"] !== true) return recorded;
  return Object.fromEntries(Object.entries(recorded).filter(([key]) => key !== "context"));
}

async function embedAnswer(asked: Asked): Promise<JsonObject> {
  const recorded = await recordedBody("ollama", "embed");
  const inputs = Array.isArray(asked.body["input"]) ? asked.body["input"] : [asked.body["input"]];
  const dimensions = asked.body["dimensions"];
  const vectors = Array.isArray(recorded["embeddings"]) ? recorded["embeddings"] : [];
  const embeddings = inputs.map((_, index): JsonValue => {
    const vector = numbersAt({ vector: vectors[index % vectors.length] ?? [] }, "vector");
    return typeof dimensions === "number" ? ofLengthOne(vector.slice(0, dimensions)) : vector;
  });
  return { ...recorded, embeddings };
}

async function firstVector(): Promise<readonly number[]> {
  const { embeddings } = await recordedBody("ollama", "embed");
  const vectors = Array.isArray(embeddings) ? embeddings : [];
  return numbersAt({ vector: vectors[0] ?? [] }, "vector");
}

/** Ollama scales a shortened vector up again. */
function ofLengthOne(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}

const named = (asked: Asked, record: JsonObject): JsonObject => ({ ...record, model: asked.body["model"] ?? null });

function stream(asked: Asked, records: readonly JsonObject[]): Reply {
  const lines = records.map((record) => `${JSON.stringify(named(asked, record))}\n`);
  const shape = { kind: "stream", contentType: "application/x-ndjson" } as const;
  if (asked.script === "stall") return { ...shape, pieces: lines.slice(0, 3), stalls: true };
  if (asked.script === "error-event") {
    const error = `${JSON.stringify({ error: UPSTREAM_WORDS })}\n`;
    return { ...shape, pieces: [...lines.slice(0, 3), error], stalls: false };
  }
  return { ...shape, pieces: lines, stalls: false };
}

const whole = (status: number, body: JsonObject) => ({ kind: "whole", status, body }) as const;

async function refusal(scenario: string, status: number): Promise<Reply> {
  return whole(status, await recordedBody("ollama", scenario));
}
