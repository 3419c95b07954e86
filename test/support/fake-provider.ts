import type { ChatRequest, Chunk, ContentChunk, ProviderFailure } from "../../src/core/chat.ts";
import type { AllowedTarget, ProviderId } from "../../src/core/decision.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { Availability, KnownModel, Provider, ProviderState } from "../../src/core/provider.ts";

export type Call = { readonly target: AllowedTarget; readonly request: ChatRequest };

/** A provider that yields what it is told and keeps what it was given. */
export function fakeProvider(id: ProviderId, onCall: () => void = () => {}) {
  const calls: Call[] = [];
  const models = new Map<string, Availability>();
  const listings = new Map<string, JsonObject>();
  const shown = new Map<string, JsonObject>();
  const inMemory: JsonObject[] = [];
  let unlisted: Availability = "no";
  let down: ProviderFailure | null = null;
  let sends = true;
  let unsupported: (request: ChatRequest) => string | null = () => null;
  let behave: (call: Call, signal: AbortSignal) => AsyncIterable<Chunk> = ({ target, request }) =>
    request.task.kind === "embedding"
      ? embeds(request.task.inputs.length, target.model)
      : answer(`from ${id}`, target.model);
  const known = (name: string): KnownModel => ({ name, listing: listings.get(name) ?? null });
  const stateNow = (): ProviderState =>
    down === null ? { status: "up", modelCount: models.size } : { status: "down", failure: down };
  const provider: Provider = {
    id,
    zone: id === "local" ? "local" : "cloud",
    defaultModel: `${id}-default`,
    defaultEmbeddingModel: id === "local" ? "local-embedding" : null,
    answer(target, request, signal, limits) {
      onCall();
      if (sends) limits?.onSend?.();
      calls.push({ target, request });
      return behave({ target, request }, signal);
    },
    unsupportedField: (request) => unsupported(request),
    has: (model) => models.get(model) ?? unlisted,
    models: () => [...models].filter(([, availability]) => availability === "yes").map(([name]) => known(name)),
    check: async () => stateNow(),
    glance: async () => stateNow(),
    async describe(model) {
      return shown.get(model) ?? null;
    },
    async running() {
      return inMemory;
    },
  };
  return {
    provider,
    calls,
    models,
    /** What its own list, `describe` and `running` say. */
    listings,
    shown,
    inMemory,
    listsNothing() {
      unlisted = "unknown";
    },
    /** Whatever it does, it does without a call. */
    sendsNothing() {
      sends = false;
    },
    isDown(failure: ProviderFailure) {
      down = failure;
    },
    cannotCarry(field: string | ((request: ChatRequest) => string | null)) {
      unsupported = typeof field === "string" ? () => field : field;
    },
    behaves(behaviour: typeof behave) {
      behave = behaviour;
    },
  };
}

export async function* answer(text: string, model: string): AsyncIterable<Chunk> {
  yield { kind: "text", text };
  yield endOf(model);
}

export const endOf = (model: string): Extract<Chunk, { kind: "end" }> => ({
  kind: "end",
  model,
  finishReason: "stop",
  usage: { promptTokens: 3, completionTokens: 5 },
});

/** One vector for each text. */
async function* embeds(count: number, model: string): AsyncIterable<Chunk> {
  yield { kind: "vectors", vectors: Array.from({ length: count }, (_, index) => [index, 0.5]) };
  yield { kind: "end", model, finishReason: null, usage: { promptTokens: 3, completionTokens: null } };
}

export async function* fails(category: ProviderFailure["category"], message = "it failed"): AsyncIterable<Chunk> {
  yield { kind: "failure", failure: { category, message } };
}

/** Fails as a provider does whose call was cut; says nothing before. */
export async function* untilAborted(_: unknown, signal: AbortSignal): AsyncIterable<Chunk> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  yield { kind: "failure", failure: { category: "unreachable", message: "cut" } };
}

export const text = (words: string): ContentChunk => ({ kind: "text", text: words });

/** Yields the chunks and then waits to be cut. */
export function thenWaits(...chunks: readonly Chunk[]) {
  return async function* (call: Call, signal: AbortSignal): AsyncIterable<Chunk> {
    yield* chunks;
    yield* untilAborted(call, signal);
  };
}
