/**
 * A model server without a model, as a process of its own: OpenAI's chat completions and Ollama's chat, in the shapes of
 * the recorded exchanges of llama-server and Ollama. Its address is its first message to the parent.
 */
import { ANSWER_PIECES, ANSWER_TEXT, OLLAMA_MODEL, OPENAI_MODEL } from "./answer.ts";
import { type Asked, readAsked } from "./protocol.ts";

const USAGE = { prompt_tokens: 32, completion_tokens: ANSWER_PIECES.length, total_tokens: 32 + ANSWER_PIECES.length };
const DURATIONS = {
  total_duration: 5_043_500_413,
  load_duration: 118_435_917,
  prompt_eval_count: USAGE.prompt_tokens,
  prompt_eval_duration: 7_000_000,
  eval_count: USAGE.completion_tokens,
  eval_duration: 42_000_000,
};

function openAi({ stream, includeUsage }: Asked): Response {
  const head = {
    id: `chatcmpl-${crypto.randomUUID().replaceAll("-", "")}`,
    created: Math.floor(Date.now() / 1_000),
    model: OPENAI_MODEL,
    system_fingerprint: "b0-unknown",
  };
  if (!stream) {
    const message = { role: "assistant", content: ANSWER_TEXT };
    return Response.json({
      ...head,
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason: "stop" }],
      usage: USAGE,
    });
  }
  const event = (choices: readonly object[], more: object = {}) =>
    `data: ${JSON.stringify({ choices, ...head, object: "chat.completion.chunk", ...more })}\n\n`;
  const piece = (delta: object, finishReason: string | null = null) =>
    event([{ finish_reason: finishReason, index: 0, delta }]);
  return streamed("text/event-stream", [
    piece({ role: "assistant", content: null }),
    ...ANSWER_PIECES.map((content) => piece({ content })),
    piece({}, "stop"),
    ...(includeUsage ? [event([], { usage: USAGE })] : []),
    "data: [DONE]\n\n",
  ]);
}

function ollama({ stream }: Asked): Response {
  const record = (content: string) => ({
    model: OLLAMA_MODEL,
    created_at: new Date().toISOString(),
    message: { role: "assistant", content },
  });
  const last = (content: string) => ({ ...record(content), done: true, done_reason: "stop", ...DURATIONS });
  if (!stream) return Response.json(last(ANSWER_TEXT));
  const lines = [...ANSWER_PIECES.map((content) => ({ ...record(content), done: false })), last("")];
  return streamed(
    "application/x-ndjson",
    lines.map((line) => `${JSON.stringify(line)}\n`),
  );
}

/** Each piece is written by itself, one turn of the event loop after the one before. */
function streamed(contentType: string, pieces: readonly string[]): Response {
  const body = new ReadableStream({
    type: "direct",
    async pull(controller) {
      for (const piece of pieces) {
        controller.write(piece);
        await controller.flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": contentType } });
}

const TAGS = {
  models: [
    {
      name: OLLAMA_MODEL,
      model: OLLAMA_MODEL,
      modified_at: "2026-11-22T07:57:14Z",
      size: 98_363_807,
      digest: "5c412246fffb58c80836997f4863709b381eda1617667a4a0ca9a045d8486bf5",
      details: { format: "gguf", family: "llama", families: ["llama"], parameter_size: "134.52M" },
    },
  ],
};

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  routes: {
    "/v1/models": { GET: () => Response.json({ object: "list", data: [{ id: OPENAI_MODEL, object: "model" }] }) },
    "/v1/chat/completions": { POST: async (request) => openAi(await readAsked(request, false)) },
    "/api/tags": { GET: () => Response.json(TAGS) },
    "/api/chat": { POST: async (request) => ollama(await readAsked(request, true)) },
  },
});
process.send?.({ url: server.url.href.replace(/\/$/, "") });
