import { ANSWER_TEXT, OLLAMA_MODEL, OPENAI_MODEL } from "./answer.ts";
import { readNativeAnswer, readOllamaLine, readOpenAiAnswer, readOpenAiEvent } from "./protocol.ts";

export type Scenario = {
  readonly id: string;
  readonly title: string;
  /** Who is asked: the mock itself, or the gateway in front of it. */
  readonly server: "mock" | "gateway";
  /** The same work of the mock without the gateway; null for those that are that. */
  readonly baseline: string | null;
  readonly path: string;
  readonly body: object;
  /** Whether this is the whole answer, to its last word and with its end. */
  readonly isComplete: (answer: string) => boolean;
};

/** Prompts up to this length go to the mock's Ollama, longer ones to its OpenAI: so one gateway serves all scenarios. */
export const LOCAL_UP_TO = 128;
const messagesOf = (length: number) => [{ role: "user", content: "Tell me a story. ".repeat(20).slice(0, length) }];
const LOCAL = messagesOf(LOCAL_UP_TO);
const CLOUD = messagesOf(LOCAL_UP_TO + 1);

const whole = {
  path: "/v1/chat/completions",
  body: { model: OPENAI_MODEL, messages: CLOUD },
  isComplete: isWholeOpenAi,
};
const stream = {
  path: "/v1/chat/completions",
  body: { model: OPENAI_MODEL, messages: CLOUD, stream: true },
  isComplete: isOpenAiStream,
};
const ollamaStream = {
  path: "/api/chat",
  body: { model: OLLAMA_MODEL, messages: LOCAL },
  isComplete: isOllamaStream,
};

export const SCENARIOS: readonly Scenario[] = [
  { id: "direct", title: "direct, OpenAI, whole", server: "mock", baseline: null, ...whole },
  { id: "direct-stream", title: "direct, OpenAI, 64-chunk stream", server: "mock", baseline: null, ...stream },
  { id: "direct-ollama", title: "direct, Ollama, 64-chunk stream", server: "mock", baseline: null, ...ollamaStream },
  {
    id: "native",
    title: "POST /v1/chat, whole",
    server: "gateway",
    baseline: "direct",
    path: "/v1/chat",
    body: { messages: CLOUD },
    isComplete: isNative,
  },
  { id: "openai", title: "POST /v1/chat/completions, whole", server: "gateway", baseline: "direct", ...whole },
  {
    id: "openai-stream",
    title: "the same, 64-chunk stream, passed through",
    server: "gateway",
    baseline: "direct-stream",
    ...stream,
  },
  {
    id: "translated-stream",
    title: "the same, 64-chunk stream, translated from Ollama",
    server: "gateway",
    baseline: "direct-ollama",
    ...stream,
    body: { model: "auto", messages: LOCAL, stream: true },
  },
  {
    id: "ollama-stream",
    title: "POST /api/chat, 64-chunk stream, passed through",
    server: "gateway",
    baseline: "direct-ollama",
    ...ollamaStream,
  },
];

function isWholeOpenAi(answer: string): boolean {
  return readOpenAiAnswer(JSON.parse(answer)).choices[0]?.message.content === ANSWER_TEXT;
}

function isNative(answer: string): boolean {
  return readNativeAnswer(JSON.parse(answer)).content === ANSWER_TEXT;
}

/** All pieces, then the finish reason, then the protocol's end marker. */
function isOpenAiStream(answer: string): boolean {
  const events = answer.split("\n\n").filter((event) => event.startsWith("data: "));
  if (events.pop() !== "data: [DONE]") return false;
  const choices = events.flatMap((event) => readOpenAiEvent(JSON.parse(event.slice("data: ".length))).choices);
  const text = choices.map(({ delta }) => delta.content ?? "").join("");
  return text === ANSWER_TEXT && choices.at(-1)?.finish_reason === "stop";
}

function isOllamaStream(answer: string): boolean {
  const lines = answer.split("\n").filter((line) => line !== "");
  const records = lines.map((line) => readOllamaLine(JSON.parse(line)));
  const last = records.at(-1);
  const text = records.map(({ message }) => message.content).join("");
  return text === ANSWER_TEXT && last?.done === true && last.done_reason === "stop";
}
