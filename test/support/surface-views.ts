import type { Usage } from "../../src/core/chat.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from "../../src/core/json.ts";
import { objectAt, objectsAt } from "./scripted-recordings.ts";

/** What a client of a surface makes of an answer, told in one form for all of them. */
export type View = {
  readonly status: number;
  readonly headers: Headers;
  /** All that it was told of the model's words. */
  readonly text: string;
  /** Whether anything tells it that the answer reached its end. */
  readonly isComplete: boolean;
  /** Of an error's body, or of an error on the way of a stream. `code` is null where the protocol has none. */
  readonly error: { readonly code: string | null; readonly message: string } | null;
  readonly model: string | null;
  readonly usage: Usage;
  /** Whether the connection broke off. */
  readonly isCut: boolean;
  /** The body as it came. */
  readonly body: string;
};

type Said = Partial<Pick<View, "text" | "isComplete" | "error" | "model" | "usage">>;

/** How a surface is asked for a chat or a completion, and how what it says is read. */
export type SurfaceView = {
  readonly path: string;
  readonly ask: (model: string, text: string, streamed: boolean) => JsonObject;
  readonly readWhole: (body: JsonObject) => Said;
  /** One event or line; `name` is null where it has none. */
  readonly readEvent: (data: JsonObject, name: string | null) => Said;
};

const user = (content: string) => [{ role: "user", content }];
const words = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const wordsOrNull = (value: JsonValue | undefined): string | null => (typeof value === "string" ? value : null);
const count = (value: JsonValue | undefined): number | null => (typeof value === "number" ? value : null);
const given = <K extends string, T>(key: K, value: T | null): Partial<Record<K, T>> =>
  value === null ? {} : ({ [key]: value } as Partial<Record<K, T>>);

const NATIVE: SurfaceView = {
  path: "/v1/chat",
  ask: (model, text, streamed) => ({ model, messages: user(text), ...(streamed ? { stream: true } : {}) }),
  readWhole: (body) => ({
    ...nativeSaid(body),
    text: words(body["content"]),
    isComplete: body["finish_reason"] !== null,
    ...given("error", nativeError(body["error"])),
  }),
  readEvent: (data, name) => {
    if (name === "error") return given("error", nativeError(data));
    if (name === "done") return { ...nativeSaid(data), isComplete: true };
    return name === "delta" ? { text: words(data["content"]) } : {};
  },
};

const nativeSaid = (body: JsonObject): Said => ({
  ...given("model", wordsOrNull(body["model"])),
  ...usageAt(body, "prompt_tokens", "completion_tokens"),
});

const nativeError = (value: JsonValue | undefined): View["error"] =>
  isJsonObject(value) ? { code: wordsOrNull(value["code"]), message: words(value["message"]) } : null;

function usageAt(body: JsonObject, prompt: string, completion: string): Said {
  const usage = body["usage"];
  if (!isJsonObject(usage)) return {};
  return { usage: { promptTokens: count(usage[prompt]), completionTokens: count(usage[completion]) } };
}

const openAi = (path: string, ask: SurfaceView["ask"], pieceOf: (choice: JsonObject) => JsonValue | undefined) => {
  const read = (body: JsonObject): Said => {
    const choices = objectsAt(body, "choices");
    return {
      ...given("model", wordsOrNull(body["model"])),
      ...given("error", nativeError(body["error"])),
      ...usageAt(body, "prompt_tokens", "completion_tokens"),
      text: choices.map((choice) => words(pieceOf(choice))).join(""),
      isComplete: choices.some((choice) => typeof choice["finish_reason"] === "string"),
    };
  };
  return { path, ask, readWhole: read, readEvent: read } satisfies SurfaceView;
};

const withUsage = (streamed: boolean) => (streamed ? { stream: true, stream_options: { include_usage: true } } : {});

const OPENAI_CHAT = openAi(
  "/v1/chat/completions",
  (model, text, streamed) => ({ model, messages: user(text), ...withUsage(streamed) }),
  (choice) => objectAt(choice, "delta")["content"] ?? objectAt(choice, "message")["content"],
);

const OPENAI_COMPLETIONS = openAi(
  "/v1/completions",
  (model, text, streamed) => ({ model, prompt: text, ...withUsage(streamed) }),
  (choice) => choice["text"],
);

