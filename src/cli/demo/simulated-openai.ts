import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { answerOf, type SimulatedAnswer } from "./simulated-answer.ts";
import { readBody, type SimulatedServer, serveSimulated, streamed } from "./simulated-server.ts";

/** Does not end in `-cloud`: the gateway refuses such a name, as one that Ollama would forward. */
export const SIMULATED_CLOUD_MODEL = "simulated-cloud-large";
/** Answers every chat with HTTP 500, to show what the gateway makes of that. */
export const SIMULATED_FAILING_MODEL = "simulated-cloud-failing";
/** Opens nothing but the simulated server on loopback, so it is no secret. */
export const SIMULATED_KEY = "simulated-key";
const MODELS = [SIMULATED_CLOUD_MODEL, SIMULATED_FAILING_MODEL] as const;
const CREATED_SECONDS = Date.UTC(2026, 0, 1) / 1_000;

const orNull = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

const Part = Type.Object({ type: Type.String(), text: Type.Optional(Type.String()) });
const Message = Type.Object({
  role: Type.String(),
  content: orNull(Type.Union([Type.String(), Type.Array(Part)])),
});
type Message = Static<typeof Message>;

/** The fields of `POST /v1/chat/completions` that the simulation acts on. */
const CompletionBody = Type.Object({
  model: Type.String({ minLength: 1 }),
  messages: Type.Array(Message, { minItems: 1 }),
  stream: orNull(Type.Boolean()),
  stream_options: orNull(Type.Object({ include_usage: Type.Optional(Type.Boolean()) })),
  max_tokens: orNull(Type.Integer({ minimum: 1 })),
  max_completion_tokens: orNull(Type.Integer({ minimum: 1 })),
  n: orNull(Type.Literal(1)),
});
type CompletionBody = Static<typeof CompletionBody>;

/** A server that speaks as much of OpenAI's protocol as a chat client needs, with no model behind it. */
export function startSimulatedOpenAi(): SimulatedServer {
  const server = serveSimulated(
    {
      "/v1/models": { GET: withKey(() => json({ object: "list", data: MODELS.map(modelOf) })) },
      "/v1/chat/completions": { POST: withKey(complete) },
    },
    (status) =>
      fault(status, status === 404 ? "Invalid URL" : "Not allowed method", "invalid_request_error", null, null),
  );
  return { ...server, url: `${server.url}/v1` };
}

function withKey(handle: (request: Request) => Response | Promise<Response>) {
  return (request: Request): Response | Promise<Response> => {
    const given = request.headers.get("authorization");
    if (given === `Bearer ${SIMULATED_KEY}`) return handle(request);
    return given === null
      ? fault(401, "You didn't provide an API key.", "invalid_request_error", null, null)
      : fault(401, "Incorrect API key provided.", "invalid_request_error", null, "invalid_api_key");
  };
}

async function complete(request: Request): Promise<Response> {
  const body = await readBody(request);
  if (!body.ok) {
    return fault(400, "We could not parse the JSON body of your request.", "invalid_request_error", null, null);
  }
  if (!Value.Check(CompletionBody, body.value)) return invalid(body.value);
  const { model } = body.value;
  if (!MODELS.some((known) => known === model)) {
    const message = `The model \`${model}\` does not exist or you do not have access to it.`;
    return fault(404, message, "invalid_request_error", null, "model_not_found");
  }
  if (model === SIMULATED_FAILING_MODEL) {
    return fault(500, "The simulated server fails for this model.", "server_error", null, null);
  }
  return answer(body.value);
}

function answer(body: CompletionBody): Response {
  const said = answerOf("cloud", body.messages.flatMap(textsOf), body.max_completion_tokens ?? body.max_tokens ?? null);
  const head = {
    id: `chatcmpl-simulated-${crypto.randomUUID()}`,
    created: Math.floor(Date.now() / 1_000),
    model: body.model,
  };
  if (body.stream === true) {
    const includeUsage = body.stream_options?.include_usage === true;
    return streamed("text/event-stream; charset=utf-8", events(head, said, includeUsage));
  }
  const message = { role: "assistant", content: said.pieces.join(""), refusal: null, annotations: [] };
  return json({
    id: head.id,
    object: "chat.completion",
    created: head.created,
    model: head.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: said.finishReason }],
    usage: usageOf(said),
    service_tier: "default",
    system_fingerprint: "fp_simulated",
  });
}

type Head = { readonly id: string; readonly created: number; readonly model: string };

/** The role first, then the pieces, the finish reason, the usage where it was asked for, and the end marker. */
function* events(head: Head, said: SimulatedAnswer, includeUsage: boolean): Iterable<string> {
  const event = (choices: readonly unknown[], usage: unknown) => {
    const chunk = {
      id: head.id,
      object: "chat.completion.chunk",
      created: head.created,
      model: head.model,
      service_tier: "default",
      system_fingerprint: "fp_simulated",
      choices,
      ...(includeUsage ? { usage } : {}),
    };
    return `data: ${JSON.stringify(chunk)}\n\n`;
  };
  const choice = (delta: unknown, finishReason: string | null) =>
    event([{ index: 0, delta, logprobs: null, finish_reason: finishReason }], null);

  yield choice({ role: "assistant", content: "", refusal: null }, null);
  for (const piece of said.pieces) yield choice({ content: piece }, null);
  yield choice({}, said.finishReason);
  if (includeUsage) yield event([], usageOf(said));
  yield "data: [DONE]\n\n";
}

function textsOf({ content }: Message): string[] {
  if (typeof content === "string") return [content];
  return (content ?? []).map((part) => part.text ?? "");
}

const usageOf = (said: SimulatedAnswer) => ({
  prompt_tokens: said.promptTokens,
  completion_tokens: said.pieces.length,
  total_tokens: said.promptTokens + said.pieces.length,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});

const modelOf = (id: string) => ({ id, object: "model", created: CREATED_SECONDS, owned_by: "simulated" });

/** Names the field and the kind of fault, not the value. */
function invalid(body: unknown): Response {
  const first = Value.Errors(CompletionBody, body).First();
  const param =
    first?.path
      .slice(1)
      .replaceAll(/\/(\d+)/g, "[$1]")
      .replaceAll("/", ".") || null;
  const message = `Invalid request: ${param ?? "body"}: ${first?.message ?? "not a chat completion request"}.`;
  return fault(400, message, "invalid_request_error", param, "invalid_value");
}

function fault(status: number, message: string, type: string, param: string | null, code: string | null): Response {
  return json({ error: { message, type, param, code } }, status);
}

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "x-request-id": `req_simulated_${crypto.randomUUID()}` },
  });
