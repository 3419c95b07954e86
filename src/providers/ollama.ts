import type { ChatRequest, Chunk, ProviderFailure } from "../core/chat.ts";
import type { AllowedTarget, ProviderId, Zone } from "../core/decision.ts";
import { withOllamaTag } from "../core/models.ts";
import { type CallLimits, NO_CALL_LIMITS, type Provider } from "../core/provider.ts";
import type { AllowedAddresses } from "./addresses.ts";
import { connectionTo } from "./connection.ts";
import { type Hints, malformed, toFailure } from "./failures.ts";
import { LOOK_UP_TIMEOUT_MS } from "./model-list.ts";
import { type Asked, readAnswer } from "./ollama/answers.ts";
import { type ClientOptions, openClient, openStream } from "./ollama/client.ts";
import { OllamaModels } from "./ollama/models.ts";
import { imagesOf, isOwnSurface, toCall } from "./ollama/request.ts";
import { readStream } from "./ollama/stream.ts";
import { unsupportedField } from "./ollama/unsupported.ts";
import { blind, describeUpstream } from "./ollama/upstream.ts";
import type { Transport } from "./transport.ts";

export type OllamaOptions = {
  readonly id: ProviderId;
  readonly zone: Zone;
  readonly baseUrl: string;
  readonly defaultModel: string;
  readonly defaultEmbeddingModel: string | null;
  readonly hints: Hints;
  /** Of a provider of the local zone; left out, local addresses alone. */
  readonly allowedAddresses?: AllowedAddresses;
  readonly transport?: Transport;
};

export function createOllama(options: OllamaOptions): Provider {
  const upstream = describeUpstream(options);
  const connection = connectionTo(options, true);
  const models = new OllamaModels(upstream, options.defaultModel, connection);

  async function* answer(
    target: AllowedTarget,
    request: ChatRequest,
    signal: AbortSignal,
    limits: CallLimits = NO_CALL_LIMITS,
  ): AsyncIterable<Chunk> {
    const asked: Asked = { call: toCall(request, target), model: target.model, upstream };
    const server: ClientOptions = { ...limits, baseUrl: options.baseUrl, connection };
    const refusal =
      (await models.refuseUnlessLocal(target, signal, limits.connectTimeoutMs)) ??
      (await refuseIfBlind(target, request, signal));
    if (refusal !== null) {
      yield { kind: "failure", failure: refusal };
      return;
    }
    try {
      yield* asked.call.streamed ? streamed(asked, server, signal) : whole(asked, server, signal);
    } catch (thrown) {
      yield { kind: "failure", failure: toFailure(thrown, upstream, target.model) };
    }
  }

  async function* whole(asked: Asked, server: ClientOptions, signal: AbortSignal): AsyncIterable<Chunk> {
    yield* readAnswer(await openClient(server, signal).ask(asked.call.endpoint, asked.call.body), asked);
  }

  async function* streamed(asked: Asked, server: ClientOptions, signal: AbortSignal): AsyncIterable<Chunk> {
    const body = await openStream(server, asked.call.endpoint, asked.call.body, signal);
    if (body === null) yield { kind: "failure", failure: malformed(upstream) };
    else yield* readStream(body, asked);
  }

  /** Ollama drops the images of a model that cannot see, and answers as if there were none. Its own clients know it so. */
  async function refuseIfBlind(
    { model }: AllowedTarget,
    { surface, task }: ChatRequest,
    signal: AbortSignal,
  ): Promise<ProviderFailure | null> {
    if (isOwnSurface(surface) || task.kind !== "chat") return null;
    if (task.messages.every((message) => imagesOf(message).length === 0)) return null;
    const shown = await models.describe(model, AbortSignal.any([signal, AbortSignal.timeout(LOOK_UP_TIMEOUT_MS)]));
    const capabilities = shown?.["capabilities"];
    // A server that does not say, an old one or none of Ollama's, is left to decide.
    return Array.isArray(capabilities) && !capabilities.includes("vision") ? blind(model) : null;
  }

  return {
    id: options.id,
    zone: options.zone,
    defaultModel: options.defaultModel,
    defaultEmbeddingModel: options.defaultEmbeddingModel,
    answer,
    unsupportedField,
    has: (model) => models.list.has(withOllamaTag(model)),
    models: () => models.list.models(),
    check: (maxAgeMs) => models.list.check(maxAgeMs),
    glance: (maxAgeMs) => models.list.glance(maxAgeMs),
    describe: (model) => models.describe(model),
    running: () => models.running(),
  };
}