const OPENAI_RESPONSES: SurfaceView = {
  path: "/v1/responses",
  ask: (model, text, streamed) => ({ model, input: text, ...(streamed ? { stream: true } : {}) }),
  readWhole: responseSaid,
  readEvent: (data, name) => {
    if (name === "error") return given("error", nativeError(data));
    if (name === "response.output_text.delta") return { text: words(data["delta"]) };
    if (name !== "response.completed") return {};
    return { ...responseSaid(objectAt(data, "response")), text: "" };
  },
};

function responseSaid(body: JsonObject): Said {
  const parts = objectsAt(body, "output").flatMap((item) => objectsAt(item, "content"));
  return {
    ...given("model", wordsOrNull(body["model"])),
    ...given("error", nativeError(body["error"])),
    ...usageAt(body, "input_tokens", "output_tokens"),
    text: parts.map((part) => words(part["text"])).join(""),
    isComplete: body["status"] === "completed",
  };
}

const ollama = (
  path: string,
  ask: (text: string) => JsonObject,
  pieceOf: (record: JsonObject) => JsonValue | undefined,
) => {
  const read = (body: JsonObject): Said => ({
    ...given("model", wordsOrNull(body["model"])),
    ...given("error", typeof body["error"] === "string" ? { code: null, message: body["error"] } : null),
    ...(body["done"] === true
      ? { usage: { promptTokens: count(body["prompt_eval_count"]), completionTokens: count(body["eval_count"]) } }
      : {}),
    text: words(pieceOf(body)),
    isComplete: body["done"] === true,
  });
  return {
    path,
    ask: (model, text, streamed) => ({ model, ...ask(text), stream: streamed }),
    readWhole: read,
    readEvent: read,
  } satisfies SurfaceView;
};

/** The surfaces on which a model writes words. */
export const SURFACE_VIEWS = {
  native: NATIVE,
  openai_chat: OPENAI_CHAT,
  openai_completions: OPENAI_COMPLETIONS,
  openai_responses: OPENAI_RESPONSES,
  ollama_chat: ollama(
    "/api/chat",
    (text) => ({ messages: user(text) }),
    (body) => objectAt(body, "message")["content"],
  ),
  ollama_generate: ollama(
    "/api/generate",
    (text) => ({ prompt: text }),
    (body) => body["response"],
  ),
} as const satisfies Readonly<Record<string, SurfaceView>>;
export type ViewedSurface = keyof typeof SURFACE_VIEWS;

/** Reads an answer to its end, also where there is none. */
export async function readView(surface: ViewedSurface, response: Response): Promise<View> {
  const { body, isCut } = await readBody(response);
  const isStream = /event-stream|x-ndjson/.test(response.headers.get("content-type") ?? "");
  const said = isStream ? readStream(SURFACE_VIEWS[surface], body) : readWhole(SURFACE_VIEWS[surface], body);
  return {
    status: response.status,
    headers: response.headers,
    text: "",
    isComplete: false,
    error: null,
    model: null,
    usage: { promptTokens: null, completionTokens: null },
    ...said,
    isCut,
    body,
  };
}

async function readBody(response: Response): Promise<{ readonly body: string; readonly isCut: boolean }> {
  const decoder = new TextDecoder();
  let body = "";
  try {
    for await (const bytes of response.body ?? []) body += decoder.decode(bytes, { stream: true });
    return { body, isCut: false };
  } catch {
    return { body, isCut: true };
  }
}

function readWhole(view: SurfaceView, body: string): Said {
  const parsed = parseJsonObject(body);
  return parsed === null ? {} : view.readWhole(parsed);
}

function readStream(view: SurfaceView, body: string): Said {
  let said: Said = {};
  // An event ends with a blank line, a line of NDJSON with its end: either way a piece has one line of data.
  for (const piece of body.split(/\n\n|\n(?=\{)/)) {
    const name = /^event: (.*)$/m.exec(piece)?.[1] ?? null;
    const data = /^(?:data: )?(\{.*\}|\[DONE\])$/m.exec(piece)?.[1];
    if (data === "[DONE]") said = { ...said, isComplete: true };
    const parsed = data === undefined ? null : parseJsonObject(data);
    if (parsed === null) continue;
    const next = view.readEvent(parsed, name);
    said = {
      ...said,
      ...next,
      text: (said.text ?? "") + (next.text ?? ""),
      isComplete: said.isComplete === true || next.isComplete === true,
      error: said.error ?? next.error ?? null,
    };
  }
  return said;
}
