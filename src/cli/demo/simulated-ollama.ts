import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { withOllamaTag } from "../../core/models.ts";
import { answerOf, type SimulatedAnswer } from "./simulated-answer.ts";
import { readBody, type SimulatedServer, serveSimulated, streamed } from "./simulated-server.ts";

export const SIMULATED_LOCAL_MODEL = "simulated-local:latest";
/** The release whose answers these are modelled on, field by field and in their order. */
const MODELLED_ON_VERSION = "0.24.0";
const MODELS = [SIMULATED_LOCAL_MODEL, "simulated-local-small:latest"] as const;

const orNull = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

/** The fields of `POST /api/chat` that the simulation acts on; Ollama ignores those it does not know, and so do we. */
const ChatBody = Type.Object({
  model: orNull(Type.String()),
  messages: orNull(Type.Array(Type.Object({ role: Type.String(), content: Type.Optional(Type.String()) }))),
  stream: orNull(Type.Boolean()),
  tools: orNull(Type.Array(Type.Unknown())),
  think: orNull(Type.Union([Type.Boolean(), Type.String()])),
  keep_alive: orNull(Type.Union([Type.String(), Type.Number()])),
  options: orNull(Type.Object({ num_predict: Type.Optional(Type.Integer()) })),
});
type ChatBody = Static<typeof ChatBody>;

/** A server that speaks as much of Ollama's protocol as a chat client needs, with no model behind it. */
export function startSimulatedOllama(): SimulatedServer {
  const running = () => new Response("Ollama is running (simulated)");
  return serveSimulated(
    {
      "/": { GET: running, HEAD: running },
      "/api/version": { GET: () => json({ version: `${MODELLED_ON_VERSION}-simulated` }) },
      "/api/tags": { GET: () => json({ models: MODELS.map(tagOf) }) },
      "/api/chat": { POST: chat },
    },
    (status) => new Response(status === 404 ? "404 page not found" : "405 method not allowed", { status }),
  );
}

async function chat(request: Request): Promise<Response> {
  const body = await readBody(request);
  if (!body.ok) return fault(400, body.error === "empty" ? "missing request body" : "simulated: not well-formed JSON");
  if (!Value.Check(ChatBody, body.value)) return fault(400, `simulated: ${describeFault(body.value)}`);
  return refusalOf(body.value) ?? answer(body.value);
}

function refusalOf({ model, tools, think }: ChatBody): Response | null {
  if (!model) return fault(400, "model is required");
  if (!MODELS.some((known) => known === withOllamaTag(model))) return fault(404, `model '${model}' not found`);
  if (tools && tools.length > 0) {
    return fault(400, `registry.ollama.ai/library/${withOllamaTag(model)} does not support tools`);
  }
  return think ? fault(400, `"${model}" does not support thinking`) : null;
}

function answer(body: ChatBody): Response {
  const model = body.model ?? SIMULATED_LOCAL_MODEL;
  const messages = body.messages ?? [];
  const startedMs = performance.now();
  if (messages.length === 0) return json(loaded(model, body.keep_alive === 0 ? "unload" : "load"));
  const prompt = messages.map((message) => message.content ?? "");
  const said = answerOf("local", prompt, body.options?.num_predict ?? null);
  if (body.stream !== false) return streamed("application/x-ndjson", lines(model, said, startedMs));
  return json(last(model, said.pieces.join(""), said, startedMs));
}

function* lines(model: string, said: SimulatedAnswer, startedMs: number): Iterable<string> {
  for (const piece of said.pieces) yield `${JSON.stringify({ ...head(model, piece), done: false })}\n`;
  yield `${JSON.stringify(last(model, "", said, startedMs))}\n`;
}

const head = (model: string, content: string) => ({
  model,
  created_at: new Date().toISOString(),
  message: { role: "assistant", content },
});

/** Ollama takes a chat without messages as the wish to have the model in memory, or out of it. */
const loaded = (model: string, reason: "load" | "unload") => ({ ...head(model, ""), done: true, done_reason: reason });

/** Durations are in nanoseconds; those of the simulation are the time it took. */
function last(model: string, content: string, said: SimulatedAnswer, startedMs: number) {
  const totalNs = Math.max(1, Math.round((performance.now() - startedMs) * 1e6));
  return {
    ...head(model, content),
    done: true,
    done_reason: said.finishReason,
    total_duration: totalNs,
    load_duration: 1,
    prompt_eval_count: said.promptTokens,
    prompt_eval_duration: 1,
    eval_count: said.pieces.length,
    eval_duration: totalNs,
  };
}

const tagOf = (name: string) => ({
  name,
  model: name,
  modified_at: "2026-01-01T00:00:00Z",
  size: 1,
  digest: new Bun.CryptoHasher("sha256").update(name).digest("hex"),
  details: {
    parent_model: "",
    format: "gguf",
    family: "simulated",
    families: ["simulated"],
    parameter_size: "0",
    quantization_level: "simulated",
  },
});

/** Names the place and the kind of fault, not the value. */
function describeFault(body: unknown): string {
  const first = Value.Errors(ChatBody, body).First();
  return `${first?.path || "/"}: ${first?.message ?? "not a chat request"}`;
}

const fault = (status: number, message: string): Response => json({ error: message }, status);

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json; charset=utf-8" } });
