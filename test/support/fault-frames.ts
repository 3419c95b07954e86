import type { JsonObject } from "../../src/core/json.ts";
import { objectsAt } from "./scripted-recordings.ts";
import { UPSTREAM_WORDS } from "./scripted-server.ts";

/** What the fault server was asked, as far as its answers depend on it. */
export type FaultAsked = {
  readonly path: string;
  readonly model: string;
  readonly streamed: boolean;
  readonly authorization: string;
  readonly body: JsonObject;
};

/** What a good answer says, piece by piece, and what one says that will not come to its end. */
export const PIECES = ["One ", "two ", "three ", "four."] as const;
export const WHOLE_TEXT = PIECES.join("");
export const LOST_PIECES = ["Lost ", "words "] as const;
/** Of the good answer. Nobody is billed for the other. */
export const GOOD_USAGE = { promptTokens: 7, completionTokens: 4 } as const;
export const LOST_USAGE = { promptTokens: 900, completionTokens: 901 } as const;

/** How one endpoint writes what every play is made of. */
export type Frames = {
  readonly streamType: string;
  /** What comes before any content. */
  readonly opening: string;
  readonly piece: (text: string) => string;
  /** A piece whose answer will not come to its end, with what it would cost. */
  readonly lostPiece: (text: string) => string;
  /** Says why the answer ended, and what it cost. */
  readonly finish: string;
  /** The end marker; of Ollama it is the record that says why and how much, too. */
  readonly end: string;
  /** Ends the stream as the protocol does, and does not say why. */
  readonly endWithoutFinish: readonly string[];
  readonly ping: string;
  readonly malformed: string;
  readonly errorEvent: string;
  readonly whole: JsonObject;
  readonly wholeWithoutFinish: JsonObject;
  readonly error: (type: string, code: string) => JsonObject;
};

export const framesOf = (asked: FaultAsked): Frames =>
  asked.path.startsWith("/api/") ? ollamaFrames(asked) : openAiFrames(asked);

/** Repeats what no caller may ever see: the gateway's key and the prompt. */
function wordsOf({ authorization, body }: FaultAsked, code: string): string {
  const said = body["prompt"] ?? objectsAt(body, "messages").map((message) => message["content"] ?? "");
  return `${UPSTREAM_WORDS} ${code} ${authorization} ${JSON.stringify(said)}`;
}

const sse = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

function openAiFrames(asked: FaultAsked): Frames {
  const isChat = asked.path.endsWith("/chat/completions");
  const kind = isChat ? "chat.completion" : "text_completion";
  const head = { id: "chatcmpl-fault", object: kind, created: 1_770_000_000, model: asked.model };
  const eventHead = { ...head, object: isChat ? "chat.completion.chunk" : kind };
  const usage = openAiUsage(GOOD_USAGE);
  const event = (text: string | null, reason: string | null, more: object = {}) => {
    const said = isChat ? { delta: text === null ? {} : { content: text } } : { text: text ?? "" };
    return sse({ ...eventHead, choices: [{ index: 0, ...said, finish_reason: reason }], ...more });
  };
  const choice = isChat ? { message: { role: "assistant", content: WHOLE_TEXT } } : { text: WHOLE_TEXT };
  const whole = { ...head, choices: [{ index: 0, ...choice, finish_reason: "stop" }], usage };
  const vectors = {
    object: "list",
    model: asked.model,
    data: vectorsOf(asked).map((embedding, index) => ({ object: "embedding", index, embedding })),
  };
  const error = (type: string, code: string) => ({
    error: { message: wordsOf(asked, code), type, param: null, code },
  });
  return {
    streamType: "text/event-stream",
    opening: isChat
      ? sse({ ...eventHead, choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] })
      : event("", null),
    piece: (text) => event(text, null),
    lostPiece: (text) => event(text, null, { usage: openAiUsage(LOST_USAGE) }),
    finish: `${event(null, "stop")}${sse({ ...eventHead, choices: [], usage })}`,
    end: "data: [DONE]\n\n",
    endWithoutFinish: ["data: [DONE]\n\n"],
    ping: ": still here\n\n",
    malformed: 'data: {"id":"chatcmpl-fault","choices":[{"index":0,"del\n\n',
    errorEvent: sse(error("server_error", "server_error")),
    whole: asked.path.endsWith("/embeddings") ? { ...vectors, usage } : whole,
    wholeWithoutFinish: { ...head, choices: [{ index: 0, ...choice, finish_reason: null }], usage },
    error,
  };
}

