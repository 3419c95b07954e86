import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Ollama } from "ollama";
import type { ChatRequest, Chunk, ProviderFailure } from "../core/chat.ts";
import type { AllowedTarget } from "../core/decision.ts";
import { isOllamaCloudName, reportedModel, withOllamaTag } from "../core/models.ts";
import type { Provider } from "../core/provider.ts";
import { err, ok, type Result } from "../core/result.ts";
import { malformed, toFailure, type Upstream } from "./failures.ts";
import { guardedFetch, UpstreamStatus } from "./guarded-fetch.ts";
import { type ListedModel, LOOK_UP_TIMEOUT_MS, ModelList } from "./model-list.ts";
import { TokenCount } from "./token-count.ts";

/** How long the server's word that a model is its own is taken before it is asked again. */
const LOCALITY_MAX_AGE_MS = 30_000;

/** Set by Ollama where a hosted service answers in its place; the SDK's types do not have them. */
const RemoteFields = {
  remote_model: Type.Optional(Type.String()),
  remote_host: Type.Optional(Type.String()),
};

const LIST_TIMED_OUT: ProviderFailure = {
  category: "timeout",
  message: "Ollama did not say in time which models it has.",
};

/** `GET /api/tags`. */
const Tags = Type.Object({
  models: Type.Array(Type.Object({ name: Type.String({ minLength: 1 }), ...RemoteFields })),
});

/** `POST /api/chat` with `stream: false`. */
const ChatAnswer = Type.Object({
  model: Type.Optional(Type.String()),
  message: Type.Object({ content: Type.String() }),
  done: Type.Literal(true),
  done_reason: Type.Optional(Type.String()),
  prompt_eval_count: Type.Optional(TokenCount),
  eval_count: Type.Optional(TokenCount),
  ...RemoteFields,
});
type ChatAnswer = Static<typeof ChatAnswer>;

export function createOllama(options: { readonly baseUrl: string; readonly defaultModel: string }): Provider {
  const upstream: Upstream = {
    label: "Ollama",
    baseUrl: options.baseUrl,
    unreachableHint: "Start it with `ollama serve`, or set OLLAMA_BASE_URL to where it listens.",
    authenticationHint: "Check what stands in front of OLLAMA_BASE_URL.",
    modelHint: (model) => `Run \`ollama pull ${model}\`, or set OLLAMA_MODEL to one it has.`,
  };
  const client = (signal: AbortSignal) =>
    new Ollama({ host: options.baseUrl, fetch: guardedFetch(signal, { direct: true }) as typeof fetch });

  const models = new ModelList(async (signal): Promise<Result<readonly ListedModel[], ProviderFailure>> => {
    try {
      const tags: unknown = await client(signal).list();
      if (!Value.Check(Tags, tags)) return err(malformed(upstream));
      return ok(tags.models.map((model) => ({ name: withOllamaTag(model.name), remote: isRemote(model.name, model) })));
    } catch (thrown) {
      // Every Ollama has the list. What has none is something else that speaks its protocol, and is taken at the
      // operator's word for the one model that the operator named, though not with a constrained request.
      if (thrown instanceof UpstreamStatus && thrown.status === 404) {
        return ok([{ name: withOllamaTag(options.defaultModel), remote: false, unproven: true }]);
      }
      if (signal.aborted) return err(LIST_TIMED_OUT);
      return err(toFailure(thrown, upstream, options.defaultModel));
    }
  });

  /**
   * INVARIANT: local means local. Asked before any content is sent, because a server that forwards the model has
   * leaked the prompt by the time its answer says so. For a constrained request it is asked each time.
   */
  async function refuseUnlessLocal(target: AllowedTarget, signal: AbortSignal): Promise<ProviderFailure | null> {
    const name = withOllamaTag(target.model);
    const known = models.has(name) === "yes" && !target.constrained;
    const looked = models.check(known ? LOCALITY_MAX_AGE_MS : 0, LOOK_UP_TIMEOUT_MS);
    const state = await Promise.race([looked, untilAborted(signal)]);
    if (state === "aborted" || state.status === "unknown") return LIST_TIMED_OUT;
    if (state.status === "down") return state.failure;
    const availability = isOllamaCloudName(name) ? "remote" : models.has(name);
    if (availability === "remote") return remoteModel(target.model);
    if (availability !== "yes") return missing(target.model, upstream);
    return target.constrained && !models.isProven(name) ? unproven(target.model) : null;
  }

  async function* chat(target: AllowedTarget, request: ChatRequest, signal: AbortSignal): AsyncIterable<Chunk> {
    const refusal = await refuseUnlessLocal(target, signal);
    if (refusal !== null) {
      yield { kind: "failure", failure: refusal };
      return;
    }
    try {
      const messages = request.messages.map(({ role, content }) => ({ role, content }));
      // Without `truncate: false` (not in the SDK's types) the server drops what does not fit its context and answers the
      // rest as if nothing were missing.
      const body = { model: target.model, messages, stream: false as const, truncate: false };
      const answer: unknown = await client(signal).chat(body);
      yield* toChunks(answer, target.model, upstream);
    } catch (thrown) {
      yield { kind: "failure", failure: toFailure(thrown, upstream, target.model) };
    }
  }

  return {
    id: "local",
    zone: "local",
    defaultModel: options.defaultModel,
    chat,
    has: (model) => models.has(withOllamaTag(model)),
    check: (maxAgeMs) => models.check(maxAgeMs),
  };
}

function* toChunks(answer: unknown, model: string, upstream: Upstream): Iterable<Chunk> {
  if (!Value.Check(ChatAnswer, answer)) {
    yield { kind: "failure", failure: malformed(upstream) };
    return;
  }
  if (isRemote(answer.model ?? model, answer)) {
    yield { kind: "failure", failure: remoteModel(model) };
    return;
  }
  yield { kind: "text", text: answer.message.content };
  yield {
    kind: "end",
    model: reportedModel(answer.model, model),
    finishReason: answer.done_reason ?? null,
    usage: { promptTokens: answer.prompt_eval_count ?? null, completionTokens: answer.eval_count ?? null },
  };
}

function isRemote(name: string, fields: Pick<ChatAnswer, "remote_model" | "remote_host">): boolean {
  return isOllamaCloudName(name) || Boolean(fields.remote_model) || Boolean(fields.remote_host);
}

const untilAborted = (signal: AbortSignal): Promise<"aborted"> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve("aborted");
    else signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });

function missing(model: string, upstream: Upstream): ProviderFailure {
  const message = `Ollama does not have the model "${model}". ${upstream.modelHint(model)}`;
  return { category: "model_not_found", message };
}

function unproven(model: string): ProviderFailure {
  const message = `The server at OLLAMA_BASE_URL does not say where "${model}" runs, and this request must stay local.`;
  return { category: "remote_model", message };
}

function remoteModel(model: string): ProviderFailure {
  return {
    category: "remote_model",
    message: `Ollama forwards the model "${model}" to a remote host, which is not local. Use one that runs on your machine.`,
  };
}
