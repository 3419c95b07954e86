import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import OpenAI from "openai";
import { type ChatRequest, type Chunk, NO_USAGE, type ProviderFailure } from "../core/chat.ts";
import type { AllowedTarget } from "../core/decision.ts";
import { isLoopbackHost } from "../core/hosts.ts";
import type { JsonObject, JsonValue } from "../core/json.ts";
import type { Provider } from "../core/provider.ts";
import { err, ok } from "../core/result.ts";
import { malformed, toFailure, type Upstream } from "./failures.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { ModelList } from "./model-list.ts";
import { type Asked, answerChunks } from "./openai/answers.ts";
import { speaksOpenAi } from "./openai/protocol.ts";
import { RawStream } from "./openai/raw-stream.ts";
import { type Dialect, toUpstreamRequest } from "./openai/request.ts";
import { readStream } from "./openai/stream.ts";
import { TranslatedStream } from "./openai/translated-stream.ts";
import { firstUnsupported } from "./openai/unsupported.ts";

const AnyObject = Type.Unsafe<JsonObject>(Type.Object({}));
/** `GET /models`. */
const Models = Type.Object({
  data: Type.Array(Type.Intersect([Type.Object({ id: Type.String({ minLength: 1 }) }), AnyObject])),
});

/** What clients are told of a model. Servers add more, such as llama-server its command line and vLLM its folders. */
const LISTED_FIELDS = ["id", "object", "created", "owned_by", "context_length", "max_model_len"] as const;

/** Beyond any that PROVIDER_TIMEOUT_SECONDS allows: how long to wait is for the signal to say. */
const SDK_TIMEOUT_MS = 2 * 3_600_000;

/** OpenAI's own service, at OpenAI or at Azure. */
const HOSTED_BY_OPENAI = /(^|\.)openai\.(azure\.)?com\.?$/i;

export type OpenAiOptions = {
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly defaultModel: string;
  /** OpenAI itself needs a key; a server at another address may not. */
  readonly needsKey: boolean;
};

export function createOpenAi(options: OpenAiOptions): Provider {
  const upstream: Upstream = {
    label: "The OpenAI-compatible provider",
    baseUrl: options.baseUrl,
    unreachableHint: "Check OPENAI_BASE_URL and the network.",
    authenticationHint: "Check OPENAI_API_KEY.",
    modelHint: () => "Name one that GET /v1/models lists; OPENAI_MODEL is the default for chats.",
  };
  const unconfigured: ProviderFailure | null =
    options.needsKey && options.apiKey === null
      ? {
          category: "authentication",
          message: "The cloud provider is not configured. Set OPENAI_API_KEY, or DEFAULT_PROVIDER=local.",
        }
      : null;
  const { hostname } = new URL(options.baseUrl);
  const isOpenAi = HOSTED_BY_OPENAI.test(hostname);
  const dialect: Dialect = isOpenAi
    ? { maxTokensField: "max_completion_tokens", readsThinking: false }
    : { maxTokensField: "max_tokens", readsThinking: true };
  const connect = { direct: isLoopbackHost(hostname) };

  // Everything that the SDK would otherwise read from the environment is given, so that settings stay ours.
  const client = (signal: AbortSignal, stream: boolean) =>
    new OpenAI({
      baseURL: options.baseUrl,
      apiKey: options.apiKey ?? "none",
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      defaultHeaders: options.apiKey === null ? { authorization: null } : {},
      maxRetries: 0,
      timeout: SDK_TIMEOUT_MS,
      logLevel: "off",
      fetch: guardedFetch(signal, { ...connect, stream }),
    });

  const models = new ModelList(async (signal) => {
    if (unconfigured !== null) return err(unconfigured);
    try {
      const page: unknown = await client(signal, false).models.list();
      if (!Value.Check(Models, page)) return err(malformed(upstream));
      return ok(page.data.map((model) => ({ name: model.id, remote: false, listing: listingOf(model) })));
    } catch (thrown) {
      if (signal.aborted) {
        return err({ category: "timeout", message: `${upstream.label} did not say in time which models it has.` });
      }
      return err(toFailure(thrown, upstream, options.defaultModel));
    }
  });

  async function* answer(target: AllowedTarget, request: ChatRequest, signal: AbortSignal): AsyncIterable<Chunk> {
    if (unconfigured !== null) {
      yield { kind: "failure", failure: unconfigured };
      return;
    }
    if (asksForNothing(request)) {
      yield { kind: "vectors", vectors: [] };
      yield { kind: "end", model: target.model, finishReason: null, usage: NO_USAGE };
      return;
    }
    const asked: Asked = { request, model: target.model, upstream };
    const { path, body } = toUpstreamRequest(request, target.model, dialect);
    // The SDK's own methods for these paths would decode embeddings and parse streams, and drop what they do not know.
    const call = client(signal, request.streamed).post<JsonValue | undefined>(path, { body });
    try {
      if (request.streamed) {
        const stream = speaksOpenAi(request.surface) ? new RawStream(asked) : new TranslatedStream(asked);
        yield* readStream(await call.asResponse(), stream, upstream);
      } else {
        yield* answerChunks(await call, asked);
      }
    } catch (thrown) {
      yield { kind: "failure", failure: toFailure(thrown, upstream, target.model) };
    }
  }

  return {
    id: "openai",
    zone: "cloud",
    defaultModel: options.defaultModel,
    defaultEmbeddingModel: null,
    answer,
    unsupportedField: firstUnsupported,
    has: (model) => models.has(model),
    models: () => models.models(),
    check: (maxAgeMs) => models.check(maxAgeMs),
    describe: async () => null,
    running: async () => [],
  };
}

/** Ollama embeds no text at all to no vector at all; OpenAI refuses that. */
const asksForNothing = ({ surface, task }: ChatRequest): boolean =>
  task.kind === "embedding" && task.inputs.length === 0 && !speaksOpenAi(surface);

function listingOf(model: JsonObject): JsonObject {
  const told = LISTED_FIELDS.flatMap((field): [string, JsonValue][] => {
    const value = model[field];
    return typeof value === "string" || typeof value === "number" ? [[field, value]] : [];
  });
  return Object.fromEntries(told);
}