const openAiUsage = ({ promptTokens, completionTokens }: typeof GOOD_USAGE | typeof LOST_USAGE) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
});

/** One for each text; a list of numbers is one text in tokens. */
function vectorsOf({ body }: FaultAsked): readonly (readonly number[])[] {
  const { input } = body;
  return Array.isArray(input) && typeof input[0] !== "number" ? input.map(() => [0.5, 1]) : [[0.5, 1]];
}

function ollamaFrames(asked: FaultAsked): Frames {
  const isChat = asked.path === "/api/chat";
  const head = { model: asked.model, created_at: "2026-11-22T10:00:00Z" };
  const said = (text: string) => (isChat ? { message: { role: "assistant", content: text } } : { response: text });
  const line = (record: object) => `${JSON.stringify({ ...head, ...record })}\n`;
  const counts = {
    total_duration: 1_000_000,
    prompt_eval_count: GOOD_USAGE.promptTokens,
    eval_count: GOOD_USAGE.completionTokens,
  };
  const ended = { done: true, done_reason: "stop", ...counts };
  const vectors = {
    "/api/embed": { model: asked.model, embeddings: vectorsOf(asked), prompt_eval_count: GOOD_USAGE.promptTokens },
    "/api/embeddings": { embedding: vectorsOf(asked)[0] ?? [] },
  }[asked.path];
  const error = (_: string, code: string) => ({ error: wordsOf(asked, code) });
  return {
    streamType: "application/x-ndjson",
    opening: line({ ...said(""), done: false }),
    piece: (text) => line({ ...said(text), done: false }),
    lostPiece: (text) => line({ ...said(text), done: false }),
    finish: line({ ...said(""), done: false, done_reason: "stop", ...counts }),
    end: line({ ...said(""), ...ended }),
    endWithoutFinish: [],
    ping: "\n",
    malformed: `{"model":"${asked.model}","message":{"role":"assi\n`,
    errorEvent: `${JSON.stringify(error("", "server_error"))}\n`,
    whole: vectors ?? { ...head, ...said(WHOLE_TEXT), ...ended },
    wholeWithoutFinish: { ...head, ...said(WHOLE_TEXT), done: false },
    error,
  };
}

/** What either protocol's look-ups are answered with; null for any other path. */
export function lookUpAnswer(path: string, models: Iterable<string>): JsonObject | null {
  const names = [...models];
  switch (path) {
    case "/v1/models":
      return { object: "list", data: names.map((id) => ({ id, object: "model", created: 1, owned_by: "test" })) };
    case "/api/tags":
      return { models: names.map((name) => ({ name, model: name, modified_at: "2026-11-22T10:00:00Z", size: 1 })) };
    case "/api/ps":
      return { models: [] };
    case "/api/version":
      return { version: "0.13.0" };
    case "/api/show":
      return { details: { family: "llama" }, capabilities: ["completion", "tools", "insert"] };
    default:
      return null;
  }
}

/** A body that asks for a stream says so to OpenAI, and says nothing to Ollama. */
export function isStreamed(path: string, body: JsonObject): boolean {
  if (path === "/api/embed" || path.endsWith("/embeddings")) return false;
  return path.startsWith("/api/") ? body["stream"] !== false : body["stream"] === true;
}
