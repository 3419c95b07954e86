import { type ChatRequest, type Chunk, NO_USAGE, type ProviderFailure } from "../core/chat.ts";
import { type AllowedTarget, LOCAL_ZONE, type ProviderId, type Zone } from "../core/decision.ts";
import { isLoopbackHost } from "../core/hosts.ts";
import type { JsonValue } from "../core/json.ts";
import { isOllamaCloudName } from "../core/models.ts";
import { type CallLimits, NO_CALL_LIMITS, type Provider } from "../core/provider.ts";
import { err } from "../core/result.ts";
import type { AllowedAddresses } from "./addresses.ts";
import { connectionTo } from "./connection.ts";
import { type Hints, toFailure } from "./failures.ts";
import { ModelList } from "./model-list.ts";
import { type Asked, answerChunks } from "./openai/answers.ts";
import { type ClientOptions, openClient } from "./openai/client.ts";
import { lookUpModels } from "./openai/models.ts";
import { speaksOpenAi } from "./openai/protocol.ts";
import { RawStream } from "./openai/raw-stream.ts";
import { type Dialect, toUpstreamRequest } from "./openai/request.ts";
import { readStream } from "./openai/stream.ts";
import { TranslatedStream } from "./openai/translated-stream.ts";
import { firstUnsupported } from "./openai/unsupported.ts";
import { describeUpstream, forwarded, unconfigured } from "./openai/upstream.ts";
import type { Transport } from "./transport.ts";

/** OpenAI's own service, at OpenAI or at Azure. */
const HOSTED_BY_OPENAI = /(^|\.)openai\.(azure\.)?com\.?$/i;

export type OpenAiOptions = {
  readonly id: ProviderId;
  readonly zone: Zone;
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly defaultModel: string;
  /** Null where it embeds only with a model that the client names. */
  readonly defaultEmbeddingModel: string | null;
  readonly hints: Hints;
  /** OpenAI itself needs a key; a server at another address may not. */
  readonly needsKey: boolean;
  /** Of a provider of the local zone; left out, local addresses alone. */
  readonly allowedAddresses?: AllowedAddresses;
  /** Whether calls to other machines than this one go through a proxy, by the environment's word. */
  readonly viaProxy?: boolean;
  readonly transport?: Transport;
};

export function createOpenAi(options: OpenAiOptions): Provider {
  const upstream = describeUpstream(options);
  const lacksKey: ProviderFailure | null = options.needsKey && options.apiKey === null ? unconfigured(options) : null;
  const { hostname } = new URL(options.baseUrl);
  const isOpenAi = HOSTED_BY_OPENAI.test(hostname);
  const dialect: Dialect = isOpenAi
    ? { maxTokensField: "max_completion_tokens", readsThinking: false }
    : { maxTokensField: "max_tokens", readsThinking: true };
  // What is local is not for a proxy to see.
  const connection = connectionTo(options, options.zone === LOCAL_ZONE || isLoopbackHost(hostname));

  const server: ClientOptions = { baseUrl: options.baseUrl, apiKey: options.apiKey, connection };
  const lookUp = lookUpModels(server, upstream, options.defaultModel);
  const models = new ModelList(async (signal) => (lacksKey === null ? lookUp(signal) : err(lacksKey)));

  async function* answer(
    target: AllowedTarget,
    request: ChatRequest,
    signal: AbortSignal,
    limits: CallLimits = NO_CALL_LIMITS,
  ): AsyncIterable<Chunk> {
    const refusal = lacksKey ?? refuseForwarded(target);
    if (refusal !== null) {
      yield { kind: "failure", failure: refusal };
      return;
    }
    if (asksForNothing(request)) {
      yield { kind: "vectors", vectors: [] };
      yield { kind: "end", model: target.model, finishReason: null, usage: NO_USAGE };
      return;
    }
    const asked: Asked = { request, model: target.model, upstream };
    const { path, body } = toUpstreamRequest(request, target, dialect);
    // The SDK's own methods for these paths would decode embeddings and parse streams, and drop what they do not know.
    const client = openClient(server, { ...limits, signal, stream: request.streamed });
    const call = client.post<JsonValue | undefined>(path, { body });
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

  /** INVARIANT: local means local. A server of this protocol may be an Ollama, which would hand such a model on. */
  function refuseForwarded({ model }: AllowedTarget): ProviderFailure | null {
    return options.zone === LOCAL_ZONE && isOllamaCloudName(model) ? forwarded(model) : null;
  }

  return {
    id: options.id,
    zone: options.zone,
    defaultModel: options.defaultModel,
    defaultEmbeddingModel: options.defaultEmbeddingModel,
    answer,
    unsupportedField: firstUnsupported,
    has: (model) => models.has(model),
    models: () => models.models(),
    check: (maxAgeMs) => models.check(maxAgeMs),
    glance: (maxAgeMs) => models.glance(maxAgeMs),
    describe: async () => null,
    running: async () => [],
  };
}

/** Ollama embeds no text at all to no vector at all; OpenAI refuses that. */
const asksForNothing = ({ surface, task }: ChatRequest): boolean =>
  task.kind === "embedding" && task.inputs.length === 0 && !speaksOpenAi(surface);
